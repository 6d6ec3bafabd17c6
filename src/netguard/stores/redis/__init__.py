"""Counters in Redis or Valkey, shared by processes and machines."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from netguard.counters import News, Op, Settlement
from netguard.errors import ConfigError
from netguard.messages import Taken
from netguard.stores.redis.address import read_address
from netguard.stores.redis.names import listing, namer
from netguard.stores.redis.wire import PEEK, TAKE

_NOTHING: Final = Taken(True, ())


class RedisStore:
    """Counters in one Redis or Valkey (5 or later), in the primary that Sentinels name, or in a Cluster; by redis-py.

    ``redis://[user:password@]host[:port][/db]``, ``rediss://`` (TLS), ``redis+unix:///path``,
    ``redis+sentinel://host:port,host:port/service``, ``redis+cluster://host:port,host:port``; ``valkey`` for ``redis``.
    The query holds options of redis-py (``?socket_timeout=0.5``); ``connect_timeout`` and ``read_timeout`` are seconds.

    A take is one EVALSHA on the server's clock, whatever the number of its operations; a thousand of them keep the
    server busy for some 2 ms. What settles is a call for each 512. Takes of one event loop that come while a call is
    under way share the next one. A take is tried once more where its connection was dropped, and may then count twice;
    what settles is not. Safe under threads, after fork and for several event loops; connections of a loop are closed
    with it (as ``asyncio.run`` does), or by ``aclose``.

    On a Cluster the operations of one tag are one step, and only takes of one tag share calls. A take with several
    tags is several steps: where one refuses, what the others took is given back. Meanwhile another take may be refused
    for its sake; where giving back fails, or the process ends before it, they stay taken.

    ``clock``, for tests only, gives nanoseconds to count by in place of the server's time.
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
        clock: Callable[[], int] | None = None,
    ) -> None:
        address = read_address(uri, connect_timeout=connect_timeout, read_timeout=read_timeout)
        try:
            from netguard.stores.redis import clients, connections
        except ImportError as error:
            raise ConfigError(f"store: {address.shown!r} needs redis-py: pip install netguard[redis]") from error
        connections.check(address)
        name = namer(prefix, cluster=address.kind == "cluster")
        self._listing = listing(prefix, cluster=address.kind == "cluster")
        self._threads = clients.thread_client(address, name, clock)
        self._loops = clients.LoopClients(address, name, clock)
        self.news: deque[News] = deque(maxlen=1)  # nothing: an outage is told by who takes the errors

    def take(self, ops: Sequence[Op]) -> Taken:
        """Judge all and write only if none refuses, as one step (but see above for a Cluster). Raises StoreError."""
        return self._threads.take(TAKE, ops) if ops else _NOTHING

    async def atake(self, ops: Sequence[Op]) -> Taken:
        """The same."""
        if not ops:
            return _NOTHING
        client = self._loops.here() or await self._loops.opened()
        return await client.take(TAKE, ops)

    def peek(self, ops: Sequence[Op]) -> Taken:
        """What ``take`` would say; nothing is written. Raises StoreError."""
        return self._threads.take(PEEK, ops) if ops else _NOTHING

    async def apeek(self, ops: Sequence[Op]) -> Taken:
        """The same."""
        if not ops:
            return _NOTHING
        client = self._loops.here() or await self._loops.opened()
        return await client.take(PEEK, ops)

    def settle(self, ops: Sequence[Settlement]) -> None:
        """Clear keys, give steps back and revoke, each by itself; once, whatever comes of it. Raises StoreError."""
        if ops:
            self._threads.settle(ops)

    async def asettle(self, ops: Sequence[Settlement]) -> None:
        """The same."""
        if ops:
            client = self._loops.here() or await self._loops.opened()
            await client.settle(ops)

    def held(self) -> Iterable[bytes]:
        """Every key that is held all the while that this takes; looks at each key of the server. Raises StoreError.

        On a Cluster, one whose slot moves meanwhile may be missed.
        """
        return self._threads.held(self._listing)

    def close(self) -> None:
        """Close the connections that threads used; later calls open others."""
        self._threads.close()

    async def aclose(self) -> None:
        """Close these and those of the running event loop."""
        self.close()
        await self._loops.close()
