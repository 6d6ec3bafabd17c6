"""What stands between the rules and a remote store: outages and floods stay in this process."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic_ns
from typing import Final

from netguard.counters import NOTHING, UNAVAILABLE, GiveBack, News, Op, Settlement, Store
from netguard.errors import ConfigError
from netguard.messages import Count, Taken
from netguard.stores.breaker import Breaker
from netguard.stores.denials import Denials, untouched
from netguard.stores.memory import MemoryStore

_LOCAL_KEYS: Final = 131_072  # some 17 MB, where an outage meets a flood
_PAUSE: Final = 1.0  # seconds

Clock = Callable[[], int]


class Guarded:
    """A remote store behind a circuit breaker and a cache of its refusals. Raises no StoreError.

    The first call that fails opens the breaker. Until the store is back, each operation does what its ``on_outage``
    says: "local" counts in this process with ``outage_share`` of the quota, "allow" passes, "refuse" is refused with a
    wait of ``UNAVAILABLE``. About once in ``pause`` seconds one request tries the store, and waits for it no longer
    than the store's own time-outs. What was counted here is not carried over: with n processes, a period with an
    outage admits up to the quota and n times the share. It stays here until it ends, so that a store that comes and
    goes gives nobody a fresh share each time.

    What was taken here has a generation below -1 and is given back here, whenever; what was taken at the store is given
    back there, and while that is out not at all: the step counts until it ends. ``Clear`` and ``Revoke`` are done here
    too. A settlement that fails is not tried again: it might undo a later step.

    ``gives_back`` is for a store whose take is several steps: what it refuses may be free the next moment, since what
    another take counted goes back, so it is asked again within a second.
    """

    waits: Final = True

    __slots__ = ("_alone", "_breaker", "_denials", "_store", "news")

    def __init__(
        self,
        store: Store,
        *,
        outage_share: float = 0.5,
        gives_back: bool = False,
        local_keys: int = _LOCAL_KEYS,
        pause: float = _PAUSE,
        clock: Clock = monotonic_ns,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        if type(outage_share) not in (int, float) or not 0 < outage_share <= 1:
            raise ConfigError(f"outage_share: a part of each quota, above 0 and at most 1, not {outage_share!r}")
        self.news: deque[News] = deque(maxlen=100)
        self._store = store
        self._alone = _Alone(outage_share, local_keys, clock, self.news)
        self._breaker = Breaker(self.news, pause=pause, clock=clock, uniform=uniform)
        self._denials = Denials(clock, brief=gives_back)

    @property
    def out(self) -> bool:
        """Whether the store is out, so that what was settled just now may not be settled there."""
        return self._breaker.out

    def denied(self, ops: Sequence[Op]) -> Taken | None:
        """The refusal, where this process knows it without asking; else None. Nothing is written."""
        return self._denials.answer(ops, out=self._breaker.out)

    def take(self, ops: Sequence[Op]) -> Taken:
        """Judge all and write only if none refuses; from this process alone where that suffices or must."""
        known = self._denials.answer(ops, out=self._breaker.out)
        if known is not None:
            return known
        call = self._breaker.call(probes=True)
        if call is not None:
            with call:
                asked = self._denials.ask()
                taken = self._store.take(ops)
                call.proves = taken.ok
                if not taken.ok:
                    self._denials.keep(ops, taken, asked)
                return taken
        return self._alone.take(ops)

    async def atake(self, ops: Sequence[Op]) -> Taken:
        """The same."""
        known = self._denials.answer(ops, out=self._breaker.out)
        if known is not None:
            return known
        call = self._breaker.call(probes=True)
        if call is not None:
            with call:
                asked = self._denials.ask()
                taken = await self._store.atake(ops)
                call.proves = taken.ok
                if not taken.ok:
                    self._denials.keep(ops, taken, asked)
                return taken
        return self._alone.take(ops)

    def peek(self, ops: Sequence[Op]) -> Taken:
        """What ``take`` would say; nothing is written."""
        call = self._breaker.call(probes=False)
        if call is not None:
            with call:
                return self._store.peek(ops)
        return self._alone.peek(ops)

    async def apeek(self, ops: Sequence[Op]) -> Taken:
        """The same."""
        call = self._breaker.call(probes=False)
        if call is not None:
            with call:
                return await self._store.apeek(ops)
        return self._alone.peek(ops)

    def settle(self, ops: Sequence[Settlement]) -> None:
        """Clear keys and give single steps back, each where it was taken."""
        there = self._settled_here(ops)
        call = self._breaker.call(probes=False) if there else None
        if call is not None:
            with call:
                self._store.settle(there)

    async def asettle(self, ops: Sequence[Settlement]) -> None:
        """The same."""
        there = self._settled_here(ops)
        call = self._breaker.call(probes=False) if there else None
        if call is not None:
            with call:
                await self._store.asettle(there)

    def _settled_here(self, ops: Sequence[Settlement]) -> list[Settlement]:
        """Do what concerns this process; returns what concerns the store."""
        there = [op for op in ops if not isinstance(op, GiveBack) or op.generation >= 0]
        self._alone.settle(ops)
        for op in there:
            self._denials.forget(op.key)
        return there

    def held(self) -> Iterable[bytes]:
        """Every key that the store holds. Raises StoreError."""
        return self._store.held()


class _Alone:
    """What each operation gets while the store is out."""

    __slots__ = ("_clock", "_part", "_store")

    def __init__(self, part: float, keys: int, clock: Clock, news: deque[News]) -> None:
        self._part = part
        self._clock = clock
        self._store = MemoryStore(keys=keys, clock=clock)
        self._store.news = news

    def take(self, ops: Sequence[Op]) -> Taken:
        if any(map(_refuses, ops)):
            return self.peek(ops)
        return self._told(ops, self._store.take(self._counted(ops)))

    def peek(self, ops: Sequence[Op]) -> Taken:
        return self._told(ops, self._store.peek(self._counted(ops)))

    def settle(self, ops: Sequence[Settlement]) -> None:
        for op in ops:
            if not isinstance(op, GiveBack):
                self._store.settle((op,))
            elif op.generation < NOTHING:
                self._store.settle((GiveBack(op.op.share(self._part), _mirrored(op.generation)),))

    def _counted(self, ops: Sequence[Op]) -> list[Op]:
        return [op.share(self._part) for op in ops if op.on_outage == "local"]

    def _told(self, ops: Sequence[Op], taken: Taken) -> Taken:
        counts, now = iter(taken.counts), self._clock()
        return Taken(taken.ok and not any(map(_refuses, ops)), tuple(_count(op, counts, now) for op in ops))


def _refuses(op: Op) -> bool:
    return op.on_outage == "refuse" and not op.report


def _count(op: Op, counts: Iterator[Count], now: int) -> Count:
    if op.on_outage == "refuse":
        return 0, UNAVAILABLE, 0, NOTHING
    if op.on_outage == "allow":
        return untouched(op, now)
    left, wait, reset, generation = next(counts)
    return left, wait, reset, _mirrored(generation)


def _mirrored(generation: int) -> int:
    """A generation of this process as the rules are told it, below -1, and back."""
    return generation if generation == NOTHING else -2 - generation
