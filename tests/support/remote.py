"""A remote store that can be taken away, a clock that is set by hand, and the sync and the async face of a store."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from netguard.counters import News, Op, Settlement, Store
from netguard.counters.rates import Gcra
from netguard.errors import StoreError
from netguard.messages import Taken
from netguard.stores.memory import MemoryStore

SECOND = 1_000_000_000  # nanoseconds
KEY = b"0123456789abcdef"
OTHER = b"another key here"


class Clock:
    """Nanoseconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


class Remote:
    """A store that is out while ``error`` is set; ``calls`` names what reached it, ``during`` runs within each call."""

    waits: Final = True
    out: Final = False

    def __init__(self, clock: Clock, keys: int = 1000) -> None:
        self.news: deque[News] = deque()
        self.store = MemoryStore(keys=keys, clock=clock)
        self.calls: list[str] = []
        self.error: BaseException | None = None
        self.during: Callable[[], object] = lambda: None

    def fail(self) -> None:
        self.error = StoreError("the store is out")

    def recover(self) -> None:
        self.error = None

    def take(self, ops: Sequence[Op]) -> Taken:
        self._called("take")
        return self.store.take(ops)

    async def atake(self, ops: Sequence[Op]) -> Taken:
        return self.take(ops)

    def peek(self, ops: Sequence[Op]) -> Taken:
        self._called("peek")
        return self.store.peek(ops)

    async def apeek(self, ops: Sequence[Op]) -> Taken:
        return self.peek(ops)

    def settle(self, ops: Sequence[Settlement]) -> None:
        self._called("settle")
        self.store.settle(ops)

    async def asettle(self, ops: Sequence[Settlement]) -> None:
        self.settle(ops)

    def held(self) -> Iterable[bytes]:
        self._called("held")
        return self.store.held()

    def _called(self, name: str) -> None:
        self.calls.append(name)
        error, during = self.error, self.during
        self.during = lambda: None  # what happens meanwhile is not itself interrupted
        during()
        if error is not None:
            raise error


class Face(Protocol):
    """How a driver speaks to a store."""

    def __call__(self, store: Store, verb: str, ops: Sequence[Any], /) -> Any: ...


def sync_face(store: Store, verb: str, ops: Sequence[Any]) -> Any:
    return getattr(store, verb)(ops)


def async_face(store: Store, verb: str, ops: Sequence[Any]) -> Any:
    return asyncio.run(getattr(store, f"a{verb}")(ops))


def gcra(burst: int = 5, *, key: bytes = KEY, **more: Any) -> Gcra:
    """So many at once, then one a minute."""
    return Gcra(key=key, step=60_000_000, burst=burst, **more)


def passed(face: Face, store: Store, op: Op, tries: int = 20) -> int:
    """How many of so many takes pass."""
    return sum(face(store, "take", [op]).ok for _ in range(tries))


def codes(store: Store) -> list[str]:
    """The codes of the news, which are told herewith."""
    told = [news.code for news in store.news]
    store.news.clear()
    return told
