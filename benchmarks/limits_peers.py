"""What one limit by the client adds to an endpoint: netguard's, and that of each framework's best-known package."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from django.urls import path
from django_ratelimit.decorators import ratelimit
from flask import Flask
from flask_limiter import Limiter as FlaskLimiter
from flask_limiter.util import get_remote_address as address_in_flask
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.middleware import SlowAPIASGIMiddleware
from slowapi.util import get_remote_address
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks import django
from benchmarks.measure import Rounds, Row, added, cost, interleaved, ratio
from benchmarks.traffic import PROXIED, Loop, answer_wsgi, environ, raw, repeated, run_wsgi, scope
from netguard import Policy, RateLimit
from netguard.django import get_wsgi_application
from netguard.flask import Netguard
from netguard.starlette import NetguardMiddleware

_RATE = "100000000/minute"
_FEW = "3/minute"

Apps = Mapping[str, Any]  # "bare", "netguard" without a limit, "limited" by it, and the peers


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    yield from _told("Starlette", _on_starlette(rounds), ["slowapi", "slowapi as a middleware"])
    yield from _told("Flask", _on_flask(rounds), ["flask-limiter"])
    yield from _told("Django", _on_django(rounds), ["django-ratelimit"])


def _told(framework: str, measured: Rounds, peers: Sequence[str]) -> Iterator[Row]:
    limit, whole = added("limited", "netguard"), added("limited")
    yield measured.row(f"{framework}: bare request", cost("bare"), "µs")
    yield measured.row(f"{framework}: + one limit of netguard", limit, "µs")
    yield measured.row(f"{framework}: + all of netguard, one limit in it", whole, "µs", note="headers and every check")
    for peer in peers:
        yield measured.row(f"{framework}: + {peer}", added(peer), "µs")
    for peer in peers:
        yield measured.row(f"{framework}: one limit of netguard / {peer}", ratio(limit, added(peer)), "x", bar=0.1)
        yield measured.row(f"{framework}: all of netguard / {peer}", ratio(whole, added(peer)), "x")


def _policy(rate: str | None) -> Policy:
    limits = [RateLimit(rate)] if rate else []
    return Policy(hosts=["booking.example"], proxies=["10.0.0.0/8"], limits=limits)


def _expect_limits(few: Apps, ask: Callable[[str, Any], int]) -> None:
    """Stop where an app with a limit of three does not refuse the fourth request."""
    logging.disable()  # what a refusal writes would stand in the table
    for name, app in few.items():
        passed = [200, 200, 200, 200] if name in ("bare", "netguard") else [200, 200, 200]
        statuses = [ask(name, app) for _ in range(4)]
        if statuses[: len(passed)] != passed or not set(statuses[len(passed) :]) <= {429, 403}:
            raise SystemExit(f"expected three requests to pass by {name}, got {statuses}")
    logging.disable(logging.NOTSET)


def _on_starlette(rounds: int) -> Rounds:
    request = scope(raw(PROXIED))
    with Loop() as loop:
        _expect_limits(_starlette_apps(_FEW), lambda _, app: loop.answer(app, dict(request))[0])
        runs = {name: loop.run(app, repeated(request)) for name, app in _starlette_apps(_RATE).items()}
        return interleaved(runs, rounds=rounds, number=200)


def _starlette_apps(rate: str) -> Apps:
    apps = {name: Starlette(routes=[Route("/courts", _courts)]) for name in ("bare", "netguard", "limited")}
    apps["netguard"].add_middleware(NetguardMiddleware, policy=_policy(None))
    apps["limited"].add_middleware(NetguardMiddleware, policy=_policy(rate))
    decorating = Limiter(key_func=get_remote_address)
    around = Limiter(key_func=get_remote_address, default_limits=[rate])
    apps["slowapi"] = _with_slowapi(decorating, decorating.limit(rate)(_courts))
    apps["slowapi as a middleware"] = _with_slowapi(around, _courts)
    apps["slowapi as a middleware"].add_middleware(SlowAPIASGIMiddleware)
    return apps


async def _courts(request: Request) -> JSONResponse:
    return JSONResponse({"courts": [1, 2, 3]})


def _with_slowapi(limiter: Limiter, endpoint: Callable[..., Any]) -> Starlette:
    app = Starlette(routes=[Route("/courts", endpoint)])
    app.state.limiter = limiter
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
    return app


def _on_flask(rounds: int) -> Rounds:
    request = environ(PROXIED)
    _expect_limits(_flask_apps(_FEW), lambda _, app: answer_wsgi(app, dict(request))[0])
    runs = {name: run_wsgi(app, repeated(request)) for name, app in _flask_apps(_RATE).items()}
    return interleaved(runs, rounds=rounds, number=200)


def _flask_apps(rate: str) -> Apps:
    apps = {name: _flask_app() for name in ("bare", "netguard", "limited", "flask-limiter")}
    Netguard(apps["netguard"], _policy(None))
    Netguard(apps["limited"], _policy(rate))
    limiter = FlaskLimiter(address_in_flask, app=apps["flask-limiter"], storage_uri="memory://")
    apps["flask-limiter"].view_functions["courts"] = limiter.limit(rate)(_hello)
    return apps


def _flask_app() -> Flask:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/courts", "courts", _hello)
    return app


def _hello() -> str:
    return "hello"


def _on_django(rounds: int) -> Rounds:
    django.configure()
    here = environ(PROXIED, **{"wsgi.input": BytesIO()})
    requests = {**dict.fromkeys(_django_apps(_RATE), here), "django-ratelimit": {**here, "PATH_INFO": "/limited"}}
    with override_settings(ROOT_URLCONF=_urls(_FEW)):
        _expect_limits(_django_apps(_FEW), lambda name, app: answer_wsgi(app, dict(requests[name]))[0])
    with override_settings(ROOT_URLCONF=_urls(_RATE)):
        runs = {name: run_wsgi(app, repeated(requests[name])) for name, app in _django_apps(_RATE).items()}
        return interleaved(runs, rounds=rounds, number=100)


def _urls(rate: str) -> Sequence[Any]:
    """An endpoint, and the same with django-ratelimit."""
    limited = ratelimit(key="ip", rate=rate.removesuffix("inute"))(django.hello)
    return path("courts", django.hello), path("limited", limited)


def _django_apps(rate: str) -> Apps:
    apps: dict[str, Any] = {"bare": WSGIHandler(), "django-ratelimit": WSGIHandler()}
    for name, policy in (("netguard", _policy(None)), ("limited", _policy(rate))):
        with override_settings(NETGUARD=policy):
            apps[name] = get_wsgi_application()
    return {name: django.Closing(app) for name, app in apps.items()}
