"""A store under load, in threads and in an event loop, while somebody takes its server away and brings it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Lock, Thread
from time import monotonic

from netguard.counters import Store
from netguard.counters.rates import Gcra

WITHIN = 30  # seconds, on a busy machine
HOUR = 3_600_000_000  # microseconds
MOMENT = 1000
KEY = b"everybody's key!"


def until(condition: Callable[[], object]) -> None:
    """Wait for it; fails where it never comes."""
    deadline = monotonic() + WITHIN
    while not condition():
        assert monotonic() < deadline, condition
        Event().wait(0.01)


class Load:
    """What clients do until they are told to stop: one key with a limit, and others that always pass."""

    def __init__(self, store: Store, burst: int) -> None:
        self.store = store
        self.limited = Gcra(key=KEY, step=HOUR, burst=burst)
        self.admitted = 0
        self.errors: list[BaseException] = []
        self.told: list[str] = []
        self._lock = Lock()
        self._stop = Event()
        self._numbers = count()

    def threads(self) -> None:
        """Requests of one thread."""
        while not self._stop.is_set():
            try:
                self._count(self.store.take([self.limited]).ok)
                self.store.take([self._other()])
            except BaseException as error:
                self.errors.append(error)

    async def tasks(self) -> None:
        """Requests of one task."""
        while not self._stop.is_set():
            try:
                self._count((await self.store.atake([self.limited])).ok)
                await self.store.atake([self._other()])
                await asyncio.sleep(0)
            except Exception as error:
                self.errors.append(error)

    def loop(self) -> None:
        """Many tasks of one event loop."""

        async def all_of_them() -> None:
            await asyncio.gather(*(self.tasks() for _ in range(30)))

        asyncio.run(all_of_them())

    @contextmanager
    def running(self, *workers: Callable[[], None]) -> Iterator[None]:
        """The load, for the time of a block."""
        threads = [Thread(target=worker, daemon=True) for worker in workers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(WITHIN)
        assert not any(thread.is_alive() for thread in threads)

    def tells(self, code: str) -> None:
        """Wait until this is the next news."""
        until(lambda: self.store.news)
        self.told.append(self.store.news.popleft().code)
        assert self.told[-1] == code, self.told

    def _count(self, ok: bool) -> None:
        with self._lock:
            self.admitted += ok

    def _other(self) -> Gcra:
        # Of a moment, or an outage would fill the counters of this process.
        return Gcra(key=next(self._numbers).to_bytes(16, "big"), step=MOMENT, burst=2)
