"""One view that asks limits, in every framework and form, behind its real test client. Who asks says so in X-User."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from fastapi import Depends, FastAPI
from flask import Flask, request
from flask.views import MethodView
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from netguard import AsyncLimiter, Limiter
from netguard import django as for_django
from netguard import fastapi as for_fastapi
from netguard import flask as for_flask
from netguard import starlette as for_starlette
from netguard.plan import Plan
from scenarios.django_driver import ENTRY

SITE: Final = "https://booking.example"
AUTH: Final = "scenarios.django_driver.told_user"


@dataclass(slots=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: str


@dataclass(slots=True)
class Site:
    """A service with a view at ``/``; ``ran`` has an entry for each time that it ran."""

    policy: Plan
    names: Sequence[str]
    ran: list[str] = field(default_factory=list)

    def view(self) -> str:
        """What every framework's view does."""
        self.ran.append("ran")
        return "ok"


Ask = Callable[[Mapping[str, str]], Answered]


def _answered(response: Any, body: str) -> Answered:
    return Answered(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def _flask(make: Callable[[Site, Callable[[Any], Any]], Any]) -> Callable[[Site], Ask]:
    def made(site: Site) -> Ask:
        app = Flask("limited")
        app.add_url_rule("/", view_func=make(site, for_flask.limited(Limiter(site.policy), *site.names)))
        for_flask.Netguard(app, site.policy, user=lambda: request.headers.get("X-User"))
        client = app.test_client()

        def ask(headers: Mapping[str, str]) -> Answered:
            response = client.get("/", base_url=SITE, headers=dict(headers))
            return _answered(response, response.text)

        return ask

    return made


def _flask_sync(site: Site, limited: Callable[[Any], Any]) -> Any:
    return limited(site.view)


def _flask_async(site: Site, limited: Callable[[Any], Any]) -> Any:
    @limited
    async def view() -> str:
        return site.view()

    return view


def _flask_class(site: Site, limited: Callable[[Any], Any]) -> Any:
    class Page(MethodView):
        decorators = [limited]  # noqa: RUF012  # as Flask documents it

        def get(self) -> str:
            return site.view()

    return Page.as_view("page")


def _django(make: Callable[[Site, Callable[[Any], Any]], Any], *, awaits: bool = False) -> Callable[[Site], Ask]:
    def made(site: Site) -> Ask:
        kind = AsyncLimiter if awaits else Limiter
        urls = (path("", make(site, for_django.limited(kind(site.policy), *site.names))),)

        def ask(headers: Mapping[str, str]) -> Answered:
            settings = override_settings(NETGUARD=site.policy, MIDDLEWARE=[ENTRY, AUTH], ROOT_URLCONF=urls)
            with settings:
                if awaits:  # this client always asks for testserver
                    return _read(asyncio.run(AsyncClient().get("/", secure=True, headers=headers)))
                return _read(Client().get("/", secure=True, headers={"host": "booking.example", **headers}))

        return ask

    return made


def _read(response: Any) -> Answered:
    return _answered(response, response.content.decode())


def _django_sync(site: Site, limited: Callable[[Any], Any]) -> Any:
    @limited
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(site.view())

    return view


def _django_async(site: Site, limited: Callable[[Any], Any]) -> Any:
    @limited
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(site.view())

    return view


def _django_class(site: Site, limited: Callable[[Any], Any]) -> Any:
    class Page(View):
        async def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(site.view())

    return limited(Page).as_view()


def _django_dispatch(site: Site, limited: Callable[[Any], Any]) -> Any:
    @method_decorator(limited, name="dispatch")
    class Page(View):
        async def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(site.view())

    return Page.as_view()


def _django_method(site: Site, limited: Callable[[Any], Any]) -> Any:
    @method_decorator(limited, name="get")
    class Page(View):
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(site.view())

    return Page.as_view()


def _named(connection: HTTPConnection) -> str | None:
    return connection.headers.get("x-user")


async def _named_later(connection: HTTPConnection) -> str | None:
    return _named(connection)


def _asked(app: Starlette, site: Site) -> Ask:
    app.add_middleware(for_starlette.NetguardMiddleware, policy=site.policy)
    client = TestClient(app, base_url=SITE)

    def ask(headers: Mapping[str, str]) -> Answered:
        response = client.get("/", headers=headers)
        return _answered(response, response.text)

    return ask


def _starlette_sync(site: Site) -> Ask:
    @for_starlette.limited(Limiter(site.policy), *site.names, user=_named)
    def endpoint(request: Request) -> Response:
        return PlainTextResponse(site.view())

    return _asked(Starlette(routes=[Route("/", endpoint)]), site)


def _starlette_async(site: Site) -> Ask:
    @for_starlette.limited(AsyncLimiter(site.policy), *site.names, user=_named_later)
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(site.view())

    return _asked(Starlette(routes=[Route("/", endpoint)]), site)


def _starlette_class(site: Site) -> Ask:
    class Page(HTTPEndpoint):
        @for_starlette.limited(AsyncLimiter(site.policy), *site.names, user=_named)
        async def get(self, request: Request) -> Response:
            return PlainTextResponse(site.view())

    return _asked(Starlette(routes=[Route("/", Page)]), site)


def _fastapi(user: Callable[..., Any]) -> Callable[[Site], Ask]:
    def made(site: Site) -> Ask:
        app = FastAPI(openapi_url=None)
        limited = for_fastapi.limited(AsyncLimiter(site.policy), *site.names, user=user)

        @app.get("/", dependencies=[Depends(limited)], response_class=PlainTextResponse)
        async def page() -> str:
            return site.view()

        return _asked(app, site)

    return made


SITES: Final[Mapping[str, Callable[[Site], Ask]]] = {
    "flask-sync": _flask(_flask_sync),
    "flask-async": _flask(_flask_async),
    "flask-class": _flask(_flask_class),
    "django-sync": _django(_django_sync),
    "django-async": _django(_django_async, awaits=True),
    "django-class": _django(_django_class, awaits=True),
    "django-dispatch-method": _django(_django_dispatch, awaits=True),
    "django-method": _django(_django_method),
    "django-async-view-under-wsgi": _django(_django_async),
    "starlette-sync": _starlette_sync,
    "starlette-async": _starlette_async,
    "starlette-class": _starlette_class,
    "fastapi-sync-user": _fastapi(_named),
    "fastapi-async-user": _fastapi(_named_later),
}
