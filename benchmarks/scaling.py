"""Whether a request costs the same however much is configured, and however much a client sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle

from benchmarks.asgi import bare
from benchmarks.measure import Row, Run, added, cost, interleaved, minus, ratio
from benchmarks.traffic import DIRECT, POLICY, PROXIED, ASGIApp, Loop, RawHeaders, Scope, expect, raw, repeated, scope
from netguard import HTTPS, Policy
from netguard.asgi import NetguardMiddleware
from netguard.events import logger
from netguard.patterns import PatternMap

_SIZES = {"few": 10, "many": 10_000}
_PROXIES = ["10.0.0.0/8"]
_XFF = 8192  # bytes


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    logger.disabled = True  # what a refusal writes would hide what it costs to find
    try:
        yield from _configured(rounds)
    finally:
        logger.disabled = False
    yield from _matched(rounds)
    yield from _sent(rounds)


def _hosts(number: int) -> list[str]:
    return ["booking.example", *(f"club-{n}.example" for n in range(number - 1))]


def _wildcards(number: int) -> list[str]:
    return ["*.booking.example", *(f"*.club-{n}.example" for n in range(number - 1))]


def _paths(number: int) -> list[str]:
    return [f"/clubs/{n}/courts/{{court}}" for n in range(number)]


def _configured(rounds: int) -> Iterator[Row]:
    """10,000 of something beside 10: the cost that the policy adds to the same request, as a ratio."""
    here, path = scope(raw(PROXIED)), "/clubs/5/courts/7"
    below = scope(raw({**PROXIED, "host": "a.b.booking.example"}))
    foreign = scope(raw({**PROXIED, "host": "10.0.0.5:8000"}), path=path, raw_path=path.encode())
    plain = scope(raw({**PROXIED, "x-forwarded-proto": "http"}), path=path, raw_path=path.encode())
    other = {**plain, "path": "/clubs/none/courts/7", "raw_path": b"/clubs/none/courts/7"}
    cases: dict[str, tuple[list[Policy], Scope, int]] = {
        "hosts": ([Policy(hosts=_hosts(n), proxies=_PROXIES) for n in _SIZES.values()], here, 200),
        "wildcard hosts": ([Policy(hosts=_wildcards(n), proxies=_PROXIES) for n in _SIZES.values()], below, 200),
        "exempt patterns, unused": ([_exempting(n) for n in _SIZES.values()], here, 200),
        "exempt patterns, one matches": ([_exempting(n) for n in _SIZES.values()], foreign, 200),
        "HTTPS.refuse, one matches": ([_refusing(n) for n in _SIZES.values()], plain, 403),
        "HTTPS.refuse, none matches": ([_refusing(n) for n in _SIZES.values()], other, 308),
    }
    apps: dict[str, tuple[ASGIApp, Scope, int]] = {}
    for what, (policies, request, status) in cases.items():
        for size, policy in zip(_SIZES, policies, strict=True):
            apps[f"{what} {size}"] = (NetguardMiddleware(bare, policy), request, status)
    with Loop() as loop:
        for app, request, status in apps.values():
            if loop.answer(app, dict(request))[0] != status:
                raise SystemExit(f"expected {status}")
        runs = {name: loop.run(app, repeated(request)) for name, (app, request, _) in apps.items()}
        measured = interleaved({"bare": loop.run(bare, repeated(here)), **runs}, rounds=rounds, number=300)
    for what in cases:
        figure = ratio(added(f"{what} many"), added(f"{what} few"))
        yield measured.row(f"10,000 {what} / 10", figure, "x", bar=1.2)


def _matched(rounds: int) -> Iterator[Row]:
    """The lookup alone, since the rest of a request would hide what it costs."""
    maps = {name: PatternMap("paths", [(one, 1) for one in _paths(n)], guarding=True) for name, n in _SIZES.items()}
    runs = {name: _lookups(paths) for name, paths in maps.items()}
    measured = interleaved(runs, rounds=rounds, number=1000)
    yield measured.row("one lookup in 10,000 patterns", cost("many"), "µs", note="prototypes: 0.5 to 0.7")
    yield measured.row("one lookup in 10,000 patterns / in 10", ratio(cost("many"), cost("few")), "x", bar=1.2)


def _lookups(paths: PatternMap[int]) -> Run:
    def run(number: int) -> None:
        match = paths.match
        for _ in range(number):
            match("GET", "/clubs/5/courts/7")

    return run


def _exempting(number: int) -> Policy:
    return Policy(hosts=["booking.example"], proxies=_PROXIES, exempt=_paths(number))


def _refusing(number: int) -> Policy:
    return Policy(hosts=["booking.example"], proxies=_PROXIES, https=HTTPS(refuse=_paths(number)))


def _sent(rounds: int) -> Iterator[Row]:
    """What 8 KB of X-Forwarded-For add, which no cache has seen, to the cost of the same request with one address."""
    app = NetguardMiddleware(bare, POLICY)
    short = scope(raw(PROXIED))
    with Loop() as loop:
        runs = {"bare, one": loop.run(bare, repeated(short)), "one": loop.run(app, repeated(short))}
        for name, end in _ENDS.items():
            expect(loop.answer(app, next(_long(end))), 200, 14)
            runs[f"bare, {name}"] = loop.run(bare, _long(end))
            runs[name] = loop.run(app, _long(end))
        measured = interleaved(runs, rounds=rounds, number=100)
    one = added("one", "bare, one")
    yield measured.row(
        "bare app, one address", cost("bare, one"), "µs", note="prototypes: 0.69; how fast this machine is"
    )
    for name in _ENDS:
        whole = added(name, f"bare, {name}")
        yield measured.row(f"+ netguard, 8 KB of X-Forwarded-For, {name}", whole, "µs")
        yield measured.row(f"of it by 8 KB of X-Forwarded-For, {name}", minus(whole, one), "µs", bar=20)


_ENDS = {"all hops trusted": b"10.0.0.1", "last hop untrusted": b"203.0.113.7"}


def _long(end: bytes) -> Iterator[Scope]:
    """Scopes with 8 KB of well-formed addresses that end in this one, and which are never the same."""
    direct = raw(DIRECT)
    rest = b"10.20.30.40" + b", 10.20.30.40" * (_XFF // 13 - 32)
    for number in cycle(range(65_536)):
        near = b"".join(b", 10.%d.%d.%d" % (place, number >> 8, number & 255) for place in range(100, 130))
        yield scope(_with_xff(direct, rest + near + b", " + end))


def _with_xff(headers: Sequence[tuple[bytes, bytes]], value: bytes) -> RawHeaders:
    return [*headers, (b"x-forwarded-for", value), (b"x-forwarded-proto", b"https")]
