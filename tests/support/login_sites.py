"""One view that tries a login from code, in every framework and form, spoken to as a server would.

The field X-Does says what comes of it, X-Name whose login it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, get_args

from django.http import HttpRequest, HttpResponse
from fastapi import FastAPI
from flask import Flask, request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from netguard import Busy, LockedOut, Lockout, Logins, Policy, asgi, wsgi
from netguard import flask as for_flask
from netguard import starlette as for_starlette
from netguard.login_blocks import LoginAttempt
from netguard.messages import Refusal
from netguard.plan import Plan
from scenarios import asgi_driver, django_driver, wsgi_driver
from scenarios.row import Ask, Outcome, Row
from scenarios.rows.lockout import SECRET

BUSY: Final = Refusal("passwords", "passwords.busy", 503, "the queue is full", ((b"retry-after", b"2"),))

Asking = Callable[[Row], Outcome]
Site = Callable[[Logins, Plan], Asking]


def guarded(*further: Lockout, **keywords: Any) -> Policy:
    """A lockout after two tries that only code asks."""
    lockout = Lockout(**{"on": [], "tries": "2/15 minutes", **keywords})
    return Policy(hosts=["booking.example"], lockout=[lockout, *further], secrets=[SECRET])


def happens(attempt: LoginAttempt, does: str | None) -> str:
    """What a view does inside of the block."""
    match does:
        case "right":
            attempt.succeeded()
        case "first":
            attempt.succeeded(last=False)
        case "wrong":
            attempt.failed()
        case "unchecked":
            attempt.not_checked()
        case "busy":
            raise Busy("the queue is full", BUSY)
        case "crashes":
            attempt.succeeded()
            raise RuntimeError("after the password was found right")
    return "ok"


def tried(logins: Logins, asked: Any, headers: Mapping[str, str]) -> str:
    """What a sync view does."""
    does, name = headers.get("x-does"), headers.get("x-name") or "ann"
    make = logins.second_factor if does == "second" else logins.attempt
    try:
        with make(name, asked) as attempt:
            return happens(attempt, "right" if does == "second" else does)
    except LockedOut as error:
        if does != "catches":
            raise
        return f"the view says {error.retry_after}"


async def atried(logins: Logins, asked: Any, headers: Mapping[str, str]) -> str:
    """What an async view does."""
    does, name = headers.get("x-does"), headers.get("x-name") or "ann"
    make = logins.second_factor if does == "second" else logins.attempt
    try:
        async with make(name, asked) as attempt:
            return happens(attempt, "right" if does == "second" else does)
    except LockedOut as error:
        if does != "catches":
            raise
        return f"the view says {error.retry_after}"


def _on_asgi(row: Row, app: Any) -> Outcome:
    return asgi_driver.exchanged(row, app, [])


def _on_wsgi(row: Row, app: Any) -> Outcome:
    return wsgi_driver.exchanged(row, app, [])


def _bare_asgi(logins: Logins, plan: Plan) -> Asking:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body = await atried(logins, scope, headers)
        await PlainTextResponse(body)(scope, receive, send)

    return partial(_on_asgi, app=asgi.NetguardMiddleware(app, plan))


def _bare_wsgi(logins: Logins, plan: Plan) -> Asking:
    def app(environ: Any, start: Any) -> Any:
        headers = {name: environ.get(f"HTTP_{name.upper().replace('-', '_')}") for name in ("x-does", "x-name")}
        body = tried(logins, environ, headers)
        start("200 OK", [("Content-Type", "text/plain")])
        return [body.encode()]

    return partial(_on_wsgi, app=wsgi.NetguardMiddleware(app, plan))


def _starlette(app: Starlette, logins: Logins, plan: Plan, *, awaits: bool) -> Asking:
    def page(request: Request) -> Response:
        return PlainTextResponse(tried(logins, request, request.headers))

    async def apage(request: Request) -> Response:
        return PlainTextResponse(await atried(logins, request, request.headers))

    app.router.routes.append(Route("/", apage if awaits else page, methods=["GET", "POST"]))
    app.add_middleware(for_starlette.NetguardMiddleware, policy=plan)
    return partial(_on_asgi, app=app)


def _fastapi(logins: Logins, plan: Plan, *, awaits: bool) -> Asking:
    app = FastAPI(openapi_url=None)

    def page(request: Request) -> str:
        return tried(logins, request, request.headers)

    async def apage(request: Request) -> str:
        return await atried(logins, request, request.headers)

    app.get("/", response_class=PlainTextResponse)(apage if awaits else page)
    app.add_middleware(for_starlette.NetguardMiddleware, policy=plan)
    return partial(_on_asgi, app=app)


def _flask(logins: Logins, plan: Plan, *, awaits: bool) -> Asking:
    app = Flask("logins", static_folder=None)

    def page() -> str:
        return tried(logins, request, dict(request.headers.items(lower=True)))

    async def apage() -> str:
        return await atried(logins, request, dict(request.headers.items(lower=True)))

    app.add_url_rule("/", view_func=apage if awaits else page)
    for_flask.Netguard(app, plan)
    return partial(_on_wsgi, app=app)


def _django(logins: Logins, plan: Plan, *, form: django_driver.Form, awaits: bool) -> Asking:
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(tried(logins, request, request.headers))

    async def apage(request: HttpRequest) -> HttpResponse:
        return HttpResponse(await atried(logins, request, request.headers))

    return lambda row: django_driver.served(form, row, apage if awaits else page)  # whose policy is the row's


SITES: Final[Mapping[str, Site]] = {
    "asgi": _bare_asgi,
    "wsgi": _bare_wsgi,
    "starlette-sync": lambda logins, plan: _starlette(Starlette(), logins, plan, awaits=False),
    "starlette-async": lambda logins, plan: _starlette(Starlette(), logins, plan, awaits=True),
    "fastapi-sync": partial(_fastapi, awaits=False),
    "fastapi-async": partial(_fastapi, awaits=True),
    "flask-sync": partial(_flask, awaits=False),
    "flask-async": partial(_flask, awaits=True),
    **{
        f"django-{form}-{'async' if awaits else 'sync'}": partial(_django, form=form, awaits=awaits)
        for form in get_args(django_driver.Form)
        for awaits in (False, True)
    },
}


class Visitor:
    """Somebody at one of the sites."""

    def __init__(self, site: str, policy: Policy) -> None:
        self.plan = Plan(policy)
        self.logins = Logins(self.plan)
        self._ask = SITES[site](self.logins, self.plan)

    def try_to(self, *does: str, name: str = "ann", fields: tuple[str, ...] = ()) -> Outcome:
        """The outcome of the last of these, with those before it."""
        asks = [Ask(fields=[f"X-Does: {one}", f"X-Name: {name}", *fields]) for one in does]
        return self._ask(Row(id="", policy=self.plan, ask=asks[-1], first=asks[:-1]))
