"""Logging out: the browser is told to forget the app's cookies and storage, in the scopes that the policy gave them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from netguard import Cookies, NetguardError, Policy, asgi, wsgi
from netguard.cookies import CookieRule
from netguard.exchange import Exchange
from netguard.plan import Plan

SITE = "https://booking.example"
RENAMED = Cookies(rules={"sid": CookieRule(prefix="host"), "club": CookieRule(domain="booking.example", path="/club")})


def answer(
    policy: Policy | Plan, forget: Callable[[Exchange], None], cookie: str, *own: tuple[bytes, bytes], site: str = SITE
) -> list[tuple[str, str]]:
    """The headers of a response whose view forgets, for a browser that sent this Cookie field."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        forget(scope["netguard"])
        await send({"type": "http.response.start", "status": 204, "headers": [*own]})
        await send({"type": "http.response.body", "body": b""})

    client = TestClient(asgi.NetguardMiddleware(app, policy), base_url=site)
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


ADDED = "; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"
PLAIN = Policy(hosts=["booking.example"])


def test_what_a_client_tosses_neither_grows_the_answer_nor_silences_the_telling() -> None:
    told: list[str] = []
    policy = Policy(hosts=["booking.example"], events=[lambda event: told.append(event.code)])
    plan = Plan(policy)
    tossed = "; ".join(f"n{n}=1" for n in range(1100)) + "; n1=2"
    left = answer(plan, Exchange.forget, tossed)
    assert len(cookies(left)) == len(set(cookies(left))) == 64
    assert not told
    rewriter = plan.merge.rewriter
    assert rewriter is not None
    assert not rewriter._told
    assert not rewriter._scopes
    assert not rewriter.raw._endings


def test_the_session_is_deleted_before_what_was_tossed() -> None:
    policy = Policy(hosts=["booking.example"], cookies=RENAMED)
    tossed = "; ".join(f"n{n}=1" for n in range(100))
    left = cookies(answer(policy, Exchange.forget, f"{tossed}; club=1; __Host-sid=2; __Host-own=3"))
    assert [cookie.partition("=")[0] for cookie in left[:3]] == ["club", "__Host-sid", "__Host-own"]


@pytest.mark.parametrize("own", ['"cookies"', '"cache" , "cookies"', '"*"'])
def test_storage_is_cleared_by_one_header(own: str) -> None:
    def twice(exchange: Exchange) -> None:
        exchange.forget("a")
        exchange.forget("a", "b", cookies=True)

    left = answer(PLAIN, twice, "", (b"Clear-Site-Data", own.encode()))
    kinds = [value for name, value in left if name == "clear-site-data"]
    assert len(kinds) == 1
    assert sorted(kinds[0].split(", ")) == (['"*"'] if own == '"*"' else ['"cache"', '"cookies"', '"storage"'])
    assert cookies(left) == [f"a={ADDED}", f"b={ADDED}"]


@pytest.mark.parametrize("name", ["", "€", "ñ", "x; Domain=booking.example\r\n", "a b", "a=b", 5])
def test_what_is_no_name_is_refused(name: Any) -> None:
    def forget(exchange: Exchange) -> None:
        with pytest.raises(NetguardError, match="no cookie's name"):
            exchange.forget(name)

    assert cookies(answer(PLAIN, forget, "a=1")) == []


def test_names_that_no_app_gives_are_not_echoed() -> None:
    assert cookies(answer(PLAIN, Exchange.forget, 'a b=1; =2; "q=3; c[d]=4')) == [f"c[d]={ADDED}"]


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ("a=new; Path=/", ["a=new; Path=/; Secure; HttpOnly; SameSite=Lax"]),
        ("a=new", ["a=new; Secure; HttpOnly; SameSite=Lax"]),
        ("a=new; Path=/x", ["a=new; Path=/x; Secure; HttpOnly; SameSite=Lax", f"a={ADDED}"]),
        ("b=new; Path=/", ["b=new; Path=/; Secure; HttpOnly; SameSite=Lax", f"a={ADDED}"]),
    ],
)
def test_what_the_response_sets_itself_stays(own: str, left: list[str]) -> None:
    assert cookies(answer(PLAIN, Exchange.forget, "a=1", (b"Set-Cookie", own.encode()))) == left


@pytest.mark.parametrize(
    "policy",
    [
        Policy(hosts=["booking.example"], cookies=False),
        Policy(hosts=["booking.example"], cookies=Cookies(exempt=["__Host-p", "__secure-q", "plain", "__Http-r"])),
        Policy(hosts=["booking.example"], cookies=Cookies(only=["other"])),
    ],
    ids=["off", "exempt", "only"],
)
def test_deletions_that_the_policy_leaves_alone_are_such_as_browsers_take(policy: Policy) -> None:
    left = cookies(answer(policy, Exchange.forget, "__Host-p=1; __secure-q=2; plain=3; __Http-r=4"))
    assert sorted(left) == [
        "__Host-p=; Max-Age=0; Path=/; Secure",
        "__Http-r=; Max-Age=0; Path=/; Secure; HttpOnly",
        "__secure-q=; Max-Age=0; Path=/; Secure",
        "plain=; Max-Age=0; Path=/",
    ]


def test_on_localhost_a_domain_and_a_prefix_are_left_off_deletions_too() -> None:
    policy = Policy.development(cookies=RENAMED)
    assert cookies(answer(policy, Exchange.forget, "sid=1; club=2", site="http://localhost:8000")) == [
        "sid=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
        "club=; Max-Age=0; HttpOnly; SameSite=Lax; Path=/club",
    ]


def test_a_renamed_cookie_is_deleted_once_though_the_app_has_it_twice() -> None:
    policy = Policy(hosts=["booking.example"], cookies=Cookies(prefix="host"))
    many = "; ".join(f"__Host-n{n}=1" for n in range(64))
    assert len(cookies(answer(policy, Exchange.forget, many))) == 64
