"""The storages of `limits` themselves: opened with time-outs, and called in the words of each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from math import ceil
from threading import Lock
from time import time
from typing import Any, Final, NamedTuple

from limits.aio.storage import MemcachedStorage as AsyncMemcachedStorage
from limits.errors import ConfigurationError
from limits.storage import MemcachedStorage, storage_from_string

from netguard.errors import ConfigError
from netguard.store_schemes import unknown_scheme
from netguard.stores.limits_shapes import SECOND
from netguard.stores.limits_steps import Call

_CLIENT: Final = re.compile(r"(?:The minimum version of .* for )?'(\w+)")  # in an error of `limits`
_RELATIVE: Final = 2_592_000  # seconds: a longer life is a date to memcached


class Patience(NamedTuple):
    """How long a client waits, in seconds."""

    connect: float
    read: float


class Dialect:
    """Calls as a storage's methods, answers as whole numbers; what ``start`` returns is awaited where it is async."""

    __slots__ = ("storage",)

    def __init__(self, storage: Any) -> None:
        self.storage = storage

    async def aclose(self) -> None:
        """End the connections of an async storage; others end with it by themselves."""

    def close(self) -> None:
        """End those of a sync one."""

    def start(self, call: Call) -> Any:
        """Make a call."""
        match call.verb:
            case "add":
                return self.storage.incr(call.name, call.seconds, call.amount)
            case "back":
                return self.storage.incr(call.name, call.seconds, -call.amount)
            case "read":
                return self.storage.get(call.name)
            case "delete":
                return self.storage.clear(call.name)
            case "end":
                return self.storage.get_expiry(call.name)

    def meaning(self, call: Call, answer: Any) -> int:
        """What a call was answered."""
        return int(answer * SECOND) if call.verb == "end" else int(answer or 0)


class Memcached(Dialect):
    """memcached subtracts by another command, and counts a life in ticks: a second more, so that none is too short."""

    __slots__ = ()

    def start(self, call: Call) -> Any:
        if call.verb == "back":
            return self._client().decr(call.name, call.amount)
        life = call.seconds + 1
        return super().start(call._replace(seconds=ceil(time()) + life if life > _RELATIVE else life))

    def meaning(self, call: Call, answer: Any) -> int:
        if call.verb == "end" and call.seconds + 1 > _RELATIVE:
            answer = (answer + call.seconds + 1) / 2  # `limits` adds the date that it was given to today's
        return super().meaning(call, answer)

    def _client(self) -> Any:
        return self.storage.storage

    def close(self) -> None:
        self._client().close()


class AsyncMemcached(Memcached):
    """The same, by the client for event loops."""

    __slots__ = ()

    def _client(self) -> Any:
        return self.storage.bridge

    async def aclose(self) -> None:
        client = await self.storage.bridge.get_storage()
        client.connection_pool.close()
        await asyncio.sleep(0)  # the loop closes the sockets at its next turn


def open_dialect(uri: str, patience: Patience) -> Dialect:
    """The storage of an address. Raises ConfigError, which shows its scheme alone: the rest may hold a password."""
    scheme = uri.partition(":")[0]
    try:
        storage = storage_from_string(uri, **_options(scheme.removesuffix("+srv"), patience))
    except ConfigurationError as error:
        raise ConfigError(_mend(scheme, str(error))) from None
    except ValueError:
        raise ConfigError(_mend(scheme, "")) from None
    if isinstance(storage, AsyncMemcachedStorage):
        return AsyncMemcached(storage)
    return Memcached(storage) if isinstance(storage, MemcachedStorage) else Dialect(storage)


def _options(scheme: str, patience: Patience) -> dict[str, Any]:
    connect, read = patience
    match scheme:
        case "memcached":
            client = {"default_noreply": False, "client_getter": _one_pool()}
            return {"connect_timeout": connect, "timeout": read, **client}
        case "async+memcached":
            return {"connect_timeout": connect, "read_timeout": read, "blocking_timeout": read}
        case "mongodb" | "async+mongodb":
            reads = int(read * 1000)
            connects = int(connect * 1000)
            return {"connectTimeoutMS": connects, "serverSelectionTimeoutMS": reads, "socketTimeoutMS": reads}
        case _:
            return {}


def _one_pool() -> Callable[..., Any]:
    """Makes the client of memcached: one pool for all threads, where several nodes take a client in each."""
    kept: list[Any] = []
    lock = Lock()

    def client(module: Any, hosts: list[Any], **options: Any) -> Any:
        if len(hosts) > 1:
            return module.HashClient(hosts, **options)
        with lock:
            if not kept:
                kept.append(module.PooledClient(*hosts, **options))
        return kept[0]

    return client


def _mend(scheme: str, error: str) -> str:
    if error.startswith("unknown storage scheme"):
        return unknown_scheme("store", scheme)
    client = _CLIENT.match(error)
    if client:
        return f"store: {scheme}:// needs a client: pip install --upgrade {client[1]}"
    return f"store: the address after {scheme}:// cannot be read: write {scheme}://host:port"
