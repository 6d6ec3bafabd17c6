"""Counters in any storage that the library `limits` knows: memcached, MongoDB, and what others register with it."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from time import monotonic, time_ns
from typing import Final, TypeVar

from netguard.counters import News, Op, Settlement
from netguard.counters.tries import Windows
from netguard.errors import ConfigError, StoreError
from netguard.messages import Taken
from netguard.stores import limits_steps
from netguard.stores.limits_dialects import Dialect, Patience, open_dialect
from netguard.stores.limits_shapes import shape
from netguard.stores.limits_steps import Steps

T = TypeVar("T")

_FEWEST: Final = 4  # windows that `Clear` deletes, or more where an operation here had more


class LimitsStorage:
    """A storage of `limits`, through its fixed windows. Raises StoreError where it is out.

    Every operation becomes one counter for each of its windows, which begins with its first step and lasts whole
    seconds: a second more on memcached, whose clock ticks in seconds. In exchange for what these storages are:

    - ``Gcra``: ``burst`` in the time that ``burst`` steps take; two windows side by side admit twice that.
    - ``Log``: half of the limit, rounded up, in each period, so that no period sees more than the limit.
    - ``Distinct``: by windows; a value that was seen passes until its own window is over.
    - ``Windows``: as in the memory store, but that a lock which the storage loses ends with its window.
    - ``Streak``: forgotten ``keep`` after its first try, not after its last one.
    - ``Revocation``: where a key is revoked again, what was written is deleted and added anew. Between these two calls
      nothing is revoked, for good if the process ends there, and of two that come at once one may be lost.

    Nothing is atomic but a single addition: each counter is added to, and what passed is given back where a later one
    refuses. So parallel requests may refuse each other at the very limit, and none passes beyond it, but a value of
    ``Distinct`` that comes again while its first request is given back. A process that ends between two calls leaves a
    step counted. memcached forgets counters where its memory is short.

    A call takes ``connect_timeout`` and ``read_timeout`` at most where the client has them (those of memcached and
    MongoDB do); so do all calls of a request together, but for the last. Async drivers use the storage's ``async+``
    variant where its client is installed, else the sync one in a thread. Connections of an event loop are closed with
    it (as ``asyncio.run`` does), or by ``aclose``.
    """

    waits: Final = True
    out: Final = False

    def __init__(
        self,
        uri: str,
        *,
        prefix: str = "netguard",
        connect_timeout: float = 0.1,
        read_timeout: float = 0.25,
        now: Callable[[], int] = time_ns,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Time-outs are seconds. ``now`` gives nanoseconds since the epoch: these storages date what they keep.

        ``clock`` gives seconds.
        """
        self.news: deque[News] = deque(maxlen=100)
        self._uri = uri.removeprefix("async+")
        self._prefix = f"{prefix}:"
        self._patience = Patience(connect_timeout, read_timeout)
        self._now = now
        self._clock = clock
        self._most = _FEWEST
        self._pid = os.getpid()
        self._loops: dict[asyncio.AbstractEventLoop, tuple[Dialect, AsyncGenerator[None]]] = {}
        wants_async = uri.startswith("async+")
        self._sync = self._opened(self._uri, needed=not wants_async)
        self._has_async = self._opened(f"async+{self._uri}", needed=wants_async) is not None

    def take(self, ops: Sequence[Op]) -> Taken:
        """Count one after the other; where one refuses, what was counted is given back."""
        return self._run(self._steps(limits_steps.take, ops))

    async def atake(self, ops: Sequence[Op]) -> Taken:
        """The same."""
        return await self._arun(self._steps(limits_steps.take, ops))

    def peek(self, ops: Sequence[Op]) -> Taken:
        """What ``take`` would say; nothing is written."""
        return self._run(self._steps(limits_steps.peek, ops))

    async def apeek(self, ops: Sequence[Op]) -> Taken:
        """The same."""
        return await self._arun(self._steps(limits_steps.peek, ops))

    def settle(self, ops: Sequence[Settlement]) -> None:
        """Clear keys, revoke, and give single steps back where their window is still the same."""
        self._run(limits_steps.settle(self._prefix, ops, self._most))

    async def asettle(self, ops: Sequence[Settlement]) -> None:
        """The same."""
        await self._arun(limits_steps.settle(self._prefix, ops, self._most))

    def held(self) -> Iterable[bytes]:
        """Raise StoreError: no storage of `limits` tells its keys."""
        raise StoreError("this storage cannot list its keys: the memory store and Redis can")

    def close(self) -> None:
        """Close the connections that threads used."""
        if self._sync is not None:
            self._sync.close()

    async def aclose(self) -> None:
        """Close these and those of the running event loop, which else are closed with it."""
        self.close()
        found = self._loops.pop(asyncio.get_running_loop(), None)
        if found is not None:
            await found[1].aclose()

    def _steps(self, steps: Callable[..., Steps[Taken]], ops: Sequence[Op]) -> Steps[Taken]:
        self._most = max([self._most, *(len(op.windows) for op in ops if isinstance(op, Windows))])
        return steps([shape(self._prefix, op) for op in ops], [op.report for op in ops], self._now() // 1000)

    def _run(self, steps: Steps[T]) -> T:
        late = self._clock() + sum(self._patience)
        try:
            dialect = self._of_this_process()
            call = next(steps)
            while True:
                call = steps.send(dialect.meaning(call, dialect.start(call)))
                if self._clock() > late:
                    raise TimeoutError
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # it is what the steps return
        except Exception as error:  # of any client library, each with errors of its own
            raise self._error(error) from error

    async def _arun(self, steps: Steps[T]) -> T:
        if not self._has_async:
            return await asyncio.to_thread(self._run, steps)
        try:
            dialect = await self._of_this_loop()
            async with asyncio.timeout(sum(self._patience)):
                call = next(steps)
                while True:
                    call = steps.send(dialect.meaning(call, await dialect.start(call)))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        except Exception as error:
            raise self._error(error) from error

    def _opened(self, uri: str, *, needed: bool) -> Dialect | None:
        try:
            return open_dialect(uri, self._patience)
        except ConfigError:
            if needed:
                raise
            return None

    def _of_this_process(self) -> Dialect:
        if self._sync is None:
            raise RuntimeError("it has no sync client: write its address without 'async+'")
        if self._pid != os.getpid():  # connections are not shared with the process that this one was forked from
            self._pid, self._sync = os.getpid(), open_dialect(self._uri, self._patience)
        return self._sync

    async def _of_this_loop(self) -> Dialect:
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            for other in [other for other in list(self._loops) if other.is_closed()]:
                self._loops.pop(other, None)
            dialect = open_dialect(f"async+{self._uri}", self._patience)
            end = _closing(dialect)
            await anext(end)
            self._loops[loop] = dialect, end
        return self._loops[loop][0]

    def _error(self, error: Exception) -> StoreError:
        """Without the client's own words, which may hold the address."""
        return StoreError(f"the {self._uri.partition(':')[0]} storage does not answer ({type(error).__name__})")


async def _closing(dialect: Dialect) -> AsyncGenerator[None]:
    """Close when the loop shuts its generators down, as ``asyncio.run`` and servers do before they close it."""
    try:
        yield
    finally:
        await dialect.aclose()
