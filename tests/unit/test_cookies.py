"""The cookies' section: mistakes are named, and what browsers would drop is an error for developers who ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from netguard import ConfigError, Cookies, Policy
from netguard.cookie_rewriting import CookieRewriter
from netguard.cookies import CookieRule
from netguard.errors import CookieError
from scenarios.drivers import DRIVERS
from scenarios.row import Answer, Ask, Row

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
        pytest.param(lambda: untyped(rules={5: rule(path="/")}), "5", id="rule-for-a-number"),
        pytest.param(lambda: untyped(rules={"ñ": rule(path="/")}), "ASCII", id="rule-for-what-has-two-spellings"),
        pytest.param(lambda: untyped(rules={"a b": rule(path="/")}), "'a b'", id="rule-for-no-name"),
        pytest.param(lambda: untyped(only=["a;"]), "'a;'", id="only-no-name"),
        pytest.param(lambda: untyped(exempt=[""]), "''", id="exempt-no-name"),
        pytest.param(lambda: untyped(prefix="host", rules={"a": rule(path="/x")}), "prefix=False", id="path-in-vain"),
        pytest.param(
            lambda: untyped(prefix="host", rules={"a": rule(domain="a.example")}), "Path=/", id="domain-in-vain"
        ),
        pytest.param(lambda: untyped(rules={"__hOST-a": rule(path="/x")}), "'__hOST-a'", id="path-of-a-host-name"),
        pytest.param(lambda: untyped(rules={"__Host-a": rule(prefix="host")}), "plain name", id="prefix-in-vain"),
        pytest.param(lambda: untyped(rules={"__sEcure-a": rule(prefix="host")}), "'__sEcure-a'", id="another-prefix"),
        pytest.param(lambda: untyped(rules={"__Http-a": rule(prefix="secure")}), "leave prefix out", id="third-prefix"),
        pytest.param(lambda: untyped(rules={"__Http-a": rule(http_only=False)}), "http_only", id="http-name"),
        pytest.param(lambda: untyped(domain={"b.example": "a.example"}), "not below", id="domain-of-others"),
        pytest.param(lambda: rule(domain={"127.0.0.1": "0.0.1"}), "'0.0.1'", id="domain-of-an-address"),
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


names = st.sampled_from(
    [b"a", b"sid", b"__Host-a", b"__Host-sid", b"__secure-b", b"__Secure-sid", b"a[b]", b"csrftoken", b"__Http-a",
     b"__Host-Http-a", b"Http-a", b""]
)  # fmt: skip
attributes = st.lists(
    st.sampled_from(
        [b"Secure", b"secure=1", b"HttpOnly", b"SameSite=None", b"samesite=lax", b"SameSite=bogus", b"SameSite=",
         b"Domain=h.a.example", b"Domain=", b"Path=/x", b"Path=/", b"Max-Age=0", b"Partitioned",
         b"Expires=Thu, 01 Jan 1970 00:00:00 GMT", b"", b"Priority=High"]
    ),
    max_size=6,
)  # fmt: skip
HOST = "h.a.example"
domains = st.sampled_from([False, "a.example", "other.example", {HOST: "a.example"}, {"b.a.example": "a.example"}])
paths = st.sampled_from([False, "/", "/y"])
sites = st.sampled_from(["Lax", "Strict", "None"])
prefixes = st.sampled_from([False, "host", "secure"])
optional: dict[str, Any] = {"domain": domains, "path": paths, "same_site": sites, "http_only": st.booleans()}
listed = st.lists(st.sampled_from(["a", "sid", "__Host-a"]), max_size=2)


@st.composite
def sections(draw: st.DrawFn) -> Cookies:
    """Any section that is no mistake, with rules of any kind."""
    rules = st.fixed_dictionaries({}, optional={**optional, "prefix": prefixes})
    said = draw(st.fixed_dictionaries({}, optional={**optional, "secure": st.booleans(), "prefix": prefixes}))
    said |= draw(st.fixed_dictionaries({}, optional={"only": listed}) | st.fixed_dictionaries({"exempt": listed}))
    try:
        drawn = draw(st.dictionaries(st.sampled_from(["a", "sid", "__Host-a", "csrftoken", "__Http-a"]), rules))
        return Cookies(**said, rules={name: CookieRule(**rule) for name, rule in drawn.items()})
    except ConfigError:
        reject()


values = st.binary(max_size=20).map(lambda raw: raw.replace(b";", b"").strip())


def attributes_of(cookie: bytes) -> dict[bytes, bytes]:
    """What a browser makes of them: the last of each counts."""
    parts = [part.strip().lower().partition(b"=") for part in cookie.split(b";")[1:]]
    return {name.strip(): value.strip() for name, _, value in parts}


@given(sections(), names, values, attributes, st.booleans())
def test_rewriting_is_idempotent_and_browsers_accept_the_result(
    section: Cookies, name: bytes, value: bytes, extras: list[bytes], secure: bool
) -> None:
    rewriter = CookieRewriter(section)
    cookie = b"; ".join([name + b"=" + value, *extras])
    (once,) = outgoing(rewriter, cookie, host=HOST, secure=secure)
    assert outgoing(rewriter, once, host=HOST, secure=secure) == [once]
    assert outgoing_text(CookieRewriter(section), cookie, host=HOST, secure=secure) == [once]
    pair = once.partition(b";")[0]
    assert pair in [prefix + cookie.partition(b";")[0] for prefix in (b"", b"__Host-", b"__Secure-")]
    for extra in extras:
        kept = extra.lower().partition(b"=")[0] in {b"max-age", b"expires", b"partitioned", b"priority"}
        assert not kept or extra in once
    if once != cookie and rewriter._wanted[name].covered:  # what the policy leaves alone is the app's own affair
        accepted(pair.lower(), attributes_of(once))


def accepted(pair: bytes, said: dict[bytes, bytes]) -> None:
    """What browsers ask (RFC 6265bis, 5.7)."""
    if pair.startswith((b"__host-", b"__secure-", b"__http-")) or said.get(b"samesite") == b"none":
        assert b"secure" in said
    if b"partitioned" in said:
        assert b"secure" in said
    if pair.startswith(b"__host-"):
        assert b"domain" not in said
        assert said[b"path"] == b"/"
    if pair.startswith((b"__http-", b"__host-http-")):
        assert b"httponly" in said
    assert said.get(b"domain", b"") in (b"", b"a.example", b"h.a.example")
    assert said.get(b"samesite", b"lax") in (b"strict", b"lax", b"none") or not said.get(b"samesite")


def kept(rewriter: CookieRewriter) -> str:
    """All that a rewriter remembers or has to tell."""
    return repr([rewriter.raw._endings, rewriter._wanted, rewriter._scopes, rewriter._told, rewriter.news])


@pytest.mark.parametrize("cookie", [b"sid=hunter2; Path=/", b"hunter2; Path=/", b"hunter2"])
def test_no_value_is_remembered(cookie: bytes) -> None:
    rewriter = CookieRewriter(Cookies())
    assert outgoing(rewriter, cookie) == [cookie + b"; Secure; HttpOnly; SameSite=Lax"]
    assert "hunter2" not in kept(rewriter)


def test_no_client_fills_the_memory_with_hosts() -> None:
    rewriter = CookieRewriter(Cookies(domain={"h.a.example": "a.example"}))
    for host in ("h.a.example", *(f"{n}.a.example" for n in range(50))):
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


def test_domains_of_any_number_of_hosts_take_no_memory() -> None:
    rewriter = CookieRewriter(Cookies(domain="a.example", rules={"b": CookieRule(domain="b.a.example")}))
    hosts = [f"{n}.a.example" for n in range(50)] + [f"{n}.b.a.example" for n in range(50)] + ["localhost", "10.0.0.1"]
    for host in hosts:
        outgoing(rewriter, b"a=1", host=host)
    assert len(rewriter.raw._endings) == 3


@pytest.mark.parametrize(
    "section", [Cookies(domain="a.example"), Cookies(rules={"a": CookieRule(domain="A.Example.")})]
)
@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.example", b"a.example"),
        ("www.a.example", b"a.example"),
        ("ba.example", None),
        ("localhost", None),
        (None, None),
    ],
)
def test_a_domain_is_written_only_for_hosts_below_it(section: Cookies, host: str | None, domain: bytes | None) -> None:
    (left,) = outgoing(CookieRewriter(section), b"a=1", host=host)
    assert attributes_of(left).get(b"domain") == domain


def test_hosts_of_a_mapping_are_read_without_regard_to_case() -> None:
    (left,) = outgoing(
        CookieRewriter(Cookies(domain={"WWW.Club.example": "Club.example"})), b"a=1", host="www.club.example"
    )
    assert left.endswith(b"; Domain=club.example")


@pytest.mark.parametrize(
    ("section", "cookie", "left"),
    [
        (Cookies(), b"a=1; SameSite=None", b"a=1; SameSite=None; Secure; HttpOnly"),
        (Cookies(same_site="None"), b"a=1", b"a=1; Secure; HttpOnly; SameSite=None"),
        (Cookies(), b"a=1; Partitioned", b"a=1; Partitioned; Secure; HttpOnly; SameSite=Lax"),
        (Cookies(http_only=False), b"__Http-a=1", b"__Http-a=1; Secure; HttpOnly; SameSite=Lax"),
        (Cookies(), b"a=1", b"a=1; HttpOnly; SameSite=Lax"),
    ],
)
def test_secure_stays_on_localhost_where_browsers_ask_for_it(section: Cookies, cookie: bytes, left: bytes) -> None:
    assert outgoing(CookieRewriter(section), cookie, host="localhost", secure=False) == [left]


SCOPES = {
    "past-expires": b"a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/x",
    "past-expires-of-old": b"a=; expires=Thu, 01-Jan-70 00:00:00 GMT; Path=/x",
    "negative-age": b"a=; Max-Age=-1; Path=/x",
    "age-before-expires": b"a=; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Max-Age=0; Path=/x",
    "the-last-path-counts": b"a=2; Path=/x; Path=/",
}
DOMAINS = {"leading-dot": b"a=2; Domain=.A.example; Path=/", "last": b"a=2; Domain=b.example; Domain=a.example; Path=/"}


@pytest.mark.parametrize("second", SCOPES.values(), ids=SCOPES)
def test_what_is_no_second_scope_raises_nothing(second: bytes) -> None:
    outgoing(CookieRewriter(Cookies(strict=True), raises=True), b"a=1; Path=/", second, b"a=1; Domain=; Path=/")


@pytest.mark.parametrize("second", DOMAINS.values(), ids=DOMAINS)
def test_one_domain_in_two_spellings_is_one(second: bytes) -> None:
    outgoing(CookieRewriter(Cookies(strict=True), raises=True), b"a=1; Domain=a.example; Path=/", second)


@pytest.mark.parametrize(
    "second",
    [b"a=2; Path=/X", b"a=2; Max-Age=0; Max-Age=600", b"a=2; Max-Age=0600", b"a=2; Max-Age=0x; Path=/",
     b"a=2; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", b"a=2; Expires=0"],
)  # fmt: skip
def test_what_is_a_second_scope_raises(second: bytes) -> None:
    with pytest.raises(CookieError):
        outgoing(CookieRewriter(Cookies(strict=True), raises=True), b"a=1; Path=/x", second)


@pytest.mark.parametrize("pair", [b"a=" + b"x" * 4095, b"aa = " + b"x" * 4094 + b" ", b"x" * 4096])
def test_a_cookie_of_just_4096_bytes_is_kept(pair: bytes) -> None:
    outgoing(CookieRewriter(Cookies(strict=True), raises=True), pair)
    with pytest.raises(CookieError):
        outgoing(CookieRewriter(Cookies(strict=True), raises=True), b"y".join([pair.rstrip(), b""]))


@pytest.mark.parametrize(
    ("cookie", "left"),
    [
        (b"a=1; SameSite=", b"a=1; Secure; HttpOnly; SameSite=Lax"),
        (b"a=1; SameSite=bogus; Path=/", b"a=1; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (b"a=1; SameSite=Strict; SameSite=bogus", b"a=1; Secure; HttpOnly; SameSite=Lax"),
        (b"a=1; SameSite=bogus; SameSite=strict", b"a=1; SameSite=bogus; SameSite=strict; Secure; HttpOnly"),
    ],
)
def test_a_same_site_that_browsers_do_not_know_is_none(cookie: bytes, left: bytes) -> None:
    assert outgoing(CookieRewriter(Cookies()), cookie) == [left]


def test_a_cookie_that_has_its_prefix_is_the_one_that_its_rule_means() -> None:
    section = Cookies(rules={"sid": CookieRule(prefix="host", same_site="Strict", http_only=False)})
    left = [b"__Host-sid=1; Secure; SameSite=Strict; Path=/"]
    assert outgoing(CookieRewriter(section), b"sid=1") == left
    assert outgoing(CookieRewriter(section), b"__Host-sid=1") == left
    assert outgoing(CookieRewriter(Cookies(prefix="host")), b"__Host-csrftoken=1; Path=/") == [
        b"__Host-csrftoken=1; Path=/; Secure; SameSite=Lax"
    ]


@pytest.mark.parametrize("driver", DRIVERS)
def test_strict_lets_no_such_cookie_leave_in_development(driver: str) -> None:
    row = Row(
        id="strict",
        policy=Policy.development(hosts=["booking.example"], cookies=Cookies(strict=True)),
        ask=Ask(peer="127.0.0.1"),
        answer=Answer(fields=["Set-Cookie: a=" + "x" * 4096]),
    )
    outcome = DRIVERS[driver](row)
    assert outcome.status in (0, 500)  # the framework's own page, where it has one
    assert outcome.values("set-cookie") == []
    assert outcome.seen
