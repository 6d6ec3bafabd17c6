"""The cookies' section: mistakes are named, and what browsers would drop is an error for developers who ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard import ConfigError, Cookies
from netguard.cookie_rewriting import CookieRewriter
from netguard.cookies import CookieRule
from netguard.errors import CookieError

untyped: Any = Cookies
rule: Any = CookieRule


def outgoing(rewriter: CookieRewriter, *cookies: bytes, host: str | None = None, secure: bool = True) -> list[bytes]:
    """The cookies of one response as they leave."""
    own = [(b"set-cookie", cookie) for cookie in cookies]
    left = own.copy()
    rewriter.raw.rewrite(own, left, host, secure)
    return [value for _, value in left]


def outgoing_text(
    rewriter: CookieRewriter, *cookies: bytes, host: str | None = None, secure: bool = True
) -> list[bytes]:
    """The same through WSGI's text."""
    own = [("Set-Cookie", cookie.decode("latin-1")) for cookie in cookies]
    left = own.copy()
    rewriter.text.rewrite(own, left, host, secure)
    return [value.encode("latin-1") for _, value in left]


@pytest.mark.parametrize(
    ("write", "said"),
    [
        pytest.param(lambda: untyped(same_site="lax"), "'lax'", id="same-site"),
        pytest.param(lambda: untyped(http_only="yes"), "'yes'", id="http-only"),
        pytest.param(lambda: untyped(prefix="__Host-"), "'__Host-'", id="prefix"),
        pytest.param(lambda: untyped(path="admin"), "'admin'", id="path"),
        pytest.param(lambda: untyped(path="/a;b"), "'/a;b'", id="path-that-ends"),
        pytest.param(lambda: untyped(domain="a b"), "'a b'", id="domain"),
        pytest.param(lambda: untyped(domain="a.example:80"), "'a.example:80'", id="domain-with-port"),
        pytest.param(lambda: untyped(domain={"a.example": 5}), "5", id="domain-by-host"),
        pytest.param(lambda: untyped(only=["a"], exempt=["b"]), "not both", id="only-and-exempt"),
        pytest.param(lambda: untyped(rules=["a"]), "mapping", id="rules-list"),
        pytest.param(lambda: untyped(rules={"a": {"path": "/"}}), "CookieRule", id="rule-dict"),
        pytest.param(lambda: untyped(prefix="host", path="/x"), "Path=/", id="host-prefix-with-path"),
        pytest.param(lambda: untyped(prefix="secure", secure=False), "secure=True", id="prefix-not-secure"),
        pytest.param(lambda: rule(prefix="host", domain="a.example"), "Path=/", id="rule-host-prefix-with-domain"),
        pytest.param(lambda: rule(same_site=False), "'None'", id="rule-without-same-site"),
        pytest.param(lambda: rule(samesite="Lax"), "same_site", id="misspelt"),
    ],
)
def test_a_mistake_names_value_and_mend(write: Callable[[], object], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        write()
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "cookies",
    [[b"a=" + b"x" * 4096], [b"a=1; Path=/", b"a=2; Path=/x"]],
    ids=["too-large", "two-scopes"],
)
def test_what_browsers_drop_or_confuse_is_an_error_where_it_is_asked_for(cookies: list[bytes]) -> None:
    with pytest.raises(CookieError):
        outgoing(CookieRewriter(Cookies(strict=True), raises=True), *cookies)
    told = CookieRewriter(Cookies(strict=True))
    outgoing(told, *cookies)
    assert {news.code for news in told.news} - {"cookies.completed"}


names = st.sampled_from([b"a", b"sid", b"__Host-a", b"__secure-b", b"a[b]", b"csrftoken", b""])
attributes = st.lists(
    st.sampled_from(
        [b"Secure", b"secure=1", b"HttpOnly", b"SameSite=None", b"samesite=lax", b"Domain=a.example", b"Path=/x",
         b"Path=/", b"Max-Age=0", b"Partitioned", b"Expires=Thu, 01 Jan 1970 00:00:00 GMT", b"", b"Priority=High"]
    ),
    max_size=6,
)  # fmt: skip
sections = st.builds(
    Cookies,
    same_site=st.sampled_from(["Lax", "Strict", "None", False]),
    http_only=st.booleans(),
    domain=st.sampled_from([False, "a.example", {"h.example": "a.example"}]),
    path=st.sampled_from([False, "/", "/y"]),
    rules=st.dictionaries(
        st.sampled_from(["a", "sid"]),
        st.builds(CookieRule, same_site=st.sampled_from(["Lax", "Strict", "None"]), http_only=st.booleans()),
    ),
)
values = st.binary(max_size=20).map(lambda raw: raw.replace(b";", b"").strip())


@given(sections, names, values, attributes)
def test_rewriting_is_idempotent_and_browsers_accept_the_result(
    section: Cookies, name: bytes, value: bytes, extras: list[bytes]
) -> None:
    rewriter = CookieRewriter(section)
    cookie = b"; ".join([name + b"=" + value, *extras])
    (once,) = outgoing(rewriter, cookie, host="h.example")
    assert outgoing(rewriter, once, host="h.example") == [once]
    assert outgoing_text(CookieRewriter(section), cookie, host="h.example") == [once]
    assert once.partition(b";")[0] == cookie.partition(b";")[0]
    parts = [part.strip().lower() for part in once.split(b";")[1:]]
    said = {part.partition(b"=")[0]: part.partition(b"=")[2] for part in parts}
    assert b"secure" in said
    if name.lower().startswith(b"__host-"):
        assert b"domain" not in said
        assert said[b"path"] == b"/"
    for extra in extras:
        kept = extra.lower().partition(b"=")[0] in {b"max-age", b"expires", b"partitioned", b"priority"}
        assert not kept or extra in once


def kept(rewriter: CookieRewriter) -> str:
    """All that a rewriter remembers or has to tell."""
    return repr([rewriter.raw._endings, rewriter._wanted, rewriter._scopes, rewriter._told, rewriter.news])


@pytest.mark.parametrize("cookie", [b"sid=hunter2; Path=/", b"hunter2; Path=/", b"hunter2"])
def test_no_value_is_remembered(cookie: bytes) -> None:
    rewriter = CookieRewriter(Cookies())
    assert outgoing(rewriter, cookie) == [cookie + b"; Secure; HttpOnly; SameSite=Lax"]
    assert "hunter2" not in kept(rewriter)


def test_no_client_fills_the_memory_with_hosts() -> None:
    rewriter = CookieRewriter(Cookies(domain={"h.example": "a.example"}))
    for host in ("h.example", *(f"{n}.example" for n in range(50))):
        outgoing(rewriter, b"a=1", host=host)
    assert len(rewriter.raw._endings) == len(rewriter._scopes) == 2


@pytest.mark.parametrize("cookie", [b"a=1;", b"a=1", b"a=1; ;x", b" a = 1 ; Path=/", b"=1", b"", b";"])
def test_a_cookie_that_lacks_nothing_stays_as_it_is(cookie: bytes) -> None:
    rewriter = CookieRewriter(Cookies(secure=False, http_only=False, same_site=False))
    assert outgoing(rewriter, cookie) == [cookie]
    assert not rewriter.news


def test_a_cookie_without_a_name_gets_no_prefix() -> None:
    (left,) = outgoing(CookieRewriter(Cookies(prefix="host")), b"nameless")
    assert left.startswith(b"nameless; Secure")  # __Host-nameless would be dropped (RFC 6265bis, 5.7)


def scopes_told(rewriter: CookieRewriter) -> int:
    return sum(news.code == "cookies.two-scopes" for news in rewriter.news)


def test_two_scopes_are_told_in_one_response_only() -> None:
    rewriter = CookieRewriter(Cookies())
    outgoing(rewriter, b"a=1; Path=/x")
    outgoing(rewriter, b"a=1; Path=/")
    outgoing(rewriter, b"a=1; path=/", b"b=2; Path=/x", b"a=3; Path=/; Max-Age=0")
    assert scopes_told(rewriter) == 0
    outgoing(rewriter, b"a=1; Path=/x", b"a=1; Path=/")
    assert scopes_told(rewriter) == 1


def test_two_scopes_are_told_of_any_number_of_names() -> None:
    rewriter = CookieRewriter(Cookies(secure=False, http_only=False, same_site=False))  # nothing else to tell
    for n in range(1100):
        outgoing(rewriter, b"%d=1; Path=/" % n)
    outgoing_text(rewriter, b"1099=1; Path=/x", b"1099=1; Path=/")
    assert scopes_told(rewriter) == 1
    assert len(rewriter._scopes) == 1000


def test_what_is_left_alone_is_not_complained_of() -> None:
    rewriter = CookieRewriter(Cookies(exempt=["a"]))
    large = b"a=" + b"x" * 4096
    assert outgoing(rewriter, large) == [large]
    assert not rewriter.news


def test_a_name_that_the_app_prefixes_itself_is_secure_everywhere() -> None:
    (left,) = outgoing(CookieRewriter(Cookies()), b"__Host-a=1; Path=/", secure=False)
    assert b"; Secure" in left
    (left,) = outgoing(CookieRewriter(Cookies(prefix="host")), b"a=1", secure=False)
    assert left == b"a=1; HttpOnly; SameSite=Lax"


def test_a_deletion_is_in_no_cookies_way() -> None:
    rewriter = CookieRewriter(Cookies(strict=True), raises=True)
    cookies = [b"a=; Max-Age=0; Path=/", b"a=; Domain=a.example; Max-Age=0; Path=/x", b"a=1; Path=/"]
    assert len(outgoing(rewriter, *cookies)) == 3


def test_a_cookie_that_a_script_reads_may_keep_its_name() -> None:
    section = Cookies(prefix="host", rules={"csrftoken": CookieRule(prefix=False)})
    (left,) = outgoing(CookieRewriter(section), b"csrftoken=1")
    assert left == b"csrftoken=1; Secure; SameSite=Lax"
