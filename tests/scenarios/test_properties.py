"""Laws of what netguard decides and sends: merging, cookies, patterns, and the one decision."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from netguard import CSP, HTTPS, NONCE, SELF, Cookies, Headers, Origin, Policy
from netguard.cookie_rewriting import CookieRewriter
from netguard.core import decide
from netguard.headers.merge import HeaderMerge
from netguard.messages import Continue, NeedBody, NeedCounts, Request, Respond
from netguard.patterns import PatternMap
from netguard.plan import Plan
from scenarios.fakes import FakeRule, plan
from scenarios.strategies import TRUSTED, addresses, hostish

names = st.sampled_from(
    ["X-Own", "Link", "content-type", "Set-Cookie", "X-Frame-Options", "content-security-policy", "Server",
     "Cache-Control", "STRICT-transport-security", "x-content-type-options"]
)  # fmt: skip
pairs = st.lists(st.tuples(names.map(str.encode), st.text("ab=; ,'*", max_size=12).map(str.encode)), max_size=12)
merges = {
    "web": HeaderMerge(Policy().headers or None, CookieRewriter(Cookies())),
    "inline": HeaderMerge(
        Headers(csp=CSP.only(script_src=[SELF, NONCE])).over(Policy.api().headers),  # type: ignore[arg-type]
        CookieRewriter(Cookies()),
    ),
    "none": HeaderMerge(None, None),
    "override": HeaderMerge(
        Headers(override=["X-Own"], remove=["Link"], extra={"X-Own": "ours"}).over(Policy().headers),  # type: ignore[arg-type]
        None,
    ),
}
TOUCHED = {b"set-cookie", b"server", b"cache-control", b"strict-transport-security"}


def a_request(scheme: str = "https") -> Request:
    return Request("GET", "/", {}, scheme, "booking.example")


@given(
    st.sampled_from(sorted(merges)), pairs, st.sampled_from([200, 304, 403, 500]), st.sampled_from(["http", "https"]),
    st.sampled_from([None, "abc"]),
)  # fmt: skip
def test_merge_keeps_what_it_does_not_touch(
    key: str, own: list[tuple[bytes, bytes]], status: int, scheme: str, nonce: str | None
) -> None:
    before = list(own)
    merged = merges[key].merged(a_request(scheme), status, own, nonce)
    assert own == before, "the app's own list is not changed"
    gone = TOUCHED | ({b"x-own", b"link"} if key == "override" else set())
    kept = [pair for pair in own if pair[0].lower() not in gone]
    assert [pair for pair in merged if pair[0].lower() not in gone][: len(kept)] == kept
    added = [name for name, _ in merged[len(kept) :]]
    assert all(name == name.lower() for name in added if name.lower() not in {p[0].lower() for p in own})
    cookies = [value for name, value in own if name.lower() == b"set-cookie"]
    left = [value for name, value in merged if name.lower() == b"set-cookie"]
    assert len(left) == len(cookies)
    assert all(new.startswith(old) for new, old in zip(left, cookies, strict=True))


@given(st.sampled_from(sorted(merges)), pairs, st.sampled_from(["http", "https"]))
def test_merging_twice_is_merging_once(key: str, own: list[tuple[bytes, bytes]], scheme: str) -> None:
    once = merges[key].merged(a_request(scheme), 200, own, None)
    assert sorted(merges[key].merged(a_request(scheme), 200, once, None)) == sorted(once)


cookies = st.one_of(
    st.binary(max_size=80),
    st.lists(
        st.sampled_from(
            [b"a=1", b"; ", b";", b"Secure", b"HttpOnly", b"SameSite=None", b"samesite=lax", b" ", b"csrftoken", b"=",
             b"Path=/", b"\t", b"secure=x", b"SameSite"]
        ),
        max_size=10,
    ).map(b"".join),
)  # fmt: skip
rewriters = st.builds(
    lambda secure, http_only, same_site: CookieRewriter(
        Cookies(secure=secure, http_only=http_only, same_site=same_site)
    ),
    st.booleans(), st.booleans(), st.sampled_from(["Lax", "Strict", "None", False]),
)  # fmt: skip


def outgoing(rewriter: CookieRewriter, cookie: bytes, *, secure: bool) -> bytes:
    left = [(b"set-cookie", cookie)]
    rewriter.raw.rewrite(left, left, "booking.example", secure)
    return left[0][1]


def means_nothing(cookie: bytes) -> bool:
    """Whether a SameSite is there that no browser knows, and which is replaced."""
    said = [part.partition(b"=") for part in cookie.split(b";")[1:]]
    known = {b"lax", b"strict", b"none"}
    return any(name.strip().lower() == b"samesite" and value.strip().lower() not in known for name, _, value in said)


@given(rewriters, cookies, st.booleans())
@example(CookieRewriter(Cookies()), b";SameSite", False)
def test_rewriting_adds_once_and_changes_nothing(rewriter: CookieRewriter, cookie: bytes, secure: bool) -> None:
    once = outgoing(rewriter, cookie, secure=secure)
    assert outgoing(rewriter, once, secure=secure) == once
    if means_nothing(cookie):
        assert once.startswith(cookie.partition(b";")[0])
        return
    assert once.startswith(cookie)
    attributes = [part.partition(b"=")[0].strip().lower() for part in once.split(b";")[1:]]
    added = [part.partition(b"=")[0].strip().lower() for part in once[len(cookie) :].split(b";") if part]
    assert all(attributes.count(name) == 1 for name in added)


segments = st.sampled_from(["a", "b", "admin", "", "{id}"])
bodies = st.lists(segments, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
patterns = st.builds(
    lambda method, body, rest: f"{method}{body.rstrip('/')}/*" if rest else f"{method}{body}",
    st.sampled_from(["", "GET ", "POST ", "HEAD "]),
    bodies,
    st.booleans(),
)
segments = st.sampled_from(["a", "b", "admin", "", "x", "a\n"])
paths = st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(parts))


def naive(pattern: str, method: str, path: str, *, guarding: bool) -> bool:
    """What the documentation says of one pattern, written out."""
    wanted, _, shape = pattern.rpartition(" ")
    if wanted and wanted != method and not (guarding and wanted == "GET" and method == "HEAD"):
        return False
    rest = shape.endswith("/*")
    path = path.removesuffix("\n") if guarding else path
    want = shape.removesuffix("/*").split("/")[1:]
    have = path.split("/")[1:]
    if guarding:
        want, have = stripped(want), stripped(have)
    if len(have) < len(want) + (rest and not guarding) or (not rest and len(have) != len(want)):
        return False
    return all(part == found or (part == "{id}" and found != "") for part, found in zip(want, have, strict=False))


def stripped(parts: list[str]) -> list[str]:
    while parts and parts[-1] == "":
        parts = parts[:-1]
    return parts


@given(st.lists(patterns, max_size=6), st.sampled_from(["GET", "HEAD", "POST"]), paths, st.booleans())
def test_pattern_map_agrees_with_a_naive_matcher(written: list[str], method: str, path: str, guarding: bool) -> None:
    made = PatternMap("test", [(text, index) for index, text in enumerate(written)], guarding=guarding)
    expected = [index for index, text in enumerate(written) if naive(text, method, path, guarding=guarding)]
    assert sorted(made.match(method, path)) == expected


PLANS = [
    Plan(Policy(hosts=["booking.example", "*.club.example"], proxies=TRUSTED, exempt=["/health", "/live/*"])),
    Plan(
        Policy(https=HTTPS(refuse=["/api/*"]), origin=Origin(trusted=["https://pay.example"], bypass=["/hooks/{id}"]))
    ),
    Plan(Policy.api(hosts=["booking.example"])),
    Plan(Policy.strict()),
    Plan(Policy.development()),
    plan(FakeRule(reads_body=True, path="/a"), FakeRule(path="")),
]
fields = st.dictionaries(
    st.sampled_from([b"host", b"origin", b"sec-fetch-site", b"cookie", b"accept", b"authorization", b"x-forwarded-for",
                     b"x-forwarded-proto", b"x-forwarded-host", b"x-http-method"]),
    st.one_of(
        st.binary(max_size=40), hostish, st.sampled_from([b"booking.example", b"https://booking.example", b"null"])
    ),
)  # fmt: skip
text = st.text(max_size=30)
requests = st.builds(
    lambda plan, method, path, headers, scheme, peer, target, query, root, kind: (
        plan,
        plan.request(method, path, headers, scheme, peer, target, query, root, kind),
    ),
    st.sampled_from(PLANS),
    text | st.sampled_from(["GET", "POST", "HEAD"]),
    text | st.sampled_from(["/", "/health", "/live/..", "/hooks/7", "/api/x", "*", ""]),
    fields,
    st.sampled_from(["http", "https"]),
    text | st.none() | addresses.map(str),
    st.binary(max_size=30) | st.sampled_from([b"/", b"/health", b"/live/%2e%2e", b"*"]),
    st.binary(max_size=30),
    text | st.just("/app"),
    st.sampled_from(["http", "websocket"]),
)


@given(requests)
def test_decide_is_total(asked: tuple[Plan, Request]) -> None:
    made, request = asked
    decision = decide(made, request)
    assert type(decision) in {Continue, Respond, NeedBody, NeedCounts}
    if isinstance(decision, Respond):
        refusal = decision.refusal
        assert 300 <= refusal.status <= 599
        assert refusal.code.startswith(f"{refusal.rule}.")
        names = [name for name, _ in refusal.headers]
        assert len(names) == len(set(names))
        assert not any(set(value) & set(b"\r\n\0") for _, value in refusal.headers)
    if isinstance(decision, NeedBody):
        assert type(decision.supply(b"\xff\x00")) in {Continue, Respond, NeedCounts}


@given(requests)
def test_redirects_lead_to_our_own_hosts_only(asked: tuple[Plan, Request]) -> None:
    made, request = asked
    decision = decide(made, request)
    location = dict(decision.refusal.headers).get(b"location") if isinstance(decision, Respond) else None
    if location is None:
        return
    authority = location.removeprefix(b"https://").partition(b"/")[0]
    assert authority == b"booking.example" or authority.endswith(b".club.example")
    assert all(0x21 <= byte <= 0x7E for byte in location)
