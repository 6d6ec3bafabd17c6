"""The clients of an address: one for all threads, and one for each event loop, which ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final, Protocol

from netguard.counters import Op, Settlement
from netguard.messages import Taken
from netguard.stores.redis.address import Address
from netguard.stores.redis.cluster import ClusterThreads
from netguard.stores.redis.cluster_loop import ClusterLoop
from netguard.stores.redis.loop import Loop
from netguard.stores.redis.names import Listing
from netguard.stores.redis.threads import Threads
from netguard.stores.redis.wire import Name

Clock = Callable[[], int]  # nanoseconds
Close = Callable[[], Awaitable[None]]
Running = asyncio.AbstractEventLoop
End = AsyncGenerator[None]

_ENDS: Final[dict[End, Running]] = {}  # a loop alone would forget them, together with a store that nobody holds


class ThreadClient(Protocol):
    """What threads call."""

    def take(self, mode: int, ops: Sequence[Op]) -> Taken: ...
    def settle(self, ops: Sequence[Settlement]) -> None: ...
    def held(self, listing: Listing) -> set[bytes]: ...
    def close(self) -> None: ...


class LoopClient(Protocol):
    """What one event loop calls."""

    @property
    def close(self) -> Close: ...

    def take(self, mode: int, ops: Sequence[Op]) -> Awaitable[Taken]: ...
    async def settle(self, ops: Sequence[Settlement]) -> None: ...


def thread_client(address: Address, name: Name, clock: Clock | None) -> ThreadClient:
    """The client for threads; it connects when it is asked something."""
    kind = ClusterThreads if address.kind == "cluster" else Threads
    return kind(address, name, clock)


class LoopClients:
    """A client for each event loop that asks."""

    def __init__(self, address: Address, name: Name, clock: Clock | None) -> None:
        self._asked = address, name, clock
        self._kind = ClusterLoop if address.kind == "cluster" else Loop
        self._open: dict[Running, LoopClient] = {}
        self._ends: dict[Running, End] = {}

    def here(self) -> LoopClient | None:
        """The client of the running loop, where it has one."""
        return self._open.get(asyncio.get_running_loop())

    async def opened(self) -> LoopClient:
        """A client for the running loop."""
        for other in [other for other in list(self._open) if other.is_closed()]:
            self._open.pop(other, None)
            self._ends.pop(other, None)
        client: LoopClient = self._kind(*self._asked)
        end = await _end(client.close)
        self._ends[asyncio.get_running_loop()] = end
        self._open[asyncio.get_running_loop()] = client
        return client

    async def close(self) -> None:
        """Close what the running loop has."""
        loop = asyncio.get_running_loop()
        client = self._open.pop(loop, None)
        if client is not None:
            end = self._ends.pop(loop)
            await end.aclose()
            await client.close()  # what was opened after the loop's generators were shut down
            _ENDS.pop(end, None)


async def _end(close: Close) -> End:
    """Have something closed with the running loop."""
    for end, loop in list(_ENDS.items()):
        if loop.is_closed():
            _ENDS.pop(end, None)
    end = _closing(close)
    await anext(end)  # the loop knows it from now on
    _ENDS[end] = asyncio.get_running_loop()
    return end


async def _closing(close: Close) -> AsyncGenerator[None]:
    """Close when the loop shuts its generators down, as ``asyncio.run`` and servers do before they close it."""
    try:
        yield
    finally:
        await close()
