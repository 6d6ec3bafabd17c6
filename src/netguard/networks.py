"""Addresses and sets of networks: the only module that knows what an IP address looks like."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Final

from netguard.checks import listing
from netguard.errors import ConfigError
from netguard.intervals import STEP, Gathering, Pause, no_pause

LOOPBACK: Final = ("127.0.0.0/8", "::1")
# "Private-Use", "Unique-Local", "Link Local" and "Loopback" of IANA's special-purpose address registries (RFC 6890):
# RFC 1918, RFC 4193, RFC 3927, RFC 4291. Shared address space (RFC 6598) is a carrier's, with strangers in it.
PRIVATE: Final = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "169.254.0.0/16", "fe80::/10", *LOOPBACK,
)  # fmt: skip

_LOW: Final = bytes(12)
_MAPPED: Final = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96 (RFC 4291, 2.5.5.2)
_LAST_MAPPED: Final = _MAPPED + bytes(4 * (0xFF,))
_KNOWN: Final = 1024  # addresses whose answer a set remembers


def _lengths(bits: int) -> dict[str | None, tuple[bytes, int]]:
    """Prefix lengths as they are written, None for none, each with its byte and its mask of host bits."""
    lengths: dict[str | None, tuple[bytes, int]] = {
        str(length): (bytes((length,)), (1 << bits - length) - 1) for length in range(bits + 1)
    }
    return lengths | {None: lengths[str(bits)]}


_LENGTHS: Final = _lengths(32), _lengths(128)


def packed(address: str) -> bytes | None:
    """The address as 4 or 16 bytes, IPv4-mapped ones as 4; None for anything else (zone ids, ports, text)."""
    try:
        if ":" not in address:
            return inet_pton(AF_INET, address)
        raw = inet_pton(AF_INET6, address)
    except (OSError, ValueError):  # ValueError: a NUL or a surrogate inside the text
        return None
    return raw[12:] if raw <= _LAST_MAPPED and raw.startswith(_MAPPED) else raw


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

    __slots__ = ("_known", "_v4", "_v6", "size")

    def __init__(self, networks: Iterable[str] = ()) -> None:
        if not isinstance(networks, Iterable):
            raise ConfigError(f"networks: a list is meant, not {networks!r}")
        self._gather(
            listing("networks", networks if isinstance(networks, str | bytes) else tuple(networks), str), no_pause
        )

    @classmethod
    def gathered(cls, entries: Iterable[str], pause: Pause = no_pause) -> NetworkSet:
        """The set of these entries, made beside something that must not wait.

        ``pause`` is called each fraction of a millisecond: ``lambda: time.sleep(0.0001)`` in a thread lets an event
        loop have its turn. An entry is read when the one before is in: when one is refused, none after it was read.
        """
        made = cls.__new__(cls)
        made._gather(entries, pause)
        return made

    def _gather(self, entries: Iterable[str], pause: Pause) -> None:
        v4, v6 = Gathering(4), Gathering(16)
        number = 0
        for number, entry in enumerate(entries, 1):
            key = _key(entry)
            (v4 if len(key) == 5 else v6).add(key)
            if not number % STEP:
                pause()
        self.size = number
        self._v4, self._v6 = v4.merged(pause), v6.merged(pause)
        self._known: dict[object, bool] = {}

    def __contains__(self, address: object) -> bool:
        try:
            known = self._known.get(address)
        except TypeError:  # not hashable
            return False
        return self._ask(address) if known is None else known

    def _ask(self, address: object) -> bool:
        raw = packed(address) if isinstance(address, str) else _bytes(address)
        if raw is None:
            return False
        answer = (self._v4 if len(raw) == 4 else self._v6).not_above(raw) & 1 == 1
        if len(self._known) >= _KNOWN:
            self._known.clear()
        self._known[address] = answer
        return answer

    def holds(self, raw: bytes) -> bool:
        """Whether packed bytes lie in one of the networks."""
        return (self._v4 if len(raw) == 4 else self._v6).not_above(raw) % 2 == 1

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<NetworkSet of {self.size}>"


def _bytes(address: object) -> bytes | None:
    return address if isinstance(address, bytes) and len(address) in (4, 16) else None


def _key(entry: str) -> bytes:
    """The first address of a network, unwrapped, and a byte with its prefix length."""
    try:
        address, slash, written = entry.partition("/")
        v6 = ":" in address
        first = inet_pton(AF_INET6 if v6 else AF_INET, address)
        length, hosts = _LENGTHS[v6][written if slash else None]
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        return _checked(entry)
    if int.from_bytes(first) & hosts:
        return _checked(entry)
    return first + length if first > _LAST_MAPPED or not v6 else _unwrapped(first, length[0])


def _checked(entry: object) -> bytes:
    """The same by ``ipaddress``: rare spellings, such as a mask for a prefix length, and the texts of errors."""
    if not isinstance(entry, str):
        raise ConfigError(f"networks: each entry is a str, not {entry!r}")
    if "%" in entry:
        raise ConfigError(f"networks: {entry!r} has a zone id, which means nothing on another machine: leave it out")
    try:
        network = ip_network(entry)
    except ValueError:
        raise ConfigError(_mend(entry)) from None
    return _unwrapped(network.network_address.packed, network.prefixlen)


def _unwrapped(first: bytes, length: int) -> bytes:
    if length >= 96 and first.startswith(_MAPPED):
        return first[12:] + bytes((length - 96,))
    return first + bytes((length,))


def _mend(entry: str) -> str:
    try:
        return f"networks: {entry!r} has host bits set: write {str(ip_network(entry, strict=False))!r}"
    except ValueError:
        return f"networks: {entry!r} is no network: write an address or CIDR, such as '10.0.0.0/8' or '2001:db8::/48'"
