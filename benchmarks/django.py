"""What netguard and Django's own middlewares add to a Django view that says hello, under WSGI and under ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from benchmarks.measure import Row, Run, added, cost, interleaved, ratio
from benchmarks.traffic import (
    POLICY,
    PROXIED,
    TWELVE,
    Environ,
    Message,
    Scope,
    StartResponse,
    answer_wsgi,
    environ,
    expect,
    raw,
    repeated,
    run_wsgi,
    scope,
)
from netguard.django import get_asgi_application, get_wsgi_application

_OURS = "netguard.django.NetguardMiddleware"
_SECURITY = "django.middleware.security.SecurityMiddleware"
_CSP = ["django.middleware.csp.ContentSecurityPolicyMiddleware"] if django.VERSION >= (6,) else []
_PEERS = [
    _SECURITY,
    *_CSP,
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
_PROJECT = [  # what `startproject` writes, without what a policy takes the place of
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]


def hello(request: HttpRequest) -> HttpResponse:
    """The smallest view."""
    return HttpResponse("hello")


async def _hello_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


def configure() -> None:
    """Settings as a careful project has them, once: each of Django's middlewares does what it can."""
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="of the benchmarks, and long enough for any check",
        ALLOWED_HOSTS=["booking.example"],
        NETGUARD=POLICY,
        ROOT_URLCONF=(path("courts", hello), path("async", _hello_async)),
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
        USE_X_FORWARDED_HOST=True,
        SECURE_SSL_REDIRECT=True,
        SECURE_HSTS_SECONDS=63_072_000,
        SECURE_HSTS_INCLUDE_SUBDOMAINS=True,
        SECURE_CSP={"default-src": ["'self'"], "object-src": ["'none'"], "base-uri": ["'none'"]},
        LOGGING_CONFIG=None,
    )
    django.setup()


class Closing:
    """A WSGI app whose response is closed, as every server does it: Django's signals are part of a request."""

    def __init__(self, app: Callable[[Environ, StartResponse], Any]) -> None:
        self.app = app

    def __call__(self, one: Environ, start_response: StartResponse) -> list[bytes]:
        response = self.app(one, start_response)
        body = list(response)
        if hasattr(response, "close"):
            response.close()
        return body


def _built(make: Callable[[], Any], *middleware: str) -> Any:
    with override_settings(MIDDLEWARE=middleware):
        return make()


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    configure()
    yield from _wsgi_rows(rounds)
    yield from _asgi_rows(rounds)


def _wsgi_rows(rounds: int) -> Iterator[Row]:
    apps = {
        "bare": _built(WSGIHandler),
        "wrapped": _built(get_wsgi_application),
        "middleware": _built(WSGIHandler, _OURS),
        "security": _built(WSGIHandler, _SECURITY),
        "peers": _built(WSGIHandler, *_PEERS),
        "project": _built(WSGIHandler, *_PROJECT),
        "project, wrapped": _built(get_wsgi_application, *_PROJECT),
    }
    request = environ(PROXIED, **{"wsgi.input": BytesIO()})
    for name, app in apps.items():
        status, headers = answer_wsgi(Closing(app), dict(request))
        least = 1 + len(TWELVE) if name in {"wrapped", "middleware"} else 1
        expect((status, headers[:least]), 200, least)
    runs = {name: run_wsgi(Closing(app), repeated(request)) for name, app in apps.items()}
    measured = interleaved(runs, rounds=rounds, number=100)
    named = "Security, CSP, Common, Csrf, XFrameOptions" if _CSP else "Security, Common, Csrf, XFrameOptions"
    wrapped, entry, security = added("wrapped"), added("middleware"), added("security")
    whole = added("project, wrapped", "project")
    yield measured.row("WSGI: view that says hello, no middleware", cost("bare"), "µs")
    yield measured.row("WSGI: the same with the middlewares of a new project", cost("project"), "µs")
    yield measured.row("WSGI: + netguard around it", wrapped, "µs")
    yield measured.row("WSGI: + netguard in MIDDLEWARE", entry, "µs")
    yield measured.row("WSGI: + SecurityMiddleware", security, "µs")
    yield measured.row(f"WSGI: + {named}", added("peers"), "µs")
    yield measured.row("WSGI: netguard around / view without middleware", ratio(wrapped, cost("bare"), 100), "%")
    yield measured.row(
        "WSGI: netguard around / request of a new project", ratio(whole, cost("project"), 100), "%", bar=8
    )
    yield measured.row("WSGI: netguard around / those middlewares", ratio(wrapped, added("peers")), "x", bar=1 / 8)
    yield measured.row("WSGI: netguard in MIDDLEWARE / SecurityMiddleware", ratio(entry, security), "x", bar=2)


def _asgi_rows(rounds: int) -> Iterator[Row]:
    apps = {
        "bare": _built(ASGIHandler),
        "wrapped": _built(get_asgi_application),
        "middleware": _built(ASGIHandler, _OURS),
        "security": _built(ASGIHandler, _SECURITY),
    }
    request = {**scope(raw(PROXIED)), "path": "/async", "raw_path": b"/async"}
    with asyncio.Runner() as runner:
        submits = {name: _submits(runner, app, request) for name, app in apps.items()}
        measured = interleaved(_runs(runner, apps, request), rounds=rounds, number=30)
    wrapped, security = added("wrapped"), added("security")
    yield measured.row("ASGI: async view that says hello", cost("bare"), "µs")
    yield measured.row("ASGI: + netguard around it", wrapped, "µs")
    yield measured.row("ASGI: + netguard in MIDDLEWARE", added("middleware"), "µs")
    yield measured.row("ASGI: + SecurityMiddleware", security, "µs", note="prototypes: about +300")
    yield measured.row("ASGI: netguard around / SecurityMiddleware", ratio(wrapped, security), "x", bar=0.1)
    yield measured.row(
        "ASGI: netguard in MIDDLEWARE / SecurityMiddleware", ratio(added("middleware"), security), "x", bar=0.1
    )
    for name in ("wrapped", "middleware", "security"):
        bar = None if name == "security" else 0
        yield Row(
            what=f"ASGI: executor submits added, {name}", value=submits[name] - submits["bare"], unit="entries", bar=bar
        )


def _runs(runner: asyncio.Runner, apps: Mapping[str, Any], request: Scope) -> dict[str, Run]:
    def run_of(app: Any) -> Run:
        async def requests(number: int) -> None:
            for _ in range(number):
                await _ask(app, dict(request))

        return lambda number: runner.run(requests(number))

    return {name: run_of(app) for name, app in apps.items()}


async def _ask(app: Callable[..., Awaitable[None]], one: Scope) -> Sequence[Message]:
    """One request from a client that stays: Django waits for its disconnect beside the view."""
    sent: list[Message] = []
    body: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return body.pop() if body else await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        sent.append(message)

    await app(one, receive, send)
    return sent


def _submits(runner: asyncio.Runner, app: Any, request: Scope) -> int:
    """How often one request asks for a thread."""
    loop, count = runner.get_loop(), 0
    original = loop.run_in_executor

    def counted(*args: Any) -> Any:
        nonlocal count
        count += 1
        return original(*args)

    loop.run_in_executor = counted  # type: ignore[method-assign,assignment]
    try:
        if runner.run(_ask(app, dict(request)))[0]["status"] != 200:
            raise SystemExit("expected status 200 under ASGI")
    finally:
        loop.run_in_executor = original  # type: ignore[method-assign]
    return count
