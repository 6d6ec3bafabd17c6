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
    def sent(rewriter: CookieRewriter) -> None:
        rewriter.compare([rewriter.outgoing(cookie, None, secure=True) for cookie in cookies])

    with pytest.raises(CookieError):
        sent(CookieRewriter(Cookies(strict=True), raises=True))
    told = CookieRewriter(Cookies(strict=True))
    sent(told)
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
    once = rewriter.outgoing(cookie, "h.example", secure=True)
    assert rewriter.outgoing(once, "h.example", secure=True) == once
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
