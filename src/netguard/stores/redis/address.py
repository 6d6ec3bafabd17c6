"""Where Redis is: the URIs that a policy may name, read once at start-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from netguard.checks import nearest
from netguard.errors import ConfigError

Kind = Literal["single", "sentinel", "cluster"]

_SCHEMES: Final[dict[str, tuple[Kind, bool]]] = {  # what is there, and whether over TLS
    "redis": ("single", False),
    "rediss": ("single", True),
    "unix": ("single", False),
    "redis+unix": ("single", False),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
_PORTS: Final[dict[Kind, int]] = {"single": 6379, "cluster": 6379, "sentinel": 26379}
_EXAMPLES: Final[dict[Kind, str]] = {
    "single": "redis://localhost:6379/0",
    "cluster": "redis+cluster://host:6379,host:6379",
    "sentinel": "redis+sentinel://host:26379,host:26379/service",
}
_SECONDS: Final = ("socket_connect_timeout", "socket_timeout")
_NUMBERS: Final = ("db", "max_connections", "protocol")
_FLAGS: Final = ("socket_keepalive", "ssl_check_hostname")
_TEXTS: Final = ("client_name", "password", "username", "ssl_ca_certs", "ssl_certfile", "ssl_cert_reqs", "ssl_keyfile")
_SENTINELS: Final = ("sentinel_password", "sentinel_username")
_TRUTH: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One server, the Sentinels of a service, or nodes of a Cluster."""

    shown: str  # for errors: without credentials and options
    kind: Kind
    tls: bool
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""  # of a socket
    service: str = ""  # that the Sentinels know
    options: Mapping[str, Any]  # of redis-py's connections
    sentinel_options: Mapping[str, Any]  # those of the connections to Sentinels only

    def at(self, host: tuple[str, int]) -> Address:
        """The same for one node of a Cluster."""
        return replace(self, kind="single", hosts=(host,))

    @property
    def connect_timeout(self) -> float:
        """Seconds."""
        return float(self.options["socket_connect_timeout"])

    @property
    def read_timeout(self) -> float:
        """Seconds."""
        return float(self.options["socket_timeout"])


def read_address(uri: str, *, connect_timeout: float, read_timeout: float) -> Address:
    """What a URI says. Time-outs are seconds; those in the URI's query win."""
    shown = _shown(uri)
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise ConfigError(f"store: {shown!r} is no URI ({error})") from None
    scheme = parts.scheme.replace("valkey", "redis")
    if scheme not in _SCHEMES:
        raise ConfigError(
            f"store: {shown!r}: {scheme!r} is not one of {', '.join(_SCHEMES)}{nearest(scheme, _SCHEMES)}"
        )
    if "://" not in uri:
        raise ConfigError(f"store: {shown!r}: write {scheme}://, as in {_EXAMPLES['single']}")
    if parts.fragment:
        raise ConfigError(f"store: {shown!r}: write '#' as %23")
    kind, tls = _SCHEMES[scheme]
    options = {"socket_connect_timeout": connect_timeout, "socket_timeout": read_timeout}
    options |= _credentials(parts) | _query(shown, parts, kind, tls)
    for name in _SECONDS:
        if not 0 < options[name] < float("inf"):
            raise ConfigError(f"store: {shown!r}: {name} is seconds above 0, not {options[name]!r}")
    sentinel_options = {name.removeprefix("sentinel_"): options.pop(name) for name in _SENTINELS if name in options}
    place = _socket(shown, parts) if scheme.endswith("unix") else _hosts(shown, parts, kind, options)
    return Address(
        shown=shown, kind=kind, tls=tls, options=options, sentinel_options=sentinel_options, **place
    )  # fmt: skip


def _shown(uri: str) -> str:
    """The URI without what may be secret, also where it is so wrong that nobody can tell."""
    scheme, _, rest = uri.partition(":")
    place, _, query = rest.removeprefix("//").partition("?")
    return f"{scheme}://{place.rpartition('@')[2]}" if "@" in place or "@" not in query else f"{scheme}://..."


def _credentials(parts: SplitResult) -> dict[str, Any]:
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    found = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in found.items() if value}


def _query(shown: str, parts: SplitResult, kind: Kind, tls: bool) -> dict[str, Any]:
    known = (*_SECONDS, *_NUMBERS, *_FLAGS, *_TEXTS, *(_SENTINELS if kind == "sentinel" else ()))
    found: dict[str, Any] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            raise ConfigError(f"store: {shown!r}: no option {name!r}{nearest(name, known)}")
        if name.startswith("ssl_") and not tls:
            raise ConfigError(f"store: {shown!r}: {name} needs TLS: write rediss in place of redis")
        found[name] = _value(shown, name, value)
    return found


def _value(shown: str, name: str, text: str) -> Any:
    try:
        if name in _SECONDS:
            return float(text)
        if name in _NUMBERS:
            return int(text)
        return _TRUTH[text.lower()] if name in _FLAGS else text
    except (ValueError, KeyError):
        meant = "yes or no" if name in _FLAGS else "a number"
        raise ConfigError(f"store: {shown!r}: {name} is {meant}, not {text!r}") from None


def _socket(shown: str, parts: SplitResult) -> dict[str, Any]:
    if parts.netloc.rpartition("@")[2] or not parts.path.strip("/"):
        raise ConfigError(f"store: {shown!r}: name the socket's file, as in redis+unix:///run/redis.sock")
    return {"path": unquote(parts.path)}


def _hosts(shown: str, parts: SplitResult, kind: Kind, options: dict[str, Any]) -> dict[str, Any]:
    names = parts.netloc.rpartition("@")[2].split(",")
    path = unquote(parts.path).strip("/")
    if kind != "sentinel" and path:
        if not path.isdecimal():
            raise ConfigError(f"store: {shown!r}: after the host comes a database's number, as in {_EXAMPLES[kind]}")
        options.setdefault("db", int(path))
    if kind == "cluster" and options.pop("db", 0):
        raise ConfigError(f"store: {shown!r}: a Cluster has database 0 only: leave the number out")
    if (kind == "sentinel") != bool(path) and kind == "sentinel":
        raise ConfigError(f"store: {shown!r}: name the service that the Sentinels watch: {_EXAMPLES[kind]}")
    if kind == "single" and len(names) > 1:
        raise ConfigError(f"store: {shown!r}: several hosts are a redis+cluster:// or redis+sentinel://")
    hosts = tuple(_host(shown, name, kind) for name in names)
    return {"hosts": hosts, "service": path if kind == "sentinel" else ""}


def _host(shown: str, text: str, kind: Kind) -> tuple[str, int]:
    try:
        one = urlsplit(f"//{text}")
        name, port = one.hostname, one.port
    except ValueError:
        name, port = None, None
    if name is None and kind == "single" and not text:
        name = "localhost"
    if name is None:
        raise ConfigError(f"store: {shown!r}: {text!r} is no host:port, as in {_EXAMPLES[kind]}")
    return unquote(name), port or _PORTS[kind]
