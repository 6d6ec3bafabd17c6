"""Counters of one process: shards with a lock each, a hard cap on keys, and no thread that sweeps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from time import monotonic_ns
from typing import Final, TypeGuard

from netguard.counters import News, Op, Revoke, Settlement, ends
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation
from netguard.messages import Passed, Taken
from netguard.stores.places import Place, judged_at, settled
from netguard.stores.shards import SHARD, Shard

_OVERFLOW: Final = 1024  # counters that keys without room share
_FULL: Final = News("store.full", "the memory store has no room: new keys share counters, new logins wait", True)
_ROOM: Final = News("store.room", "the memory store has room again", False)


class MemoryStore:
    """Counters in this process, for at most ``keys`` keys of some 130 bytes each.

    Nothing that still counts is ever evicted. Where there is no room, rate limits of new keys share a fixed number of
    counters, and what must not be shared (tries of a lockout) is refused with a wait of ``NO_ROOM``. What is revoked
    is kept even there. ``clock`` gives nanoseconds.
    """

    waits: Final = False
    out: Final = False

    __slots__ = ("_clock", "_full", "_mask", "_overflow", "_shards", "news")

    def __init__(self, *, keys: int = 1_048_576, clock: Callable[[], int] = monotonic_ns) -> None:
        count = 1 << max(0, (keys - 1).bit_length() - SHARD.bit_length() + 1)
        self._shards = tuple(Shard(max(1, keys // count)) for _ in range(count))
        self._mask = count - 1
        self._overflow = Shard(0)
        self._clock = clock
        self._full = False
        self.news: deque[News] = deque(maxlen=100)

    def take(self, ops: Sequence[Op]) -> Taken:
        """Judge all, and write only if none refuses, in one step that no other thread can come between."""
        if len(ops) == 1 and type(op := ops[0]) is Gcra:  # most requests: `Gcra.judge`, unrolled
            shard = self._shards[hash(op.tag or op.key) & self._mask]
            lock = shard.lock
            lock.acquire()  # `with` takes twice as long
            try:
                now = self._clock() // 1000
                states, key = shard.states, op.key
                state = states.get(key, 0)
                new = (state if state > now else now) + op.adds
                if new - now <= op.most and (state or len(states) < shard.sweep_at):
                    states[key] = new
                    passed = Passed()
                    passed.ops = ops
                    passed.states = (new,)
                    passed.now = now
                    return passed
            finally:
                lock.release()
        return (_are_alike(ops) and self._take_alike(ops)) or self._together(ops)

    def _take_alike(self, ops: Sequence[Gcra]) -> Taken | None:
        """The same for several of one tag; None where one refuses or a new key may find no room."""
        shard = self._shards[hash(ops[0].tag) & self._mask]
        passed = Passed()
        passed.ops = ops
        passed.states = written = []
        with shard.lock:
            passed.now = now = self._clock() // 1000
            states = shard.states
            has_room = len(states) + len(ops) <= shard.sweep_at
            for op in ops:
                state = states.get(op.key, 0)
                new = (state if state > now else now) + op.adds
                if new - now > op.most or not (state or has_room):
                    return None
                written.append(new)
            for op, new in zip(ops, written, strict=True):
                states[op.key] = new
        return passed

    async def atake(self, ops: Sequence[Op]) -> Taken:
        """The same: nothing here waits."""
        return self.take(ops)

    def peek(self, ops: Sequence[Op]) -> Taken:
        """What ``take`` would say; nothing is written."""
        return self._together(ops, write=False)

    async def apeek(self, ops: Sequence[Op]) -> Taken:
        """The same."""
        return self.peek(ops)

    def settle(self, ops: Sequence[Settlement]) -> None:
        """Clear keys, give single steps back and revoke, each by itself."""
        for op in ops:
            self._settle(op)

    async def asettle(self, ops: Sequence[Settlement]) -> None:
        """The same."""
        self.settle(ops)

    def held(self) -> Iterator[bytes]:
        """Every key that is held, those that ended and were not missed yet among them."""
        for shard in self._shards:
            with shard.lock:
                held = list(shard.states)
            yield from (key for key in held if isinstance(key, bytes))

    def __len__(self) -> int:
        return sum(len(shard.states) for shard in self._shards) + len(self._overflow.states)

    def _together(self, ops: Sequence[Op], *, write: bool = True) -> Taken:
        indices = [hash(op.tag or op.key) & self._mask for op in ops]
        used = [self._shards[index] for index in sorted(set(indices))]  # one order for all, against deadlock
        for shard in used:
            shard.lock.acquire()
        try:
            return self._judged(ops, indices, used, write)
        finally:
            for shard in used:
                shard.lock.release()

    def _judged(self, ops: Sequence[Op], indices: Sequence[int], used: Sequence[Shard], write: bool) -> Taken:
        now = self._clock() // 1000  # what is read was written no later
        shards = self._shards
        for shard in used:
            if self._full or len(shard.states) + len(ops) > shard.sweep_at:
                return self._crowded(ops, [shards[index] for index in indices], now, write)
        places = [(shards[index].states, op.key) for index, op in zip(indices, ops, strict=True)]
        return judged_at(places, ops, now, write)

    def _crowded(self, ops: Sequence[Op], shards: Sequence[Shard], now: int, write: bool) -> Taken:
        """The same where a shard may have no room for all."""
        for shard in {shard for shard, op in zip(shards, ops, strict=True) if op.key not in shard.states}:
            shard.make_room(now, len(ops))
        added = dict.fromkeys(shards, 0)
        places = [self._place(op, shard, added) for shard, op in zip(shards, ops, strict=True)]
        with self._overflow.lock:  # after those of shards, always
            return judged_at(places, ops, now, write)

    def _place(self, op: Op, shard: Shard, added: dict[Shard, int]) -> Place:
        """Where an operation's state is kept; None where there is no room and it must not be shared."""
        if op.key in shard.states or type(op) is Revocation:  # of which a take writes nothing
            return shard.states, op.key
        added[shard] += 1
        if len(shard.states) + added[shard] <= shard.room:
            if len(shard.states) < shard.room // 2:
                self._tell(full=False)
            return shard.states, op.key
        self._tell(full=True)
        shared = hash(op.key) // len(self._shards) % _OVERFLOW  # by other bits than those that chose the shard
        match op:
            case Gcra():
                return self._overflow.states, (shared, op.step, op.burst)
            case Distinct(shared=False):
                return None
            case Log() | Distinct():
                return self._overflow.states, (shared, type(op), op.limit, op.period)
            case _:
                return None

    def _tell(self, *, full: bool) -> None:
        if full == self._full:
            return
        with self._overflow.lock:
            if full != self._full:  # still: each transition is told once
                self._full = full
                self.news.append(_FULL if full else _ROOM)

    def _settle(self, op: Settlement) -> None:
        shard = self._shards[hash(op.tag or op.key) & self._mask]
        with shard.lock:
            now = self._clock() // 1000
            if isinstance(op, Revoke):
                shard.make_room(now, 1)
            left = settled(op, shard.states.pop(op.key, None), now)
            if left is not None and ends(left) > now:
                shard.states[op.key] = left


def _are_alike(ops: Sequence[Op]) -> TypeGuard[Sequence[Gcra]]:
    """Whether all are ``Gcra`` of one tag, so that they live in one shard."""
    tag = ops[0].tag if ops else b""
    for op in ops:
        if type(op) is not Gcra or op.tag != tag:
            return False
    return bool(tag)
