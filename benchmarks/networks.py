"""What asking a set of networks costs, from ten to a million of them, beside a C trie and a peer's list."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import chain, cycle
from random import Random
from time import process_time

from guard_core.models import SecurityConfig
from guard_core.utils import is_ip_allowed
from pytricia import PyTricia

from benchmarks.measure import Figure, Row, Run, added, cost, interleaved, ratio
from netguard.networks import NetworkSet

_SIZES = (10, 1_000, 100_000, 1_000_000)
_NEW = 40_000  # different addresses: a set has long forgotten one when it comes again
_FEW = 500  # what a set remembers with room to spare
_NUMBER = 2_000  # addresses in a round
_KINDS = ("seen before", "new")
_FAMILIES: dict[str, Sequence[int]] = {"IPv4": (4,), "IPv6": (6,), "both": (4, 6)}


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    for family, versions in _FAMILIES.items():
        yield from _family(family, versions, max(rounds // 4, 5))
    yield from _building()
    yield _against_guard(max(rounds // 10, 5))


def written(number: int, versions: Sequence[int] = (4, 6), seed: int = 7) -> Iterator[str]:
    """Networks as lists of them are: mostly /24 and /48, scattered, some of them inside others."""
    chance = Random(seed)
    for place in range(number):
        if versions[place % len(versions)] == 4:
            bits = 32 - chance.choice((16, 20, 22, 24, 24, 24, 28, 32))
            yield f"{IPv4Address(chance.getrandbits(32) >> bits << bits)}/{32 - bits}"
        else:
            bits = 128 - chance.choice((32, 40, 48, 48, 48, 56, 64, 128))
            yield f"{IPv6Address((1 << 125 | chance.getrandbits(125)) >> bits << bits)}/{128 - bits}"


def _family(family: str, versions: Sequence[int], rounds: int) -> Iterator[Row]:
    """Sets of one family: the slower of hits and misses in each row."""
    took: dict[tuple[str, int], float] = {}
    for size in _SIZES:
        measured = interleaved(_variants(size, versions), rounds=rounds, number=_NUMBER)
        for kind in _KINDS:
            ours = {found: measured.row("", _net(f"{found}, {kind}"), "µs").value for found in ("hits", "misses")}
            ratios = {found: _compared(f"{found}, {kind}") for found in ours}
            worst = max(ratios, key=lambda found: measured.row("", ratios[found], "x").value)
            what = f"{family}, {size:,} networks, address {kind}"
            took[kind, size] = max(ours.values())
            yield measured.row(what, _net(f"{worst}, {kind}"), "µs", note=worst)
            yield measured.row(f"{what}: netguard / pytricia", ratios[worst], "x", bar=1.6, note=worst)
    for kind in _KINDS:
        times = took[kind, _SIZES[-1]] / took[kind, _SIZES[0]]
        yield Row(what=f"{family}, address {kind}: 1,000,000 networks / 10", value=times, unit="x", bar=4)


def _net(name: str, whose: str = "netguard") -> Figure:
    return added(f"{whose}, {name}", f"nothing, {name}")


def _compared(name: str) -> Figure:
    return ratio(_net(name), _net(name, "pytricia"))


def _variants(size: int, versions: Sequence[int]) -> dict[str, Run]:
    networks = list(written(size, versions))
    ours, theirs = {kind: NetworkSet(networks) for kind in _KINDS}, _Tries(networks)
    hits, misses = _addresses(networks, versions, theirs)
    variants: dict[str, Run] = {}
    for found, pool in (("hits", hits), ("misses", misses)):
        for kind, addresses in (("seen before", pool[:_FEW]), ("new", pool)):
            name = f"{found}, {kind}"
            variants[f"nothing, {name}"] = _asking(addresses, None)
            variants[f"netguard, {name}"] = _asking(addresses, ours[kind])
            variants[f"pytricia, {name}"] = _asking(addresses, theirs)
    return variants


class _Tries:
    """A trie for each family, as pytricia keeps them."""

    def __init__(self, networks: Iterable[str]) -> None:
        self.four, self.six = PyTricia(32), PyTricia(128)
        for network in networks:
            (self.six if ":" in network else self.four)[network] = True
        sizes = {len(self.four): self.four, len(self.six): self.six}  # which walks through them: not where it is timed
        self.only = sizes[max(sizes)] if 0 in sizes else None


def _addresses(networks: Sequence[str], versions: Sequence[int], tries: _Tries) -> tuple[list[str], list[str]]:
    """Addresses inside these networks, and addresses outside them."""
    chance, hits, misses = Random(8), list[str](), list[str]()
    while len(hits) < _NEW:
        network = ip_network(networks[chance.randrange(len(networks))])
        hits.append(str(network.network_address + chance.getrandbits(network.max_prefixlen - network.prefixlen)))
    while len(misses) < _NEW:
        if versions[len(misses) % len(versions)] == 4:
            address, trie = str(IPv4Address(chance.getrandbits(32))), tries.four
        else:
            address, trie = str(IPv6Address(1 << 125 | chance.getrandbits(125))), tries.six
        if address not in trie:
            misses.append(address)
    return hits, misses


def _asking(addresses: Sequence[str], asked: NetworkSet | _Tries | None) -> Run:
    """Asks for these addresses in turn, each time as a new string, as requests bring them."""
    again = max(_NUMBER // len(addresses), 1)
    chunks = [[*addresses[at : at + _NUMBER]] * again for at in range(0, len(addresses), _NUMBER)]
    turn = cycle(chunks)
    return lambda _: _ask([(address + " ")[:-1] for address in next(turn)], asked)


def _ask(addresses: list[str], asked: NetworkSet | _Tries | None) -> None:
    if asked is None:
        for _address in addresses:
            pass
    elif isinstance(asked, NetworkSet):
        for address in addresses:
            address in asked  # noqa: B015 (what is measured)
    elif (trie := asked.only) is not None:
        for address in addresses:
            address in trie  # noqa: B015
    else:
        four, six = asked.four, asked.six
        for address in addresses:
            address in (six if ":" in address else four)  # noqa: B015


def _building() -> Iterator[Row]:
    networks = list(written(_SIZES[-1]))
    took = [_timed(lambda: NetworkSet(networks)) for _ in range(3)]
    what = "building 1,000,000 networks, CPU time"
    yield Row(what=what, value=min(took), unit="ms", bar=3500, low=min(took), high=max(took))
    tracemalloc.start()
    made = NetworkSet.gathered(written(_SIZES[-1]))
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield Row(what="memory of a network, of 1,000,000", value=kept / len(made), unit="bytes", bar=160)
    yield Row(what="the same at most while it is built", value=most / len(made), unit="bytes")


def _timed(what: Callable[[], object]) -> float:
    start = process_time()
    what()
    return (process_time() - start) * 1000


def _against_guard(rounds: int) -> Row:
    """fastapi-guard's check of an address, ``guard_core.utils.is_ip_allowed``, with these networks as its whitelist."""
    networks = list(written(1_000))
    hits, misses = _addresses(networks, (4, 6), _Tries(networks))
    addresses = list(chain.from_iterable(zip(hits[:_NUMBER], misses[:_NUMBER], strict=True)))
    ours, config = NetworkSet(networks), SecurityConfig(whitelist=networks, enable_redis=False)
    turn = cycle(addresses)

    async def guard(number: int) -> None:
        for _ in range(number):
            await is_ip_allowed(next(turn), config)

    with asyncio.Runner() as runner:
        runs: dict[str, Run] = {
            "ours": lambda number: _ask(addresses, ours),
            "theirs": lambda number: runner.run(guard(number)),
        }
        measured = interleaved(runs, rounds=rounds, number=4)
    scale = 1000 * 4 / len(addresses)
    note = f"fastapi-guard's is_ip_allowed: {measured.row('', cost('theirs'), 'µs').value:,.0f} µs"
    what = "1,000 networks, 1,000 x netguard / fastapi-guard"
    return measured.row(what, ratio(cost("ours"), cost("theirs"), scale), "x", bar=1, note=note)
