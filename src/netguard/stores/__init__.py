"""Where counters live."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from netguard.checks import nearest, whole
from netguard.counters import Store
from netguard.errors import ConfigError
from netguard.store_schemes import is_redis

_MOST_KEYS: Final = 1 << 30


def open_store(uri: str, *, outage_share: float = 0.5) -> Store:
    """The store of an address: ``memory://`` (``?keys=`` at most), Redis and Valkey, or any storage of `limits`.

    One that other processes share comes with a circuit breaker and a cache of its refusals; ``outage_share`` is the
    part of each quota that this process grants alone while the store is out. A password in the address is never shown.
    """
    scheme = uri.partition(":")[0]
    if scheme == "memory":
        return _memory(uri)
    from netguard.stores.outage import Guarded

    gives_back = not is_redis(scheme) or scheme.endswith("+cluster")
    return Guarded(_remote(scheme, uri), outage_share=outage_share, gives_back=gives_back)


def _memory(uri: str) -> Store:
    from netguard.stores.memory import MemoryStore

    asked = dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True))
    for name in asked:
        if name != "keys":
            raise ConfigError(
                f"store: memory:// has no {name!r}{nearest(name, ('keys',))}; write memory://?keys=100000"
            )
    if "keys" not in asked:
        return MemoryStore()
    keys = int(asked["keys"]) if asked["keys"].isdecimal() else asked["keys"]
    whole("store: memory://?keys=", keys, 1, _MOST_KEYS)
    return MemoryStore(keys=int(keys))


def _remote(scheme: str, uri: str) -> Store:
    if is_redis(scheme):
        from netguard.stores.redis import RedisStore

        return RedisStore(uri)
    from netguard.stores.limits_storage import LimitsStorage

    return LimitsStorage(uri)
