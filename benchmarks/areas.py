"""What areas and the check of a path's spellings add to a request, and whether 10,000 areas cost as much as ten."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.asgi import bare
from benchmarks.measure import Row, added, interleaved, minus, ratio
from benchmarks.traffic import POLICY, PROXIED, Loop, Scope, raw, repeated, scope
from netguard import Area, Policy
from netguard.asgi import NetguardMiddleware

_SIZES = {"few": 10, "many": 10_000}
_INSIDE = ["203.0.113.0/24"]  # where the requests come from
_OUTSIDE = ["198.51.100.0/24"]
# The path as a server decodes it, and as it was sent.
_PATHS = {
    "guarded": ("/clubs/5/admin/x", b"/clubs/5/admin/x"),
    "unguarded": ("/courts/7", b"/courts/7"),
    "unguarded, encoded": ("/courts/é à", b"/courts/%C3%A9%20%C3%A0"),
    "unguarded, odd": ("/courts/a%2Fb;v=1", b"/courts/a%252Fb;v=1"),
    "guarded, odd": ("/clubs/5/admin/a%2Fb;v=1", b"/clubs/5/admin/a%252Fb;v=1"),
}


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    scopes = {name: _at(path, sent) for name, (path, sent) in _PATHS.items()}
    apps = {size: NetguardMiddleware(bare, _policy(number)) for size, number in _SIZES.items()}
    without = NetguardMiddleware(bare, POLICY)
    with Loop() as loop:
        runs = {"bare": loop.run(bare, repeated(scopes["unguarded"]))}
        for name, request in scopes.items():
            runs[f"without, {name}"] = loop.run(without, repeated(request))
            for size, app in apps.items():
                if loop.answer(app, dict(request))[0] != 200:
                    raise SystemExit(f"expected 200 at {name}")
                runs[f"{size}, {name}"] = loop.run(app, repeated(request))
        measured = interleaved(runs, rounds=rounds, number=300)
    yield measured.row("+ netguard without areas", added("without, unguarded"), "µs")
    for name in _PATHS:
        areas = minus(added(f"few, {name}"), added(f"without, {name}"))
        yield measured.row(f"of it by ten areas, {name}", areas, "µs")
    for name in _PATHS:
        many = ratio(added(f"many, {name}"), added(f"few, {name}"))
        yield measured.row(
            f"10,000 areas / 10, {name}", many, "x", bar=1.2, note="what a whole request takes above bare"
        )


def _at(path: str, sent: bytes) -> Scope:
    return scope(raw(PROXIED), path=path, raw_path=sent)


def _policy(number: int) -> Policy:
    areas = [Area(f"/clubs/{n}/admin/*", networks=_INSIDE if n == 5 else _OUTSIDE) for n in range(number)]
    return Policy(hosts=["booking.example"], proxies=["10.0.0.0/8"], areas=areas)
