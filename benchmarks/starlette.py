"""What netguard and ``secure`` add to a Starlette app with one JSON route, each added as its documentation says."""

from __future__ import annotations

from collections.abc import Iterator

from secure.middleware import SecureASGIMiddleware
from slowapi import Limiter
from slowapi.middleware import SlowAPIMiddleware
from slowapi.util import get_remote_address
from starlette.applications import Starlette
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from benchmarks.measure import Row, added, cost, interleaved, ratio
from benchmarks.peers import secure_headers
from benchmarks.traffic import POLICY, PROXIED, Loop, expect, raw, repeated, scope
from netguard.starlette import NetguardMiddleware


async def _courts(request: Request) -> JSONResponse:
    return JSONResponse({"courts": [1, 2, 3]})


def _app() -> Starlette:
    return Starlette(routes=[Route("/courts", _courts)])


def _stacked() -> Starlette:
    """The same duties by five packages' middlewares, in the order that lets each see what it needs."""
    app = _app()
    app.state.limiter = Limiter(key_func=get_remote_address, default_limits=["1000000/minute"])
    app.add_middleware(SlowAPIMiddleware)
    app.add_middleware(SecureASGIMiddleware, secure=secure_headers())
    app.add_middleware(HTTPSRedirectMiddleware)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["booking.example"])
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=["10.0.0.0/8"])
    return app


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    guarded, secured = _app(), _app()
    guarded.add_middleware(NetguardMiddleware, policy=POLICY)
    secured.add_middleware(SecureASGIMiddleware, secure=secure_headers())
    apps = {"bare": _app(), "netguard": guarded, "secure": secured, "stack": _stacked()}
    request = scope(raw(PROXIED))
    with Loop() as loop:
        for name, app in apps.items():
            expect(loop.answer(app, dict(request)), 200, 2 if name == "bare" else 14)
        runs = {name: loop.run(app, repeated(request)) for name, app in apps.items()}
        measured = interleaved(runs, rounds=rounds, number=200)
    ours, theirs = added("netguard"), added("secure")
    yield measured.row("bare JSON request", cost("bare"), "µs")
    yield measured.row("+ netguard", ours, "µs")
    yield measured.row("+ secure, the same headers", theirs, "µs", note="prototypes: +12 to 14")
    yield measured.row("netguard / bare JSON request", ratio(ours, cost("bare"), 100), "%", bar=36)
    yield measured.row("netguard / secure", ratio(ours, theirs), "x", bar=1 / 3)
    yield measured.row("+ ProxyHeaders, TrustedHost, HTTPSRedirect, secure, slowapi", added("stack"), "µs")
    yield measured.row("netguard / those five", ratio(ours, added("stack")), "x", bar=1 / 20)
