"""What a browser sent, as the app reads it: no parser finds a tossed cookie under a name that the policy guards."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

import pytest
from django.http.cookie import parse_cookie as django_parser
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request, cookie_parser
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from werkzeug.sansio.http import parse_cookie as werkzeug_parser

from netguard import Cookies, Policy
from netguard.asgi import NetguardMiddleware
from netguard.cookie_rewriting import CookieRewriter
from netguard.cookies import CookieRule

RULE, ALL = Cookies(rules={"sid": CookieRule(prefix="host")}), Cookies(prefix="host")


def found(field: bytes, name: str) -> set[str]:
    """All that any framework reads under this name."""
    values: set[str] = set()
    for text in (field.decode("latin-1"), field.decode("utf-8", "replace")):
        for parser in (cookie_parser, django_parser):
            values |= {value for key, value in parser(text).items() if key == name}
        values |= set(werkzeug_parser(text).getlist(name))
        try:
            values |= {morsel.value for key, morsel in SimpleCookie(text).items() if key == name}
        except CookieError:
            continue
    return values


@pytest.mark.parametrize("section", [RULE, ALL])
@pytest.mark.parametrize(
    "tossed",
    [b"sid=evil", b"\xa0sid=evil", b"\xc2\xa0sid=evil", b"\xe2\x80\x83sid=evil", b"x=1 sid=evil", b"sid =evil", b"sid",
     b"sid\x0b=evil", b"\x85sid=evil", b'x="a" sid=evil', b'x="a; y=" sid=evil "', b"\xa0__Host-sid=evil",
     b"x=1 __Host-sid=evil"],
)  # fmt: skip
def test_a_tossed_cookie_is_found_by_no_parser(section: Cookies, tossed: bytes) -> None:
    for field in (b"__Host-sid=good; " + tossed, tossed + b"; __Host-sid=good"):
        read = CookieRewriter(section).incoming(field)
        assert found(read, "sid") == {"good"}
        assert found(read, "__Host-sid") == {"good"}


pieces = st.sampled_from(
    [b"sid", b"__Host-sid", b"=", b"evil", b";", b" ", b"\t", b'"', b"\\", b",", b"x", b"x=1", b"\xa0", b"\x85",
     b"\xc2", b"\xe2\x80\x83", b"\x1c", b"\x0c", b"[", b"; sid=evil"]
)  # fmt: skip


@given(st.lists(pieces, max_size=12).map(b"".join), st.sampled_from([RULE, ALL]))
def test_no_field_gives_a_parser_a_session_that_browsers_do_not_guard(field: bytes, section: Cookies) -> None:
    guarded = [part.strip(b" \t").partition(b"=") for part in field.split(b";")]
    genuine = b"; ".join(b"sid" + equals + value for name, equals, value in guarded if name == b"__Host-sid")
    read = CookieRewriter(section).incoming(field)
    assert found(read, "sid") <= found(genuine, "sid") | {""}
    assert b"evil" in genuine or not any("evil" in value for value in found(read, "sid"))


@given(st.lists(pieces, max_size=12).map(b"".join))
def test_two_in_a_row_read_as_one(field: bytes) -> None:
    rewriter = CookieRewriter(ALL)
    once = rewriter.incoming(field)
    assert found(rewriter.incoming(once), "sid") == found(once, "sid")


@pytest.mark.parametrize(
    ("section", "sent", "read"),
    [
        (ALL, b'__Host-m="a b=c \\" d"', b'm="a b=c \\" d"; __Host-m="a b=c \\" d"'),
        (ALL, b"__Host-x=a=b==", b"x=a=b==; __Host-x=a=b=="),
        (ALL, b"__Host-a[b]=1; __Secure-c=2", b"a[b]=1; __Host-a[b]=1; __Secure-c=2"),
        (ALL, b"__Host-=1; __Host-__Host-x=2", b"__Host-=1; __Host-__Host-x=2"),
        (RULE, b"theme=dark blue x=1;a = b", b"theme=dark blue x=1; a = b"),
        (RULE, b"", b""),
    ],
)
def test_what_no_parser_can_mistake_stays_as_it_is(section: Cookies, sent: bytes, read: bytes) -> None:
    assert CookieRewriter(section).incoming(sent) == read


def test_the_names_of_a_client_are_looked_up_in_no_memory() -> None:
    rewriter = CookieRewriter(ALL)
    rewriter.incoming(b"; ".join(b"n%d=1" % n for n in range(5000)))
    assert not rewriter._wanted


@pytest.mark.parametrize("section", [RULE, ALL])
@pytest.mark.parametrize("piece", [b"a", b" ", b"a ", b'"', b"=", b"\\", b'\\"', b"\xa0", b"\xa0=", b"\xc2\xa0"])
@pytest.mark.parametrize("start", [b"", b'__Host-x="', b"__Host-x= "])
def test_no_field_takes_a_square_of_time(section: Cookies, piece: bytes, start: bytes) -> None:
    CookieRewriter(section).incoming(start + piece * 65536)  # minutes, if it did


def logged_in(*policies: Policy, cookie: str) -> str:
    """Who a second process takes the browser for, after a log-in at the first."""

    def login(request: Request) -> PlainTextResponse:
        request.session["user"] = "ada"
        return PlainTextResponse("in")

    def who(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(request.session.get("user")))

    def process() -> ASGIApp:
        sessions = Middleware(SessionMiddleware, secret_key="of the tests alone", session_cookie=cookie)
        routes = [Route("/login", login, methods=["POST"]), Route("/", who)]
        app: ASGIApp = Starlette(routes=routes, middleware=[sessions])
        for policy in policies:
            app = NetguardMiddleware(app, policy)
        return app

    first, second = (TestClient(process(), base_url="https://booking.example") for _ in range(2))
    first.post("/login")
    second.cookies = first.cookies
    return second.get("/").text


@pytest.mark.parametrize("cookie", ["session", "__Host-session", "__Secure-session"])
@pytest.mark.parametrize("prefix", ["host", "secure"])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_session_outlives_its_process_whoever_prefixed_it(cookie: str, prefix: str, layers: int) -> None:
    section = Cookies(prefix="host") if prefix == "host" else Cookies(prefix="secure")
    policy = Policy(hosts=["booking.example"], cookies=section)
    assert logged_in(*[policy] * layers, cookie=cookie) == "ada"


def test_a_rule_under_another_is_no_obstacle() -> None:
    section = Cookies(rules={"session": CookieRule(prefix="host")})
    assert logged_in(*[Policy(hosts=["booking.example"], cookies=section)] * 2, cookie="session") == "ada"
