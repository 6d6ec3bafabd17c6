"""How threads and event loops come to a store; the same tests come both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Protocol, TypeVar

from netguard.counters import Op, Settlement, Store
from netguard.messages import Taken

T = TypeVar("T")


class Closing(Store, Protocol):
    """A store that tests close."""

    def close(self) -> None: ...
    async def aclose(self) -> None: ...


class Door(Protocol):
    def take(self, *ops: Op) -> Taken: ...
    def peek(self, *ops: Op) -> Taken: ...
    def settle(self, *ops: Settlement) -> None: ...

    def held(self) -> set[bytes]: ...

    def at_once(self, count: int, *ops: Op) -> int:
        """How many of so many takes pass that come at the same time."""

    def passing(self, takes: Sequence[Sequence[Op]]) -> int:
        """The same of these."""

    def close(self) -> None: ...


class Threads:
    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, *ops: Op) -> Taken:
        return self._store.take(ops)

    def peek(self, *ops: Op) -> Taken:
        return self._store.peek(ops)

    def settle(self, *ops: Settlement) -> None:
        self._store.settle(ops)

    def held(self) -> set[bytes]:
        return set(self._store.held())

    def at_once(self, count: int, *ops: Op) -> int:
        return self.passing([ops] * count)

    def passing(self, takes: Sequence[Sequence[Op]]) -> int:
        left = iter(takes)
        return sum(taken.ok for taken in in_threads(len(takes), lambda: self._store.take(next(left))))

    def close(self) -> None:
        pass


class Loop:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._runner = asyncio.Runner()

    def take(self, *ops: Op) -> Taken:
        return self._runner.run(self._store.atake(ops))

    def peek(self, *ops: Op) -> Taken:
        return self._runner.run(self._store.apeek(ops))

    def settle(self, *ops: Settlement) -> None:
        self._runner.run(self._store.asettle(ops))

    def held(self) -> set[bytes]:
        return set(self._store.held())

    def at_once(self, count: int, *ops: Op) -> int:
        return self.passing([ops] * count)

    def passing(self, takes: Sequence[Sequence[Op]]) -> int:
        async def all_of_them() -> list[Taken]:
            return await asyncio.gather(*[self._store.atake(ops) for ops in takes])

        return sum(taken.ok for taken in self._runner.run(all_of_them()))

    def close(self) -> None:
        self._runner.close()


def in_threads(count: int, call: Callable[[], T]) -> list[T]:
    """What so many threads get that call at the same time."""
    barrier = Barrier(count)
    found: list[T] = []

    def run() -> None:
        barrier.wait()
        found.append(call())

    threads = [Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
