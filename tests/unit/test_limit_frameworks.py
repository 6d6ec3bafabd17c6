"""Limits on single views: what is each framework's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from fastapi import Depends, FastAPI, Response
from fastapi.responses import PlainTextResponse
from flask import Flask, request
from flask_login import LoginManager, UserMixin, login_user  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.exceptions import HTTPException
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from netguard import AsyncLimiter, ConfigError, Limiter, NetguardError, Policy, RateLimit, client, user
from netguard import django as for_django
from netguard import fastapi as for_fastapi
from netguard import flask as for_flask
from netguard import starlette as for_starlette
from scenarios.django_driver import ENTRY, Told
from support.asking import policy
from support.limited_sites import SITE

ONCE = RateLimit("1/hour", on=[], by=client, name="once")
MINE = RateLimit("1/hour", on=[], by=user, name="mine")


def flask_app(made: Policy, view: Callable[..., Any], **keywords: Any) -> Any:
    app = Flask("limited")
    app.testing = True
    app.secret_key = "a key of this test"
    for_flask.Netguard(app, made, **keywords)
    app.add_url_rule("/", view_func=for_flask.limited(Limiter(made), "mine")(view))
    return app.test_client()


class Member(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    def __init__(self, name: str) -> None:
        self.id = name


def test_flask_login_knows_the_user() -> None:
    site = flask_app(policy(MINE), lambda: "ok")
    LoginManager(site.application).user_loader(Member)
    site.application.add_url_rule("/login/<name>", "login", lambda name: str(login_user(Member(name))))
    seen = []
    for name in ("ada", "bob", "ada"):
        site.get(f"/login/{name}", base_url=SITE)
        seen.append(site.get("/", base_url=SITE).status_code)
    assert seen == [200, 200, 429]


def test_flask_without_anybody_who_knows_the_user() -> None:
    with pytest.raises(ConfigError, match="write Netguard\\(app, policy, user="):
        flask_app(policy(MINE), lambda: "ok").get("/", base_url=SITE)


def test_an_async_flask_view_awaits_the_user() -> None:
    async def named() -> str | None:
        return request.headers.get("X-User")

    async def view() -> str:
        return "ok"

    site = flask_app(policy(MINE), view, user=named)
    asked = [site.get("/", base_url=SITE, headers={"X-User": name}).status_code for name in ("ada", "bob", "ada")]
    assert asked == [200, 200, 429]


@pytest.mark.parametrize("limited", [for_flask.limited, for_starlette.limited], ids=["flask", "starlette"])
def test_classes_are_decorated_inside(limited: Callable[..., Any]) -> None:
    class View:
        """Whichever framework's."""

    with pytest.raises(ConfigError, match="View"):
        limited(Limiter(policy(ONCE)), "once")(View)


def test_django_without_authentication() -> None:
    made = policy(MINE)
    urls = (path("", for_django.limited(Limiter(made), "mine")(lambda request: HttpResponse("ok"))),)
    site = Client(headers={"host": "booking.example"})
    settings = override_settings(NETGUARD=made, MIDDLEWARE=[ENTRY], ROOT_URLCONF=urls)
    with settings, pytest.raises(ConfigError, match="AuthenticationMiddleware"):
        site.get("/", secure=True)


def test_around_django_a_limit_by_user_wants_the_hook() -> None:
    made = policy(RateLimit("1/hour", on="/mail", by=user))
    with override_settings(NETGUARD=made, MIDDLEWARE=[]), pytest.raises(ConfigError, match="to MIDDLEWARE"):
        for_django.get_wsgi_application()


def awaited_user(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """An authentication whose user async code must await."""

    def authenticated(request: HttpRequest) -> HttpResponseBase:
        async def auser() -> Told:
            return Told(request.headers["X-User"], is_authenticated=True)

        request.auser = auser  # type: ignore[assignment]  # no model, and enough of one
        return get_response(request)

    return authenticated


def test_an_async_django_view_awaits_the_user() -> None:
    made = policy(MINE)

    @for_django.limited(AsyncLimiter(made), "mine")
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")

    async def asked(name: str) -> int:
        return (await AsyncClient().get("/", secure=True, headers={"x-user": name})).status_code

    middleware = [ENTRY, f"{__name__}.awaited_user"]
    with override_settings(NETGUARD=made, MIDDLEWARE=middleware, ROOT_URLCONF=(path("", view),)):
        assert [asyncio.run(asked(name)) for name in ("ada", "bob", "ada")] == [200, 200, 429]


class ByField(AuthenticationBackend):
    """An authentication of Starlette's by the field X-User."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        name = conn.headers.get("x-user")
        return None if name is None else (AuthCredentials(), SimpleUser(name))


def authenticated(app: Starlette, made: Policy) -> TestClient:
    app.add_middleware(AuthenticationMiddleware, backend=ByField())
    app.add_middleware(for_starlette.NetguardMiddleware, policy=made)
    return TestClient(app, base_url=SITE)


def asked(site: TestClient, *names: str | None) -> list[int]:
    return [site.get("/", headers={} if name is None else {"x-user": name}).status_code for name in names]


def test_starlettes_authentication_knows_the_user() -> None:
    made = policy(MINE)

    @for_starlette.limited(AsyncLimiter(made), "mine")
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok")

    site = authenticated(Starlette(routes=[Route("/", endpoint)]), made)
    assert asked(site, "ada", "bob", None, "ada", None) == [200, 200, 200, 429, 429]


def test_starlettes_authentication_knows_the_user_in_fastapi() -> None:
    made = policy(MINE)
    app = FastAPI(openapi_url=None, dependencies=[Depends(for_fastapi.limited(AsyncLimiter(made), "mine"))])
    app.get("/")(lambda: "ok")
    assert asked(authenticated(app, made), "ada", "bob", None, "ada", None) == [200, 200, 200, 429, 429]


class Later:
    """Nobody as yet."""

    def __await__(self) -> Any:
        yield


def test_a_sync_endpoint_cannot_await_its_user() -> None:
    made = policy(MINE)

    @for_starlette.limited(Limiter(made), "mine", user=lambda connection: Later())
    def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok")

    with pytest.raises(NetguardError, match="so must be an endpoint"):
        authenticated(Starlette(routes=[Route("/", endpoint)]), made).get("/")


def test_an_endpoint_that_takes_no_request() -> None:
    @for_starlette.limited(Limiter(policy(ONCE)), "once")
    def endpoint() -> str:
        return "ok"

    with pytest.raises(NetguardError, match="takes the request"):
        endpoint()


def socket_in_starlette(made: Policy) -> Starlette:
    @for_starlette.limited(AsyncLimiter(made), "once")
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("ok")

    return Starlette(routes=[WebSocketRoute("/", endpoint)])


def socket_in_fastapi(made: Policy) -> Starlette:
    app = FastAPI(openapi_url=None)

    @app.websocket("/", dependencies=[Depends(for_fastapi.limited(AsyncLimiter(made), "once"))])
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("ok")

    return app


@pytest.mark.parametrize("make", [socket_in_starlette, socket_in_fastapi])
def test_a_handshake_too_many_is_refused(make: Callable[[Policy], Starlette]) -> None:
    made = policy(ONCE)
    site = authenticated(make(made), made)
    ask: dict[str, Any] = {"url": "wss://booking.example/", "headers": {"origin": SITE}}
    with site.websocket_connect(**ask) as socket:
        assert socket.receive_text() == "ok"
    with pytest.raises(WebSocketDenialResponse) as refused, site.websocket_connect(**ask):
        pytest.fail("the handshake was accepted")
    assert refused.value.status_code == 429
    assert 3000 < int(refused.value.headers["retry-after"]) <= 3600
    assert refused.value.headers["x-content-type-options"] == "nosniff"


def test_in_fastapi_the_refusal_leaves_whatever_the_app_makes_of_it() -> None:
    made = policy(ONCE)
    app = FastAPI(openapi_url=None)
    app.get("/", dependencies=[Depends(for_fastapi.limited(Limiter(made), "once"))])(lambda: "ok")

    @app.exception_handler(HTTPException)
    async def own(request: Request, error: Exception) -> Response:
        response = PlainTextResponse("of the app", 418)
        response.set_cookie("seen", "yes")
        return response

    @app.middleware("http")
    async def named(request: Request, call_next: Callable[..., Any]) -> Any:
        response = await call_next(request)
        response.headers["x-app"] = "yes"
        return response

    site = authenticated(app, made)
    assert site.get("/").headers["x-app"] == "yes"
    refused = site.get("/")
    assert (refused.status_code, refused.text) == (429, "Too many requests: please try again later.\n")
    assert not {"set-cookie", "x-app"} & {name.lower() for name in refused.headers}


def test_limits_by_user_are_asked_by_an_async_dependency() -> None:
    made, ran = policy(RateLimit("1/hour", by=user, name="mine")), []

    async def current(connection: HTTPConnection) -> str | None:
        name = connection.headers.get("x-user")
        await for_fastapi.aadmitted(connection, name)
        return name

    app = FastAPI(openapi_url=None, dependencies=[Depends(current)])
    app.get("/")(lambda: ran.append("ran"))
    site = authenticated(app, made)
    assert asked(site, "ada", "bob", "ada", None, None) == [200, 200, 429, 200, 429]
    assert ran == ["ran"] * 3
