"""One small app for each framework, with a session of its own: log in, be greeted once, log out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import flask
import httpx2
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.test import override_settings
from django.urls import path
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from netguard import Policy
from netguard.django import get_asgi_application, get_wsgi_application
from netguard.flask import Netguard
from netguard.starlette import NetguardMiddleware, exchange_of
from scenarios.django_driver import ENTRY, FORMS, Form
from support.django_site import configure

configure()

Site = Callable[[Policy, str], AbstractContextManager[Callable[[], httpx2.Client]]]  # what opens browsers on an app

SECRET = "of the tests, and long enough for every framework"
CREDENTIALS = {"username": "ada", "password": "correct horse battery staple"}
LOOPBACK = "127.0.0.1"  # development answers private clients alone
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]


def starlette_who(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.session.get('user')}: {request.session.pop('flash', '')}")


def starlette_login(request: Request) -> PlainTextResponse:
    request.session.update(user="ada", flash="Welcome back")
    return PlainTextResponse("in")


def starlette_logout(request: Request) -> PlainTextResponse:
    request.session.clear()
    exchange_of(request).forget()
    return PlainTextResponse("out")


async def starlette_live(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(str(websocket.session.get("user")))
    await websocket.close()


@contextmanager
def starlette(policy: Policy, url: str) -> Iterator[Callable[[], httpx2.Client]]:
    views = {"/login": starlette_login, "/logout": starlette_logout}
    app = Starlette(
        routes=[
            Route("/", starlette_who),
            *(Route(place, view, methods=["POST"]) for place, view in views.items()),
            WebSocketRoute("/live", starlette_live),
        ],
        middleware=[Middleware(NetguardMiddleware, policy=policy), Middleware(SessionMiddleware, secret_key=SECRET)],
    )
    yield lambda: TestClient(app, base_url=url, client=(LOOPBACK, 50000))


@contextmanager
def flasks(policy: Policy, url: str) -> Iterator[Callable[[], httpx2.Client]]:
    app = flask.Flask("sessions")
    app.secret_key = SECRET
    Netguard(app, policy)

    @app.get("/")
    def who() -> str:
        return f"{flask.session.get('user')}: {', '.join(map(str, flask.get_flashed_messages()))}"

    @app.post("/login")
    def log_in() -> str:
        flask.session["user"] = "ada"
        flask.flash("Welcome back")
        return "in"

    @app.post("/logout")
    def log_out() -> str:
        flask.session.clear()
        flask.g.netguard.forget()
        return "out"

    yield lambda: httpx2.Client(transport=httpx2.WSGITransport(app=app), base_url=url)


def django_who(request: HttpRequest) -> HttpResponse:
    user = request.user.get_username() if request.user.is_authenticated else None
    token = get_token(request)
    return HttpResponse(f"{user}: {', '.join(map(str, messages.get_messages(request)))}", headers={"X-Token": token})


def django_login(request: HttpRequest) -> HttpResponse:
    user = authenticate(request, **CREDENTIALS)
    assert user is not None
    login(request, user)
    messages.info(request, "Welcome back")
    return HttpResponse("in")


def django_logout(request: HttpRequest) -> HttpResponse:
    logout(request)
    request.netguard.forget()  # type: ignore[attr-defined]
    return HttpResponse("out")


def django_farewell(request: HttpRequest) -> HttpResponse:
    messages.info(request, "You are logged out.")
    return django_logout(request)


URLS = (
    path("", django_who),
    path("login", django_login),
    path("logout", django_logout),
    path("farewell", django_farewell),
)


@contextmanager
def django(form: Form, policy: Policy, url: str) -> Iterator[Callable[[], httpx2.Client]]:
    entry = [ENTRY] if form.endswith("middleware") else []
    with override_settings(NETGUARD=policy, MIDDLEWARE=[*entry, *MIDDLEWARE], ROOT_URLCONF=URLS):
        if form.startswith("wsgi"):
            wsgi: Any = WSGIHandler() if entry else get_wsgi_application()
            yield lambda: httpx2.Client(transport=httpx2.WSGITransport(app=wsgi), base_url=url)
        else:
            asgi: Any = ASGIHandler() if entry else get_asgi_application()
            yield lambda: TestClient(asgi, base_url=url, client=(LOOPBACK, 50000))


SITES: dict[str, Site] = {
    "starlette": starlette,
    "flask": flasks,
    **{f"django-{form}": partial(django, form) for form in FORMS},
}
