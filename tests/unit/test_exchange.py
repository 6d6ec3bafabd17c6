"""One request's exchange where things go wrong at once: threads that tell, heads that fail, handshakes with cookies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from netguard import Cookies, Origin, Policy, asgi, wsgi
from netguard.messages import Refusal
from netguard.plan import Plan
from scenarios.listening import listening

SITE = "https://booking.example"
HOSTS = ["booking.example"]
TOKENS = Policy(hosts=HOSTS, secrets=["s" * 32], origin=Origin(token=True))
ENVIRON = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "booking.example", "wsgi.url_scheme": "https"}
Heads = list[tuple[str, dict[str, str]]]


class Emptied(deque[Refusal]):
    """News of which another thread tells between the look and the grasp."""

    def __bool__(self) -> bool:
        return True

    def popleft(self) -> Refusal:
        raise IndexError


def asked_by_wsgi(app: wsgi.WSGIApp, plan: Plan) -> Heads:
    heads: Heads = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        heads.append((status, dict(headers)))
        return bytes

    list(wsgi.NetguardMiddleware(app, plan)(dict(ENVIRON), start))
    return heads


async def plain(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def plain_wsgi(environ: wsgi.Environ, start: wsgi.StartResponse) -> list[bytes]:
    start("200 OK", [])
    return [b"ok"]


def test_news_that_another_thread_tells_first_are_no_error() -> None:
    plan = Plan(Policy(hosts=HOSTS))
    assert plan.merge.rewriter is not None
    plan.merge.rewriter.news = Emptied()
    assert [status for status, _ in asked_by_wsgi(plain_wsgi, plan)] == ["200 OK"]
    assert TestClient(asgi.NetguardMiddleware(plain, plan), base_url=SITE).get("/").text == "ok"


def test_a_head_that_cannot_be_made_is_answered_with_headers() -> None:
    def unspeakable(environ: wsgi.Environ, start: wsgi.StartResponse) -> list[bytes]:
        start("200 OK", [("Set-Cookie", "\u2603=1")])
        return [b"ok"]

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", None)]})

    plan = Plan(Policy(hosts=HOSTS))
    ((status, headers),) = asked_by_wsgi(unspeakable, plan)
    assert (status, headers["x-content-type-options"]) == ("500 Internal Server Error", "nosniff")
    client = TestClient(asgi.NetguardMiddleware(nothing, plan), base_url=SITE, raise_server_exceptions=False)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["x-content-type-options"]) == (500, "nosniff")


def handshake(policy: Policy, touch: Callable[[Any], object], cookie: str = "") -> list[str]:
    """The cookies that an accepted handshake sets."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        touch(scope["netguard"])
        await send({"type": "websocket.accept", "headers": [(b"set-cookie", b"own=1")]})
        await send({"type": "websocket.close", "code": 1000})

    client = TestClient(asgi.NetguardMiddleware(app, policy), base_url=SITE)
    with client.websocket_connect("wss://booking.example/live", headers={"Origin": SITE, "Cookie": cookie}) as live:
        with pytest.raises(WebSocketDisconnect):
            live.receive_text()
        accepted: Any = live.extra_headers  # which Starlette declares as None
        return [value.decode() for name, value in accepted if name == b"set-cookie"]


def test_a_handshake_brings_the_cookie_of_its_token() -> None:
    own, issued = handshake(TOKENS, lambda exchange: exchange.csrf_token)
    assert own.startswith("own=1;")
    assert issued.startswith("__Host-netguard-csrf=")
    assert issued.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")


def test_a_handshake_forgets_cookies() -> None:
    own, deleted = handshake(TOKENS, lambda exchange: exchange.forget(), "sid=1")
    assert own.startswith("own=1;")
    assert deleted.startswith("sid=; Max-Age=0;")


def test_what_a_handshake_s_cookies_told_is_told_of_the_handshake() -> None:
    with listening() as events:
        handshake(Policy(hosts=HOSTS), lambda exchange: None)
    assert [(event.code, event.path) for event in events] == [("cookies.completed", "/live")]


def test_the_test_clients_name_is_local_in_development_alone() -> None:
    async def setting(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", b"sid=1")]})
        await send({"type": "http.response.body", "body": b"ok"})

    set_by: dict[str, str] = {}
    policies = {
        "development": Policy.development(cookies=Cookies(prefix="host")),
        "web": Policy(hosts=["testserver"], https=False, cookies=Cookies(prefix="host")),
    }
    for key, policy in policies.items():
        client = TestClient(asgi.NetguardMiddleware(setting, policy), client=("127.0.0.1", 1))
        set_by[key] = client.get("/").headers["set-cookie"].partition(";")[0]
    assert set_by == {"development": "sid=1", "web": "__Host-sid=1"}


@pytest.mark.parametrize("outer", [Cookies(), Cookies(prefix="host"), Cookies(prefix="secure")])
def test_a_mounted_app_keeps_its_own_tokens_behind_an_outer_policy(outer: Cookies) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = scope["netguard"].csrf_token.encode() if scope["method"] == "GET" else b"ok"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    inner = asgi.NetguardMiddleware(app, TOKENS)
    client = TestClient(asgi.NetguardMiddleware(inner, Policy(hosts=HOSTS, cookies=outer)), base_url=SITE)
    token = client.get("/").text
    assert client.post("/", headers={"X-CSRF-Token": token}).status_code == 200
    assert client.post("/").status_code == 403
