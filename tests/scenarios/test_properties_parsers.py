"""Laws of what reads a stranger's bytes: Host, Origin, Forwarded, X-Forwarded-For, addresses."""

from __future__ import annotations

import ipaddress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from netguard import Proxies
from netguard.networks import NetworkSet
from netguard.proxies import Resolver
from netguard.rules.hosts import parse_authority
from netguard.rules.origin import parse_origin
from scenarios.strategies import TRUSTED, addresses, hops, hostish, v4, v6

PROXIES = {
    "x-forwarded": Resolver(Proxies(trusted=TRUSTED)),
    "forwarded": Resolver(Proxies(trusted=TRUSTED, family="forwarded")),
}


@given(hostish)
def test_authority_is_well_formed_or_none(value: bytes) -> None:
    found = parse_authority(value)
    if found is None:
        return
    again = found.host if found.port is None else f"{found.host}:{found.port}"
    assert parse_authority(again.encode()) == found, "reading what was read changes nothing"
    assert found.host == found.host.lower()
    assert not set(found.host) & set("/?#@\\<> \0,%*"), "nothing that a URL would read otherwise"
    assert found.port is None or 0 < found.port < 65536
    assert value.count(b"[") == value.count(b"]") == found.host.count("[") or b"." in value


@given(hostish, hostish)
def test_origin_never_raises(scheme: bytes, rest: bytes) -> None:
    site = parse_origin(scheme + b"://" + rest)
    assert site is None or site[0] in {"http", "https"}
    parse_origin(rest)


claims = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"x-real-ip"), hops
    ),
)


@given(st.sampled_from(["x-forwarded", "forwarded"]), addresses, st.sampled_from(["http", "https"]), claims)
def test_untrusted_peer_is_never_believed(family: str, peer: Any, scheme: str, headers: dict[bytes, bytes]) -> None:
    if trusted(peer):
        return
    headers[b"host"] = b"booking.example"
    client, said, authority, proxied = PROXIES[family].resolve(str(peer), scheme, headers)
    assert ipaddress.ip_address(client or "") == unwrapped(peer)
    assert (said, authority, proxied) == (scheme, b"booking.example", False)


@given(st.sampled_from(["x-forwarded", "forwarded"]), st.sampled_from(["http", "https"]), claims)
def test_trusted_peer_names_an_address_or_nobody(family: str, scheme: str, headers: dict[bytes, bytes]) -> None:
    headers[b"host"] = b"booking.example"
    client, said, authority, proxied = PROXIES[family].resolve("10.0.0.1", scheme, headers)
    assert proxied
    assert said in {"http", "https"}
    assert authority is not None
    assert client is None or ipaddress.ip_address(client) == unwrapped(ipaddress.ip_address(client))


@given(st.lists(addresses, max_size=12), addresses)
def test_client_is_the_last_that_is_not_ours(chain: list[Any], client: Any) -> None:
    value = ", ".join(map(str, [*chain, client]))
    found, *_ = PROXIES["x-forwarded"].resolve("10.0.0.1", "https", {b"x-forwarded-for": value.encode()})
    walk = [unwrapped(address) for address in reversed([*chain, client])]
    expected = next((address for address in walk if not trusted(address)), walk[-1])
    assert ipaddress.ip_address(found or "") == expected


@given(st.text(max_size=20) | st.none())
def test_peer_that_is_no_address_is_nobody(peer: str | None) -> None:
    client, _, _, proxied = PROXIES["x-forwarded"].resolve(peer, "https", {b"x-forwarded-for": b"203.0.113.7"})
    assert client is None or str(ipaddress.ip_address(client))
    assert not proxied or trusted(ipaddress.ip_address(peer or ""))


def unwrapped(address: Any) -> Any:
    return getattr(address, "ipv4_mapped", None) or address


def trusted(address: Any) -> bool:
    return any(unwrapped(address) in ipaddress.ip_network(network) for network in TRUSTED)


networks = st.one_of(
    st.builds(lambda address, bits: ipaddress.ip_network((address, bits), strict=False), v4, st.integers(0, 32)),
    st.builds(lambda address, bits: ipaddress.ip_network((address, bits), strict=False), v6, st.integers(0, 128)),
)


def holds(network: Any, address: Any) -> bool:
    """What ``ipaddress`` says, once both are unwrapped."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= 96:
        network = ipaddress.ip_network((mapped, network.prefixlen - 96))
    plain = unwrapped(address)
    return plain.version == network.version and plain in network


@given(st.lists(networks, max_size=12), st.lists(addresses, max_size=12))
def test_network_set_agrees_with_ipaddress(members: list[Any], others: list[Any]) -> None:
    made = NetworkSet([str(network) for network in members])
    edges = [edge for network in members for edge in (network.network_address, network.broadcast_address)]
    for address in [*edges, *others]:
        assert (str(address) in made) == any(holds(network, address) for network in members), address


@given(st.lists(networks, max_size=5), st.text(max_size=30))
def test_network_set_holds_no_text(members: list[Any], word: str) -> None:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        assert word not in NetworkSet([str(network) for network in members])
