"""Which Host is served: the syntax of an authority, and the allowlist."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from netguard.checks import listing
from netguard.errors import ConfigError
from netguard.messages import Refusal, Request
from netguard.networks import packed, text

LOCAL: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})  # names that a browser takes for this machine
DEFAULT_PORT: Final = {"http": 80, "https": 443}

_NAME: Final = re.compile(
    r"(?=.{1,253}\.?\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?\Z"
)
_PORT: Final = re.compile(r"[0-9]{1,5}\Z")


class Authority(NamedTuple):
    """A well-formed host (lower case, no final dot, IPv6 in brackets) and the port that was written, if any."""

    host: str
    port: int | None


def parse_authority(value: bytes) -> Authority | None:
    """Read a Host field or the like (RFC 9110, 7.2); None where it is malformed. Never raises."""
    try:
        written = value.decode("ascii").lower()
    except UnicodeDecodeError:
        return None
    host, port = _split(written)
    if port is not None and not (_PORT.match(port) and 0 < int(port) < 65536):
        return None
    name = _host(host)
    return Authority(name, None if port is None else int(port)) if name else None


def _split(written: str) -> tuple[str, str | None]:
    if written.startswith("["):
        host, bracket, rest = written.partition("]")
        whole = bracket and (not rest or rest.startswith(":"))
        return (host + bracket, rest[1:] if rest else None) if whole else ("", None)
    host, colon, port = written.partition(":")
    return host, port if colon else None


def _host(host: str) -> str | None:
    if host.startswith("["):
        raw = packed(host[1:-1]) if ":" in host else None
        return None if raw is None else f"[{text(raw)}]" if len(raw) == 16 else text(raw)
    if is_address(host):
        return host if packed(host) else None
    return host.removesuffix(".") if _NAME.match(host) else None


def is_address(host: str) -> bool:
    """Whether a host is an IP literal; what ends in a number is read as one (WHATWG URL, ends in a number)."""
    return host.startswith("[") or host.removesuffix(".").rpartition(".")[2].isdigit()


@dataclass(frozen=True, slots=True)
class Hosts:
    """The allowlist, looked up by name and by suffix in time that does not grow with its length.

    ``booking.example`` means the scheme's own port, ``booking.example:8443`` that port, ``localhost:*`` any;
    ``*.club.example`` any depth below club.example, not club.example itself. Empty: any well-formed host.
    """

    patterns: Sequence[str] = ()
    _plain: frozenset[str] = field(init=False)
    _names: dict[str, frozenset[str]] = field(init=False)
    _suffixes: dict[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        names: dict[str, set[str]] = {}
        suffixes: dict[str, set[str]] = {}
        for pattern in listing("hosts", self.patterns, str):
            host, port = _pattern(pattern)
            table, key = (suffixes, host[2:]) if host.startswith("*.") else (names, host)
            table.setdefault(key, set()).add(port)
        object.__setattr__(self, "_plain", frozenset(host for host, ports in names.items() if {"", "*"} & ports))
        object.__setattr__(self, "_names", {host: frozenset(ports) for host, ports in names.items()})
        object.__setattr__(self, "_suffixes", {host: frozenset(ports) for host, ports in suffixes.items()})

    def check(self, request: Request) -> Refusal | None:
        """Refuse a missing, malformed or foreign host with 400."""
        host = request.host
        if request.port is None and host in self._plain:
            return None
        if host is None:
            return _unreadable(request)
        if self.patterns and not self.allow(host, request.port, request.scheme):
            shown = host if request.port is None else f"{host}:{request.port}"
            return Refusal(
                "hosts", "hosts.foreign", 400, f"host {shown!r} is not served: if it should be, add it to hosts"
            )
        return None

    def lists(self, host: str) -> bool:
        """Whether a host is listed, on whatever port."""
        return host in self._names or any(host.endswith(f".{suffix}") for suffix in self._suffixes)

    def allow(self, host: str, port: int | None, scheme: str) -> bool:
        """Whether a host and port (None: the scheme's own) are listed."""
        ports = self._names.get(host)
        if ports is not None and _fits(ports, port, scheme):
            return True
        rest = host
        while self._suffixes and "." in rest:
            rest = rest.partition(".")[2]
            ports = self._suffixes.get(rest)
            if ports is not None and _fits(ports, port, scheme):
                return True
        return False


def _fits(ports: frozenset[str], port: int | None, scheme: str) -> bool:
    if port is None:
        return "" in ports or "*" in ports or str(DEFAULT_PORT[scheme]) in ports
    return str(port) in ports or "*" in ports


def _unreadable(request: Request) -> Refusal:
    if request.headers.get(b"host") is None:
        return Refusal("hosts", "hosts.missing", 400, "the request names no host")
    return Refusal("hosts", "hosts.malformed", 400, "the Host field is malformed or sent more than once")


def _pattern(pattern: str) -> tuple[str, str]:
    """A pattern's host and port; the port is "" for the scheme's own and "*" for any."""
    base, any_port = (pattern[:-2], "*") if pattern.endswith(":*") else (pattern, "")
    wild = base.startswith("*.")
    if "://" in base or "/" in base:
        raise ConfigError(f"hosts: write the bare host of {pattern!r}, without scheme and path")
    if base in {"*", ""}:
        raise ConfigError(f"hosts: {pattern!r} would serve anybody's name: list your own, as in 'booking.example'")
    parsed = parse_authority((base[2:] if wild else base).encode("utf-8", "surrogatepass"))
    if parsed is None:
        raise ConfigError(
            f"hosts: {pattern!r} is no host: write 'booking.example', '*.club.example' or 'localhost:8443'"
        )
    port = any_port or ("" if parsed.port is None else str(parsed.port))
    return ("*." if wild else "") + parsed.host, port
