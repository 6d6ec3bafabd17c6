"""Addresses and sets of networks: the only module that knows what an IP address looks like."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Final

from netguard.checks import listing
from netguard.errors import ConfigError

_LOW: Final = bytes(12)
_MAPPED: Final = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96 (RFC 4291, 2.5.5.2)


def packed(address: str) -> bytes | None:
    """The address as 4 or 16 bytes, IPv4-mapped ones as 4; None for anything else (zone ids, ports, text)."""
    try:
        if ":" not in address:
            return inet_pton(AF_INET, address)
        raw = inet_pton(AF_INET6, address)
    except (OSError, ValueError):  # ValueError: a NUL or a surrogate inside the text
        return None
    return raw[12:] if raw.startswith(_MAPPED) else raw


def text(raw: bytes) -> str:
    """The canonical text of packed bytes (RFC 5952)."""
    if len(raw) == 4:
        return inet_ntop(AF_INET, raw)
    if raw.startswith(_LOW):  # which C libraries write as IPv4
        return str(IPv6Address(raw))
    return inet_ntop(AF_INET6, raw)


class NetworkSet:
    """A set of IPv4 and IPv6 networks: ``address in networks`` takes O(log n) for n networks.

    Entries are CIDR strings or single addresses. Host bits (``10.1.2.3/8``) and zone ids raise ConfigError.
    ``::ffff:`` addresses and networks count as the IPv4 ones they wrap; anything unreadable is in no set.
    """

    __slots__ = ("_v4", "_v6", "size")

    def __init__(self, networks: Iterable[str] = ()) -> None:
        spans = [
            _span(entry)
            for entry in listing("networks", networks if isinstance(networks, str | bytes) else tuple(networks), str)
        ]
        self._v4 = _Intervals(span for span in spans if len(span[0]) == 4)
        self._v6 = _Intervals(span for span in spans if len(span[0]) == 16)
        self.size = len(spans)

    def __contains__(self, address: object) -> bool:
        raw = packed(address) if isinstance(address, str) else address
        return isinstance(raw, bytes) and self.holds(raw)

    def holds(self, raw: bytes) -> bool:
        """Whether packed bytes lie in one of the networks."""
        return (self._v4 if len(raw) == 4 else self._v6).hold(raw)

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<NetworkSet of {self.size}>"


class _Intervals:
    """Merged closed intervals over packed addresses; byte strings of one length order as their numbers do."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, spans: Iterable[tuple[bytes, bytes]]) -> None:
        merged = list(_merged(spans))
        self._starts = [start for start, _ in merged]
        self._ends = [end for _, end in merged]

    def hold(self, raw: bytes) -> bool:
        index = bisect_right(self._starts, raw) - 1
        return index >= 0 and raw <= self._ends[index]


def _merged(spans: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    current: tuple[bytes, bytes] | None = None
    for start, end in sorted(spans):
        if current is None:
            current = start, end
        elif start <= current[1] or start == _after(current[1]):
            current = current[0], max(current[1], end)
        else:
            yield current
            current = start, end
    if current is not None:
        yield current


def _after(raw: bytes) -> bytes:
    number = int.from_bytes(raw) + 1
    return number.to_bytes(len(raw)) if number < 1 << 8 * len(raw) else raw


def _span(entry: str) -> tuple[bytes, bytes]:
    if "%" in entry:
        raise ConfigError(f"networks: {entry!r} has a zone id, which means nothing on another machine: leave it out")
    try:
        return _ends(ip_network(entry))
    except ValueError:
        raise ConfigError(_mend(entry)) from None


def _ends(network: IPv4Network | IPv6Network) -> tuple[bytes, bytes]:
    first, last = network.network_address.packed, network.broadcast_address.packed
    if network.version == 6 and network.prefixlen >= 96 and first.startswith(_MAPPED):
        return first[12:], last[12:]
    return first, last


def _mend(entry: str) -> str:
    try:
        return f"networks: {entry!r} has host bits set: write {str(ip_network(entry, strict=False))!r}"
    except ValueError:
        return f"networks: {entry!r} is no network: write an address or CIDR, such as '10.0.0.0/8' or '2001:db8::/48'"
