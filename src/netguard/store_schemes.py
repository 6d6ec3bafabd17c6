"""Which kinds of store an address may name."""

from __future__ import annotations

from typing import Final

from netguard.checks import nearest
from netguard.errors import ConfigError

REDIS: Final = (
    "redis", "rediss", "unix", "redis+unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster",
)  # fmt: skip
SCHEMES: Final = ("memory", "valkey", *REDIS, "memcached", "mongodb", "mongodb+srv")  # and what else `limits` knows


def check_scheme(where: str, uri: str) -> None:
    """Refuse an address of a kind that neither netguard nor `limits` knows."""
    scheme = uri.partition(":")[0]
    if not (scheme in SCHEMES or is_redis(scheme) or _registered(scheme)):
        raise ConfigError(unknown_scheme(where, scheme))


def is_redis(scheme: str) -> bool:
    """Whether this is one of Redis' or Valkey's."""
    return scheme.replace("valkey", "redis") in REDIS


def unknown_scheme(where: str, scheme: str) -> str:
    """What is wrong with this one, and the nearest that is known."""
    hint = nearest(scheme.lower().removeprefix("async+"), SCHEMES)
    mend = "; write such as redis://localhost, or import first what registers it with `limits`"
    return f"{where}: nothing is known of {scheme}://{hint or mend}"


def _registered(scheme: str) -> bool:
    from limits import storage  # which takes long to load: only who needs it waits

    return scheme in storage.SCHEMES  # type: ignore[attr-defined]  # all its versions have it there
