"""Apps with an area in every way that frameworks route; a header asks for the same app without netguard."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from netguard import Area, Policy
from netguard.flask import Netguard
from netguard.starlette import NetguardMiddleware

POLICY = Policy(https=False, origin=False, cookies=False, areas=[Area("/admin/*", networks=["192.0.2.0/24"])])
SAYS = "X-Reached"  # which view ran
BARE = "X-Bare"  # asks for the app without netguard
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def either(guarded: Any, bare: Any, *, wsgi: bool) -> Any:
    """Both in one process, so that each attempt is made on the same server."""
    if wsgi:
        return lambda environ, start: (bare if "HTTP_X_BARE" in environ else guarded)(environ, start)

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        chosen = bare if any(name == b"x-bare" for name, _ in scope.get("headers") or ()) else guarded
        await chosen(scope, receive, send)

    return asgi


# Starlette: routes, a parameter, a mounted application.


async def _secret(request: Request) -> Response:
    return PlainTextResponse("for staff", headers={SAYS: "admin"})


async def _public(request: Request) -> Response:
    return PlainTextResponse("for all", headers={SAYS: "club"})


def _starlette(*, guarded: bool) -> Starlette:
    reports = Starlette(routes=[Route("/", _secret), Route("/{name}", _secret, methods=METHODS)])
    app = Starlette(
        routes=[
            Route("/admin", _secret, methods=METHODS),
            Route("/admin/x", _secret, methods=METHODS),
            Mount("/admin/reports", reports),
            Route("/admin/{name}", _secret, methods=METHODS),
            Route("/club", _public, methods=METHODS),
            Route("/club/{rest:path}", _public, methods=METHODS),
        ]
    )
    if guarded:
        app.add_middleware(NetguardMiddleware, policy=POLICY)
    return app


# Flask: the same, with the other application under a dispatcher, and a prefix that a header names.


def _flask_routes(app: Flask, says: str, *rules: str) -> None:
    for rule in rules:
        app.add_url_rule(rule, rule, lambda **_: (says, {SAYS: says}), methods=METHODS)


def _prefixed(app: Any) -> Any:
    """What many put before an app that a proxy serves below a prefix."""

    def called(environ: dict[str, Any], start: Any) -> Any:
        prefix = environ.get("HTTP_X_SCRIPT_NAME", "")
        if prefix and environ["PATH_INFO"].startswith(prefix):
            environ = {**environ, "SCRIPT_NAME": prefix, "PATH_INFO": environ["PATH_INFO"][len(prefix) :]}
        return app(environ, start)

    return called


def _flask(*, guarded: bool) -> Any:
    reports, app = Flask("reports"), Flask("club")
    _flask_routes(reports, "admin", "/", "/<name>")
    _flask_routes(app, "admin", "/admin", "/admin/x", "/admin/<name>")
    _flask_routes(app, "club", "/club", "/club/<path:rest>")
    app.wsgi_app = _prefixed(DispatcherMiddleware(app.wsgi_app, {"/admin/reports": reports}))  # type: ignore[method-assign]
    if guarded:
        Netguard(app, POLICY)
    return app


# Django: the same by `include`, and by a regular expression.


def _secret_view(request: HttpRequest, name: str = "") -> HttpResponse:
    return HttpResponse("for staff", headers={SAYS: "admin"})


def _public_view(request: HttpRequest, rest: str = "") -> HttpResponse:
    return HttpResponse("for all", headers={SAYS: "club"})


urlpatterns = [
    path("admin", _secret_view),
    path("admin/", include([path("x", _secret_view), path("<str:name>", _secret_view)])),
    re_path(r"^admin/reports/(?P<name>\w*)$", _secret_view),
    path("club", _public_view),
    path("club/<path:rest>", _public_view),
]
settings.configure(
    SECRET_KEY="a secret of this test run, long enough",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["netguard.django.NetguardMiddleware"],
    NETGUARD=POLICY,
    LOGGING_CONFIG=None,
)
_guarded_django = get_wsgi_application(), get_asgi_application()
settings.MIDDLEWARE = []  # read when an application is made
_bare_django = get_wsgi_application(), get_asgi_application()

starlette = either(_starlette(guarded=True), _starlette(guarded=False), wsgi=False)
flask = either(_flask(guarded=True), _flask(guarded=False), wsgi=True)
django_wsgi = either(_guarded_django[0], _bare_django[0], wsgi=True)
django_asgi = either(_guarded_django[1], _bare_django[1], wsgi=False)
