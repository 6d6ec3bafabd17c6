"""Logging out: the browser is told to forget the app's cookies and storage, in the scopes that the policy gave them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from netguard import Cookies, NetguardError, Policy, asgi, wsgi
from netguard.cookies import CookieRule
from netguard.exchange import Exchange

SITE = "https://booking.example"
RENAMED = Cookies(rules={"sid": CookieRule(prefix="host"), "club": CookieRule(domain="booking.example", path="/club")})


def answer(policy: Policy, forget: Callable[[Exchange], None], cookie: str) -> list[tuple[str, str]]:
    """The headers of a response whose view forgets, for a browser that sent this Cookie field."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        forget(scope["netguard"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    client = TestClient(asgi.NetguardMiddleware(app, policy), base_url=SITE)
    return client.get("/", headers={"Cookie": cookie}).headers.multi_items()


def cookies(headers: list[tuple[str, str]]) -> list[str]:
    return [value for name, value in headers if name == "set-cookie"]


def test_what_the_browser_brought_is_deleted_in_its_scope() -> None:
    left = answer(Policy(hosts=["booking.example"], cookies=RENAMED), Exchange.forget, "__Host-sid=1; club=2; a=3")
    assert cookies(left) == [
        "__Host-sid=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax",
        "club=; Max-Age=0; Secure; HttpOnly; SameSite=Lax; Domain=booking.example; Path=/club",
        "a=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax",
    ]
    assert dict(left)["clear-site-data"] == '"cache", "storage"'


def test_cookies_are_named_or_cleared_on_request_only() -> None:
    policy = Policy(hosts=["booking.example"])
    left = answer(policy, lambda exchange: exchange.forget("sid", cookies=True), "a=3")
    assert [cookie.partition(";")[0] for cookie in cookies(left)] == ["sid="]
    assert dict(left)["clear-site-data"] == '"cache", "storage", "cookies"'


def test_wsgi_forgets_alike() -> None:
    heads: list[list[tuple[str, str]]] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        environ["netguard"].forget("sid")
        start_response("204 No Content", [])
        return []

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        heads.append(headers)
        return bytes

    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "HTTP_HOST": "booking.example", "wsgi.url_scheme": "https"}
    wsgi.NetguardMiddleware(app, Policy(hosts=["booking.example"]))(environ, start)
    (headers,) = heads
    assert ("set-cookie", "sid=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax") in headers
    assert ("clear-site-data", '"cache", "storage"') in headers


def test_it_is_too_late_once_the_headers_left() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        with pytest.raises(NetguardError, match="before the response starts"):
            scope["netguard"].forget()
        await send({"type": "http.response.body", "body": b"ok"})

    client = TestClient(asgi.NetguardMiddleware(app, Policy(hosts=["booking.example"])), base_url=SITE)
    assert client.get("/").text == "ok"
