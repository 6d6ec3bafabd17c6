"""redis-py's clients for an address."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ChildDeadlockedError, RedisClusterException, RedisError, ResponseError
from redis.retry import Retry

from netguard.errors import ConfigError, StoreError
from netguard.stores.redis.address import Address

_DEFAULTS: Final = {
    "max_connections": 2**31 - 1,  # as many as threads ask at a time
    "protocol": 2,  # 3 would cost each connection a round trip, for nothing that is needed here
}
FOREIGN: Final = (RedisError, RedisClusterException, ChildDeadlockedError, OSError)  # what a call may raise


class Unreachable(StoreError):
    """The server did not answer at all: what waits for it would not fare better."""


def failed(address: Address, error: Exception) -> StoreError:
    """The StoreError for one of FOREIGN."""
    kind = StoreError if isinstance(error, ResponseError) else Unreachable
    return kind(f"{address.shown}: {str(error) or 'no answer in time'}")


def check(address: Address) -> None:
    """Refuse options that redis-py refuses, before any request; nothing is connected."""
    try:
        thread_pool(address).make_connection()
    except (RedisError, TypeError, ValueError) as error:
        raise ConfigError(f"store: {address.shown!r}: redis-py says: {error}") from error


def thread_pool(address: Address) -> Any:
    """Connections for threads, safe after fork."""
    return _pool(redis, address, {**_DEFAULTS, **address.options, "retry": Retry(NoBackoff(), 0)})


def loop_pool(address: Address) -> Any:
    """Connections for one event loop, without a time-out for reading: a call has one for all it does (Deadline)."""
    options = {**_DEFAULTS, **address.options, "retry": AsyncRetry(NoBackoff(), 0), "socket_timeout": None}
    return _pool(redis.asyncio, address, options)


async def close_pool(pool: Any) -> None:
    """Close the connections of a loop's pool, those to Sentinels too."""
    await pool.disconnect()
    for sentinel in getattr(getattr(pool, "sentinel_manager", None), "sentinels", ()):
        await sentinel.aclose()


def _pool(library: ModuleType, address: Address, options: Mapping[str, Any]) -> Any:
    if address.kind == "sentinel":
        sentinels = library.Sentinel(address.hosts, sentinel_kwargs=_sentinel(address, options))
        return library.SentinelConnectionPool(address.service, sentinels, **options, **_tls(address))
    if address.path:
        return library.ConnectionPool(connection_class=library.UnixDomainSocketConnection, path=address.path, **options)
    kind = library.SSLConnection if address.tls else library.Connection
    host, port = address.hosts[0]
    return library.ConnectionPool(connection_class=kind, host=host, port=port, **options)


def _sentinel(address: Address, options: Mapping[str, Any]) -> dict[str, Any]:
    """Sentinels have credentials of their own, or none."""
    kept = {name: value for name, value in options.items() if name.startswith(("ssl_", "socket_"))}
    times = {"socket_timeout": address.read_timeout, "protocol": options["protocol"], "retry": options["retry"]}
    return {**kept, **times, **address.sentinel_options, **_tls(address)}


def _tls(address: Address) -> dict[str, Any]:
    return {"ssl": True} if address.tls else {}
