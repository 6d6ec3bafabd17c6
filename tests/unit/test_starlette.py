"""What is Starlette's and FastAPI's own: overrides by route, the exchange as a dependency, users, the docs pages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from netguard import CSP, ConfigError, Exchange, Headers, NetguardError, Policy, asgi, wsgi
from netguard.fastapi import admitted, allow_docs, use_headers
from netguard.messages import Refusal
from netguard.messages import Request as Asked
from netguard.plan import Plan
from netguard.rules import Mode
from netguard.starlette import NetguardMiddleware, UserRules, exchange_of, headers

POLICY = Policy(hosts=["booking.example"])
SITE = "https://booking.example"
CDN, FRAME = "https://cdn.example", Headers(x_frame_options="SAMEORIGIN")


def client(app: Starlette, policy: Policy | Plan = POLICY) -> TestClient:
    """A client of the app behind the policy."""
    app.add_middleware(NetguardMiddleware, policy=policy)
    return TestClient(app, base_url=SITE, raise_server_exceptions=False)


@headers(append=CSP(img_src=[CDN]))
async def appended(request: Request) -> Response:
    return PlainTextResponse("ok")


@headers(FRAME)
@headers(append=CSP(img_src=[CDN]))
def twice(request: Request) -> Response:
    return PlainTextResponse("ok")


async def plain(request: Request) -> Response:
    return PlainTextResponse("ok")


@pytest.fixture
def site() -> TestClient:
    """Three routes, of which two have headers of their own."""
    return client(Starlette(routes=[Route("/appended", appended), Route("/twice", twice), Route("/plain", plain)]))


def test_a_route_appends_to_the_csp(site: TestClient) -> None:
    assert f"img-src 'self' {CDN};" in site.get("/appended").headers["content-security-policy"]


def test_overrides_stack(site: TestClient) -> None:
    found = site.get("/twice").headers
    assert found["x-frame-options"] == "SAMEORIGIN"
    assert CDN in found["content-security-policy"]


def test_an_override_does_not_leak_to_the_next_request(site: TestClient) -> None:
    before = site.get("/plain").headers
    site.get("/twice")
    assert site.get("/plain").headers == before
    assert CDN not in before["content-security-policy"]


def test_an_override_after_the_start_is_an_error_with_its_mend() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        with pytest.raises(NetguardError, match="before the response starts"):
            scope["netguard"].override(FRAME)
        await send({"type": "http.response.body", "body": b"ok"})

    assert TestClient(asgi.NetguardMiddleware(app, POLICY), base_url=SITE).get("/").text == "ok"


def test_appending_without_a_csp_is_an_error() -> None:
    app = Starlette(routes=[Route("/", appended)])
    assert client(app, Policy(hosts=["booking.example"], headers=Headers(csp=False))).get("/").status_code == 500


def test_fastapi_finds_the_exchange_and_overrides_by_dependency() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/", dependencies=[Depends(use_headers(FRAME)), Depends(use_headers(append=CSP(img_src=[CDN])))])
    def page(exchange: Annotated[Exchange, Depends(exchange_of)]) -> str:
        return exchange.nonce

    found = client(app).get("/")
    assert f"'nonce-{found.json()}'" in found.headers["content-security-policy"]
    assert CDN in found.headers["content-security-policy"]
    assert found.headers["x-frame-options"] == "SAMEORIGIN"


def test_without_the_middleware_the_error_says_what_to_add() -> None:
    app = Starlette(routes=[Route("/", appended)])
    with pytest.raises(NetguardError, match="add NetguardMiddleware"):
        TestClient(app).get("/")


def test_the_docs_pages_work_once_allowed(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    allow_docs(app)
    with caplog.at_level(logging.WARNING, "netguard"):
        site = client(app)
        for path in ("/docs", "/redoc"):
            found = site.get(path)
            assert found.status_code == 200
            assert "https://cdn.jsdelivr.net/npm/" in found.headers["content-security-policy"]
            assert "'unsafe-inline'" not in found.headers["content-security-policy"]
        assert "jsdelivr" not in site.get("/openapi.json").headers["content-security-policy"]
    assert "'sha256-" in site.get("/docs").headers["content-security-policy"]
    assert "allow_docs" not in caplog.text


def test_docs_pages_that_would_stay_blank_are_told_with_the_mend(caplog: pytest.LogCaptureFixture) -> None:
    site = client(FastAPI())
    with caplog.at_level(logging.WARNING, "netguard"):
        site.get("/docs")
        site.get("/docs")
    assert caplog.text.count("netguard.fastapi.allow_docs(app)") == 1


@dataclass(slots=True)
class StaffOnly:
    """A rule about the user."""

    rule: str = "roles"
    mode: Mode = "enforce"
    hides: bool = False

    def matches(self, request: Asked) -> bool:
        return request.path.startswith("/staff")

    def judge(self, request: Asked, user: object) -> Refusal | None:
        return None if user == "staff" else Refusal("roles", "roles.other", 403, f"{user!r} is not staff")


STAFF = Plan(POLICY, user_rules=[StaffOnly()])


async def secret(request: Request) -> Response:
    return PlainTextResponse("secret", headers={"X-Secret": "1"})


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("secret")
    await websocket.close()


def staffed(*middleware: Middleware) -> TestClient:
    """An app with a guarded page and a guarded WebSocket."""
    routes = [Route("/staff", secret), Route("/open", plain), WebSocketRoute("/staff/live", socket)]
    return client(Starlette(routes=routes, middleware=list(middleware)), STAFF)


def _user(connection: HTTPConnection) -> str | None:
    return connection.headers.get("x-user")


async def _user_later(connection: HTTPConnection) -> str | None:
    await asyncio.sleep(0)
    return _user(connection)


@pytest.mark.parametrize("user", [_user, _user_later], ids=["sync", "async"])
def test_a_rule_about_the_user_is_asked_by_the_inner_hook(user: Callable[[HTTPConnection], object]) -> None:
    site = staffed(Middleware(UserRules, user=user))
    assert site.get("/staff", headers={"X-User": "staff"}).text == "secret"
    for fields in ({}, {"X-User": "guest"}):
        found = site.get("/staff", headers=fields)
        assert found.status_code == 403
        assert "secret" not in found.text
        assert "x-secret" not in found.headers
        assert "content-security-policy" in found.headers
    assert site.get("/open").text == "ok"


def test_where_the_hook_never_ran_nothing_of_the_app_leaves() -> None:
    found = staffed().get("/staff", headers={"X-User": "staff"})
    assert found.status_code == 403
    assert "secret" not in found.text
    assert "x-secret" not in found.headers


def test_a_websocket_is_withheld_too() -> None:
    site = staffed(Middleware(UserRules, user=_user))
    with site.websocket_connect("wss://booking.example/staff/live", headers={"X-User": "staff"}) as live:
        assert live.receive_text() == "secret"
    for bare in (site, staffed()):
        with pytest.raises(WebSocketDisconnect), bare.websocket_connect("wss://booking.example/staff/live"):
            pass


def test_an_app_error_on_an_unjudged_route_shows_nothing_either() -> None:
    async def broken(request: Request) -> Response:
        raise ValueError("secret")

    found = client(Starlette(routes=[Route("/staff", broken)]), STAFF).get("/staff")
    assert found.status_code == 403
    assert "secret" not in found.text


def test_refusals_about_users_are_events(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "netguard"):
        staffed().get("/staff")
        staffed(Middleware(UserRules, user=_user)).get("/staff")
    assert "[roles.unjudged]" in caplog.text
    assert "[roles.other]" in caplog.text


def test_fastapi_asks_in_a_dependency() -> None:
    app = FastAPI(openapi_url=None)

    def staff(connection: HTTPConnection) -> None:
        admitted(connection, connection.headers.get("x-user"))

    @app.get("/staff", dependencies=[Depends(staff)])
    def page() -> str:
        return "secret"

    site = client(app, STAFF)
    assert site.get("/staff", headers={"X-User": "staff"}).json() == "secret"
    assert "secret" not in site.get("/staff").text
    assert site.get("/staff").status_code == 403


def test_bare_drivers_take_a_callable_or_refuse_to_start() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("secret")(scope, receive, send)

    def find(scope: Any) -> str | None:
        return "staff" if (b"x-user", b"staff") in scope["headers"] else None

    site = TestClient(asgi.NetguardMiddleware(app, STAFF, user=find), base_url=SITE)
    assert site.get("/staff", headers={"X-User": "staff"}).text == "secret"
    assert site.get("/staff").status_code == 403
    for driver in (asgi, wsgi):
        with pytest.raises(ConfigError, match="user="):
            driver.NetguardMiddleware(app, STAFF)
