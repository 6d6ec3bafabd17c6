"""Apps with a limit by client beside one by a field of the body; the environment names the store."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

import netguard.asgi
import netguard.wsgi
from netguard import Policy, RateLimit, form

POLICY = Policy(
    hosts=["localhost:*"],
    https=False,
    origin=False,
    limits=[
        RateLimit("1/day", name=os.environ["TEST_NAME"]),
        RateLimit("9/day", on="POST /mail", by=form("email"), name="mail"),
    ],
)


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def _wsgi(environ: dict[str, Any], start: Any) -> list[bytes]:
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def _view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


asgi = netguard.asgi.NetguardMiddleware(_asgi, POLICY)
wsgi = netguard.wsgi.NetguardMiddleware(_wsgi, POLICY)

urlpatterns = [path("mail", _view)]
settings.configure(
    SECRET_KEY="a secret of this test run, long enough",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["netguard.django.NetguardMiddleware"],
    NETGUARD=POLICY,
)
django = get_wsgi_application()
