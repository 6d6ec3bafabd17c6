"""Random walks of both stores beside a model that knows no states: the same verdicts, to the microsecond."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from netguard.counters import Clear, GiveBack, Op, Revoke, Settlement
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows
from netguard.messages import Taken
from netguard.stores.memory import MemoryStore
from netguard.stores.redis import RedisStore
from stores.doors import Door, Loop, Threads
from stores.model import Event, Leaked, verdict
from support.redis import PATIENT, uri
from support.remote import Clock
from support.servers import Process

MINUTE = 60_000_000  # microseconds; nothing in Redis expires while a test runs
DECADES = 1_795_428_868_291_341  # microseconds: as many digits as Redis' own time has

booleans = st.booleans()
REVOCATIONS = st.builds(Revocation, key=st.sampled_from([b"r", b"R"]), issued=st.integers(0, 3),
                        keep=st.just(MINUTE), report=booleans)  # fmt: skip
OPS = st.one_of(
    REVOCATIONS,
    st.builds(Gcra, key=st.sampled_from([b"g", b"G"]), step=st.just(MINUTE // 7), burst=st.just(7),
              cost=st.sampled_from([1, 1, 2, 7]), report=booleans),
    st.builds(Log, key=st.sampled_from([b"l", b"L"]), limit=st.just(4), period=st.just(MINUTE),
              cost=st.sampled_from([1, 1, 3]), report=booleans),
    st.builds(Distinct, key=st.sampled_from([b"d", b"D"]), member=st.sampled_from([b"ann", b"bob", b"eve", b"joe"]),
              limit=st.just(2), period=st.just(MINUTE), report=booleans),
    st.builds(Windows, key=st.sampled_from([b"w", b"W"]), windows=st.just(((3, MINUTE), (5, 7 * MINUTE + 1))),
              report=booleans),
    st.builds(Streak, key=st.sampled_from([b"s", b"S"]), limit=st.just(3), keep=st.just(MINUTE), report=booleans),
)  # fmt: skip
TAKES = st.lists(OPS, min_size=1, max_size=4, unique_by=lambda op: op.key)
TIMES = st.one_of(
    st.sampled_from([0, 1, MINUTE // 7, MINUTE // 7 + 1, MINUTE - 1, MINUTE, 7 * MINUTE]),
    st.integers(0, 2 * MINUTE),
)


class Walk(RuleBasedStateMachine):
    """Each step goes to both stores; the model judges first. It knows no step given back but the last of its key."""

    def __init__(self, clock: Clock, redis: Door) -> None:
        super().__init__()
        self.clock = clock
        self.redis = redis
        self.memory = MemoryStore(clock=clock)
        self.history: dict[bytes, list[Event]] = {}
        self.taken: list[tuple[Any, int]] = []  # operations with their generations
        self.unmodelled: set[bytes] = set()

    @property
    def now(self) -> int:
        return self.clock.now // 1000

    @rule(time=TIMES)
    def pass_time(self, time: int) -> None:
        self.clock.now += time * 1000

    @rule(time=TIMES)
    def turn_back(self, time: int) -> None:
        """The model knows no clock that goes back, the stores agree, and nobody waits for the time that is gone."""
        self.clock.now -= time * 1000
        self.unmodelled |= self.history.keys() if time else set()

    @rule(ops=TAKES)
    def take(self, ops: list[Op]) -> None:
        told = self.judged(ops, self.memory.take(ops), self.redis.take(*ops))
        for op, (_, wait, _, generation) in zip(ops, told.counts, strict=True):
            if told.ok and not wait:
                self.taken.append((op, generation))
                if not isinstance(op, Revocation):
                    self.history.setdefault(op.key, []).append((self.now, op))

    @rule(ops=TAKES)
    def peek(self, ops: list[Op]) -> None:
        self.judged(ops, self.memory.peek(ops), self.redis.peek(*ops))

    @rule(op=OPS)
    def clear(self, op: Op) -> None:
        self.settle(Clear(op.key))
        self.history.pop(op.key, None)
        self.unmodelled.discard(op.key)

    @rule(op=REVOCATIONS)
    def revoke(self, op: Revocation) -> None:
        self.settle(Revoke(op))
        self.history.setdefault(op.key, []).append((self.now, op))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        op, generation = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        self.settle(GiveBack(op, generation))
        history = self.history.get(op.key, [])
        if history and history[-1] == (generation, op):
            history[-1:] = remains(op, generation, self.now)
        elif generation >= 0:
            self.unmodelled.add(op.key)

    def settle(self, op: Settlement) -> None:
        self.memory.settle((op,))
        self.redis.settle(op)

    def judged(self, ops: list[Op], memory: Taken, redis: Taken) -> Taken:
        assert (memory.ok, memory.counts) == (redis.ok, redis.counts)
        refuses = False
        for op, (left, wait, _, _) in zip(ops, memory.counts, strict=True):
            if op.key not in self.unmodelled:
                refused, remains = verdict(op, self.history.get(op.key, []), self.now)
                assert (bool(wait), left) == (refused, left if refused else remains)
            assert wait <= longest(op)
            refuses = refuses or (bool(wait) and not op.report)
        assert memory.ok is not refuses
        return memory


def remains(op: Any, at: int, now: int) -> list[Event]:
    """What is left of a step that is given back: of a rate, what time has taken of it meanwhile."""
    match op:
        case Gcra():
            return [(at, Leaked(min(op.adds, now - at)))]
        case Streak():
            return [(at, None)]
    return []


def longest(op: Any) -> int:
    """The longest wait that an operation can mean."""
    match op:
        case Gcra():
            return op.adds
        case Windows():
            return max(period for _, period in op.windows)
        case Streak():
            return op.keep
        case Revocation():  # nobody waits for its end
            return 2 * DECADES
    return int(op.period)


def walk(server: Process, prefix: str, door: Callable[[RedisStore], Door], examples: int) -> None:
    clock = Clock()
    clock.now = DECADES * 1000
    runs = count()

    def fresh() -> Walk:
        doors.append(door(RedisStore(uri(server) + PATIENT, prefix=f"{prefix}-{next(runs)}", clock=clock)))
        return Walk(clock, doors[-1])

    doors: list[Door] = []
    try:
        made: Any = fresh  # a machine's maker will do for its class
        run_state_machine_as_test(made, settings=settings(max_examples=examples, stateful_step_count=40))
    finally:
        for one in doors:
            one.close()


def test_threads(server: Process, prefix: str) -> None:
    walk(server, prefix, Threads, 40)


def test_event_loops(server: Process, prefix: str) -> None:
    walk(server, prefix, Loop, 15)
