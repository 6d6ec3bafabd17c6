"""Sets of networks agree with ``ipaddress``, however they are written and however many there are."""

from __future__ import annotations

import random
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netguard.errors import ConfigError
from netguard.intervals import STEP
from netguard.networks import NetworkSet

octets = st.one_of(
    st.integers(0, 256).map(str), st.sampled_from(["", "00", "01", "007", "0x1", " 1", "1 ", "\uff11", "+1"])
)
groups = st.one_of(
    st.integers(0, 0x1FFFF).map("{:x}".format), st.sampled_from(["", "0", "0001", "00001", "g", "-1", "F"])
)
addresses = st.one_of(
    st.lists(octets, min_size=3, max_size=5).map(".".join),
    st.lists(groups, min_size=1, max_size=9).map(":".join),
    st.builds("{}::{}".format, st.lists(groups, max_size=4).map(":".join), st.lists(groups, max_size=4).map(":".join)),
    st.builds("{}{}".format, st.sampled_from(["::ffff:", "::FFFF:", "::", "0:0:0:0:0:ffff:", "64:ff9b::", ":"]),
              st.lists(octets, min_size=3, max_size=5).map(".".join)),
    st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number))),
    st.integers(0, 2**128 - 1).map(lambda number: str(IPv6Address(number))),
    st.text(st.characters(codec="utf-8") | st.sampled_from("0123456789abcdef:./% \0"), max_size=20),
)  # fmt: skip
lengths = st.one_of(
    st.just(""),
    st.integers(-1, 130).map("/{}".format),
    st.sampled_from(
        [
            "/",
            "/08",
            "/ 8",
            "/8 ",
            "/+8",
            "/\uff18",
            "//8",
            "/8/8",
            "/255.0.0.0",
            "/0.255.255.255",
            "/255.0.255.0",
            "%1",
        ]
    ),
)


def four(at: int, bits: int) -> str:
    return str(IPv4Network((at, bits), strict=False))


def six(at: int, bits: int) -> str:
    return str(IPv6Network((at, bits), strict=False))


entries = st.one_of(
    st.builds("{}{}".format, addresses, lengths),
    st.builds(four, st.integers(0, 2**32 - 1), st.integers(0, 32)),
    st.builds(six, st.integers(0, 2**128 - 1), st.integers(0, 128)),
    st.builds("::ffff:{}/{}".format, st.sampled_from(["0.0.0.0", "10.0.0.0", "10.1.2.3"]), st.integers(90, 129)),
)


def unwrapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """An IPv4 network inside ``::ffff:0:0/96`` is that IPv4 network."""
    first = network.network_address
    mapped = first.ipv4_mapped if isinstance(first, IPv6Address) else None
    return network if mapped is None or network.prefixlen < 96 else IPv4Network((mapped, network.prefixlen - 96))


def read(entry: str) -> IPv4Network | IPv6Network | None:
    """What ``ipaddress`` makes of it; None where it is no network, or has a zone id."""
    try:
        return None if "%" in entry else unwrapped(ip_network(entry))
    except ValueError:
        return None


@given(entries)
@example("10.0.0.0/8").via("the plainest")
@example("::ffff:10.0.0.0/104")
@example("::/0")
@example("0.0.0.0/0")
@example("::ffff:0:0/95")
@example("fe80::1%eth0")
@example("10.0.0.0/255.0.0.0")
def test_an_entry_is_what_ipaddress_says(entry: str) -> None:
    network = read(entry)
    if network is None:
        with pytest.raises(ConfigError) as refused:
            NetworkSet([entry])
        assert repr(entry) in str(refused.value)
        return
    made = NetworkSet([entry])
    first, last = int(network.network_address), int(network.broadcast_address)
    address = type(network.network_address)
    for number in (first - 1, first, (first + last) // 2, last, last + 1):
        if 0 <= number < 1 << network.max_prefixlen:
            found = address(number)
            mapped = isinstance(found, IPv6Address) and found.ipv4_mapped is not None
            assert (str(found) in made) is (first <= number <= last and not mapped)
            assert made.holds(found.packed) is (first <= number <= last)
    assert len(made) == 1


@pytest.mark.parametrize("differing", [18, 31, 128], ids="{} bits differ".format)
@pytest.mark.parametrize("number", [1, 2048, 2049, 20_000])
def test_many_agree_with_a_plain_search(number: int, differing: int) -> None:
    chance = random.Random(number)
    lengths = {4: (16, 24, 30, 32), 6: (48, 64, 112, 120, 128)}
    networks: list[IPv4Network | IPv6Network] = []
    for _ in range(number):
        at = chance.getrandbits(min(differing, 31)) ^ 10 << 24, chance.choice(lengths[4])
        networks.append(IPv4Network(at, strict=False))
        at = chance.getrandbits(min(differing, 127)) ^ 0x2001 << 112, chance.choice(lengths[6])
        networks.append(IPv6Network(at, strict=False))
    made, plain = NetworkSet(map(str, networks)), set(networks)
    for network in chance.sample(networks, min(400, len(networks))):
        for address in (network[0], network[-1], network.broadcast_address + 1):
            around = (type(network)((int(address), bits), strict=False) for bits in lengths[network.version])
            expected = any(one in plain for one in around)
            assert (str(address) in made) is expected, address
            assert made.holds(address.packed) is expected, address
    assert len(made) == len(networks)


def test_nat64_is_not_unwrapped() -> None:
    made = NetworkSet(["10.0.0.0/8"])
    assert "::ffff:10.1.2.3" in made
    assert "64:ff9b::10.1.2.3" not in made
    assert "64:ff9b::10.1.2.3" in NetworkSet(["64:ff9b::/96"])


def test_an_answer_is_remembered_and_right_after_many_others() -> None:
    made = NetworkSet(["10.0.0.0/16"])
    for _ in range(2):
        for number in range(3000):
            assert f"10.0.{number >> 8}.{number & 255}" in made
            assert f"10.1.{number >> 8}.{number & 255}" not in made
            assert 0 < len(made._known) <= 1024


@pytest.mark.parametrize(
    "odd", [None, 5, [], {}, b"10", b"", ("10.0.0.1",), "", "10.0.0.1 ", "[::1]", "::1%lo"], ids=repr
)
def test_what_is_no_address_is_in_no_set(odd: object) -> None:
    everything = NetworkSet(["0.0.0.0/0", "::/0"])
    assert odd not in everything
    assert odd not in everything, "the second time too"


def test_packed_bytes_may_be_asked_for() -> None:
    made = NetworkSet(["10.0.0.0/8", "::1"])
    assert IPv4Address("10.1.2.3").packed in made
    assert IPv6Address("::1").packed in made
    assert IPv6Address("::2").packed not in made


def test_gathering_pauses_and_reads_no_further_than_the_error() -> None:
    pauses: list[int] = []
    good = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(10 * STEP)]
    read = iter([*good, "10.0.0.1/8", "never read"])
    with pytest.raises(ConfigError, match=r"10\.0\.0\.1/8"):
        NetworkSet.gathered(read, lambda: pauses.append(1))
    assert len(pauses) == 10
    assert next(read) == "never read"


@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "shuffled"])
def test_sorting_pauses_in_whatever_order_networks_come(shuffled: bool) -> None:
    pauses: list[int] = []
    numbers = list(range(50_000))
    if shuffled:
        random.Random(1).shuffle(numbers)
    NetworkSet.gathered((f"10.{n >> 8 & 255}.{n & 255}.{n >> 16}" for n in numbers), lambda: pauses.append(1))
    assert len(pauses) >= 2 * (50_000 // STEP), "while they are read, and while they are parted"


@pytest.mark.parametrize("value", [None, 5])
def test_what_is_no_list_is_named(value: Any) -> None:
    with pytest.raises(ConfigError, match=f"a list is meant, not {value}"):
        NetworkSet(value)
