"""Who is really asking: the only reader of Forwarded and X-Forwarded-*, for client, scheme and host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from netguard.checks import listing, one_of, section, whole
from netguard.memo import WIDEST, Memo
from netguard.messages import HeaderLookup
from netguard.networks import NetworkSet, packed, text

FORWARDING: Final = frozenset(
    b"forwarded x-real-ip x-original-url x-original-uri x-original-host x-original-for x-original-proto x-rewrite-url "
    b"x-host x-scheme x-url-scheme x-proto x-client-ip x-cluster-client-ip x-remote-ip x-remote-addr x-originating-ip "
    b"x-proxyuser-ip true-client-ip client-ip cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 fastly-client-ip "
    b"fly-client-ip x-azure-clientip x-azure-socketip x-appengine-user-ip x-envoy-external-address "
    b"x-script-name front-end-https x-arr-ssl x-forwarded cf-visitor x-appengine-https x-client-scheme".split()
)
_STARTS: Final = (b"x-forwarded-", b"x-original-", b"cloudfront-forwarded-", b"cloudfront-viewer-address")
_ENDS: Final = (
    b"forwarded-for",
    b"-client-ip",
    b"-connecting-ip",
    b"-real-ip",
    b"-forwarded-proto",
    b"-forwarded-host",
)
_SCHEMES: Final = {b"https": "https", b"http": "http", b"wss": "https", b"ws": "http", b"on": "https"}


def is_forwarding(name: bytes) -> bool:
    """Whether a field claims something about the client, scheme or host; an underscore counts as a hyphen."""
    plain = name.lower().replace(b"_", b"-")
    return plain in FORWARDING or plain.startswith(_STARTS) or plain.endswith(_ENDS)


@section
class Proxies:
    """Which peers may speak for others, and in which family of headers.

    ``trusted`` lists networks, and ``"unix"`` for unix-socket peers; ``()`` trusts nobody. ``family`` is the one
    that is read: ``"x-forwarded"``, or ``"forwarded"`` (RFC 7239). Addresses are walked from the right to the first
    untrusted one, at most ``hops`` of them; scheme and host are taken at the same place from the right.
    """

    trusted: Sequence[str] = ()
    family: Literal["x-forwarded", "forwarded"] = "x-forwarded"
    hops: int = 16

    def __post_init__(self) -> None:
        one_of("Proxies.family", self.family, ("x-forwarded", "forwarded"))
        whole("Proxies.hops", self.hops, 1, 100)
        _networks(self.trusted)

    @classmethod
    def of(cls, value: Proxies | Sequence[str]) -> Proxies:
        """The section, also from a bare list of trusted networks."""
        return value if isinstance(value, Proxies) else cls(trusted=value)


def _networks(trusted: Iterable[str]) -> NetworkSet:
    return NetworkSet([entry for entry in listing("proxies", trusted, str) if entry != "unix"])


# Canonical client address (None: unknown), scheme, raw authority, and whether the peer may speak for others.
# A bare tuple: a named one costs as much as all the rest of a request's resolving.
Resolved = tuple[str | None, str, bytes | None, bool]


class _Chain(NamedTuple):
    client: str | None
    place: int  # how many hops from the right; 0 where nobody is named


class _Hop(NamedTuple):
    address: bytes | None
    proto: bytes | None
    host: bytes | None


class Resolver:
    """The compiled form of ``Proxies``: one answer for client, scheme and host, used by every rule."""

    __slots__ = ("_chains", "_forwarded", "_hops", "_networks", "_peers", "_unix")

    def __init__(self, config: Proxies) -> None:
        self._networks = _networks(config.trusted)
        self._unix = "unix" in config.trusted
        self._hops = config.hops
        self._forwarded = config.family == "forwarded"
        self._peers: Memo[str, tuple[str | None, bool]] = Memo(self._peer, 4096)
        self._chains: Memo[bytes, _Chain] = Memo(self._walk_list, 4096)

    def resolve(self, peer: str | None, scheme: str, headers: HeaderLookup) -> Resolved:
        """The truth about a request whose socket peer (None: a unix socket) and transport scheme are given."""
        client, trusted = self._peers[peer] if peer else (None, self._unix)
        if not trusted:
            return (client, scheme, headers.get(b"host"), False)
        if self._forwarded:
            return self._by_forwarded(client, scheme, headers)
        return self._by_x_forwarded(client, scheme, headers)

    def _peer(self, peer: str) -> tuple[str | None, bool]:
        raw = packed(peer)
        return (None, False) if raw is None else (text(raw), self._networks.holds(raw))

    def _by_x_forwarded(self, client: str | None, scheme: str, headers: HeaderLookup) -> Resolved:
        addresses = headers.get(b"x-forwarded-for")
        place = 1
        if addresses is not None:
            short = len(addresses) <= WIDEST  # hashing 8 KB would cost more than walking it
            client, place = self._chains[addresses] if short else self._walk_list(addresses)
        proto = headers.get(b"x-forwarded-proto")
        if proto is not None:
            scheme = _SCHEMES.get(proto) or _scheme(_at(proto, place))
        host = headers.get(b"x-forwarded-host")
        return (client, scheme, headers.get(b"host") if host is None else _at(host, place), True)

    def _by_forwarded(self, client: str | None, scheme: str, headers: HeaderLookup) -> Resolved:
        value = headers.get(b"forwarded")
        authority = headers.get(b"host")
        if value is None:
            return (client, scheme, authority, True)
        hops = [_hop(element) for element in _elements(value, self._hops)]
        client, place = self._walk(hop.address for hop in hops)
        hop = hops[min(place, len(hops)) - 1]
        scheme = scheme if hop.proto is None else _scheme(hop.proto)
        return (client, scheme, authority if hop.host is None else hop.host, True)

    def _walk_list(self, value: bytes) -> _Chain:
        pieces = value.rsplit(b",", self._hops)
        return self._walk(reversed(pieces[-self._hops :]), cut=len(pieces) > self._hops)

    def _walk(self, addresses: Iterable[bytes | None], cut: bool = False) -> _Chain:
        """From the right to the first hop that is not ours; unknown where a hop cannot be read or the walk is cut."""
        raw, place = None, 0
        for place, written in enumerate(addresses, 1):
            raw = None if written is None else _address(written)
            if raw is None:  # Only trusted proxies are believed: what they could not name stays unknown.
                return _Chain(None, place)
            if not self._networks.holds(raw):
                return _Chain(text(raw), place)
        return _Chain(None if cut or raw is None else text(raw), place)


_BRACKETED: Final = re.compile(r"\[([^\]]*)\](?::\d{1,5})?\Z")
_V4_PORT: Final = re.compile(r"([0-9.]+):\d{1,5}\Z")


def _address(written: bytes) -> bytes | None:
    """The packed address of ``203.0.113.7``, ``203.0.113.7:80``, ``2001:db8::1`` or ``[2001:db8::1]:80``."""
    node = written.strip(b" \t").decode("latin-1")
    raw = packed(node)
    if raw is None:
        found = _BRACKETED.match(node) or _V4_PORT.match(node)
        raw = packed(found[1]) if found else None
    return raw


def _at(value: bytes, place: int) -> bytes:
    """The element that many places from the right; the leftmost where a proxy overwrote instead of adding."""
    if b"," not in value:
        return value.strip(b" \t")
    pieces = value.rsplit(b",", place)
    return pieces[max(len(pieces) - place, 0)].strip(b" \t")


def _scheme(claim: bytes) -> str:
    return _SCHEMES.get(claim.strip(b" \t").lower(), "http")  # What cannot be read is not secure.


def _elements(value: bytes, most: int) -> list[bytes]:
    """The elements of a Forwarded field (RFC 7239, 4) from the right, ignoring commas inside quotes."""
    elements: list[bytes] = []
    rest: bytes | None = value
    while rest is not None and len(elements) < most:
        rest, element = _last(rest)
        while rest is not None and element.count(b'"') % 2 and len(element) < 512:
            rest, more = _last(rest)
            element = more + b"," + element
        elements.append(element)
    if rest is not None:
        elements.append(b"")  # cut: the hop behind the cap cannot be known
    return elements


def _last(value: bytes) -> tuple[bytes | None, bytes]:
    head, comma, tail = value.rpartition(b",")
    return (head if comma else None), tail


_PAIR: Final = re.compile(rb'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^;"\s]*)\s*(?:;|\Z)')
_ESCAPED: Final = re.compile(rb"\\(.)")


def _hop(element: bytes) -> _Hop:
    pairs = _pairs(element)
    return _Hop(pairs.get(b"for"), pairs.get(b"proto"), pairs.get(b"host"))


def _pairs(element: bytes) -> Mapping[bytes, bytes]:
    """The parameters of one element; none at all where any is malformed or repeated."""
    pairs: dict[bytes, bytes] = {}
    position = 0
    while position < len(element):
        found = _PAIR.match(element, position)
        if found is None or found[1].lower() in pairs:
            return {}
        written = found[2]
        quoted = written.startswith(b'"')
        pairs[found[1].lower()] = _ESCAPED.sub(rb"\1", written[1:-1]) if quoted else written
        position = found.end()
    return pairs
