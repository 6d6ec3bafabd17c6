"""Cookies by name: what a rule replaces, what it leaves, and names under a prefix in both directions."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Cookies, Policy
from netguard.cookies import CookieRule
from netguard.errors import CookieError
from scenarios.row import Answer, Ask, Expect, Row

HOSTS = ["booking.example", "www.club.example", "localhost:*"]
ADDED = "; Secure; HttpOnly; SameSite=Lax"
SCOPE = "; Domain=booking.example; Path=/club"
SCOPED = Cookies(rules={"a": CookieRule(domain="booking.example", path="/club")})
HOST = Cookies(rules={"sid": CookieRule(prefix="host")})


def policy(cookies: Cookies) -> Policy:
    return Policy(hosts=HOSTS, cookies=cookies)


# name: (the section, as the app sets it, as it leaves)
RULES = {
    "scripts-may-read": (
        Cookies(rules={"a": CookieRule(http_only=False)}),
        "a=1; HttpOnly",
        "a=1; Secure; SameSite=Lax",
    ),
    "same-site-replaced": (
        Cookies(rules={"a": CookieRule(same_site="Strict")}),
        "a=1; SameSite=None; Secure",
        "a=1; Secure; HttpOnly; SameSite=Strict",
    ),
    "another-name-keeps-its-own": (
        Cookies(rules={"b": CookieRule(same_site="Strict")}),
        "a=1; SameSite=None; Secure",
        "a=1; SameSite=None; Secure; HttpOnly",
    ),
    "host-only-by-rule": (
        Cookies(rules={"a": CookieRule(domain=False)}),
        "a=1; Domain=booking.example; Path=/x",
        f"a=1; Path=/x{ADDED}",
    ),
    "path-by-rule": (Cookies(rules={"a": CookieRule(path="/app")}), "a=1; Path=/", f"a=1{ADDED}; Path=/app"),
    "domain-where-it-lacks": (Cookies(domain="booking.example"), "a=1", f"a=1{ADDED}; Domain=booking.example"),
    "domain-of-its-own-stays": (
        Cookies(domain="booking.example"),
        "a=1; Domain=www.booking.example",
        f"a=1; Domain=www.booking.example{ADDED}",
    ),
    "path-where-it-lacks": (Cookies(path="/"), "a=1", f"a=1{ADDED}; Path=/"),
    "domain-by-host-elsewhere": (Cookies(domain={"www.club.example": "club.example"}), "a=1", f"a=1{ADDED}"),
    "only-those-named": (Cookies(only=["b"]), "a=1", "a=1"),
    "exempt": (Cookies(exempt=["a"]), "a=1", "a=1"),
    "others-than-the-exempt": (Cookies(exempt=["b"]), "a=1", f"a=1{ADDED}"),
    "host-prefix-gets-its-path": (Cookies(), "__Host-a=1", f"__Host-a=1{ADDED}; Path=/"),
    "host-prefix-loses-domain-and-path": (
        Cookies(),
        "__Host-a=1; Domain=booking.example; Path=/x",
        f"__Host-a=1{ADDED}; Path=/",
    ),
    "host-prefix-in-any-case": (Cookies(), "__hOST-a=1; Path=/", f"__hOST-a=1; Path=/{ADDED}"),
    "secure-prefix-is-secure": (
        Cookies(secure=False),
        "__Secure-a=1; HttpOnly; SameSite=Lax",
        "__Secure-a=1; HttpOnly; SameSite=Lax; Secure",
    ),
    "renamed": (HOST, "sid=1; Path=/; Domain=booking.example", f"__Host-sid=1; Path=/{ADDED}"),
    "renamed-and-deleted": (HOST, "sid=; Max-Age=0", f"__Host-sid=; Max-Age=0{ADDED}; Path=/"),
    "renamed-by-the-app-already": (
        Cookies(rules={"sid": CookieRule(prefix="host", same_site="Strict", http_only=False)}),
        "__Host-sid=1; Path=/; HttpOnly",
        "__Host-sid=1; Path=/; Secure; SameSite=Strict",
    ),
    "deletion-in-the-scope-of-its-rule": (SCOPED, "a=; Max-Age=0; Path=/", f"a=; Max-Age=0{ADDED}{SCOPE}"),
    "deletion-by-date-in-the-scope-of-its-rule": (
        SCOPED,
        "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT",
        f"a=; expires=Thu, 01 Jan 1970 00:00:00 GMT{ADDED}{SCOPE}",
    ),
    "deletion-in-the-policy-s-scope": (
        Cookies(domain="booking.example", path="/club"),
        "a=; Max-Age=0",
        f"a=; Max-Age=0{ADDED}{SCOPE}",
    ),
    "a-domain-of-other-hosts-is-left-off": (Cookies(domain="club.example"), "a=1", f"a=1{ADDED}"),
    "partitioned-is-secure": (
        Cookies(secure=False),
        "a=1; Partitioned",
        "a=1; Partitioned; Secure; HttpOnly; SameSite=Lax",
    ),
    "http-name-is-read-by-no-script": (
        Cookies(http_only=False),
        "__Host-Http-a=1; Path=/",
        "__Host-Http-a=1; Path=/; Secure; HttpOnly; SameSite=Lax",
    ),
    "renamed-by-its-rule-alone": (HOST, "other=1", f"other=1{ADDED}"),
    "all-renamed": (Cookies(prefix="secure"), "a=1", f"__Secure-a=1{ADDED}"),
}

# name: (the section, as the browser sends them, as the app finds them)
SENT = {
    "under-both-names": (HOST, "a=1; __Host-sid=2", "a=1; sid=2; __Host-sid=2"),
    "prefixed-by-the-app-itself": (Cookies(prefix="host"), "__Host-own=1", "own=1; __Host-own=1"),
    "a-tossed-one-is-ignored": (HOST, "sid=evil; __Host-sid=2; a=1", "sid=2; __Host-sid=2; a=1"),
    "tossed-after-a-space-of-latin-1": (HOST, "a=1; \xa0sid=evil", "a=1"),
    "tossed-after-a-space-of-utf-8": (HOST, "a=1; \xc2\xa0sid=evil", "a=1"),
    "tossed-before-a-space": (HOST, "a=1; sid =evil", "a=1"),
    "tossed-behind-a-value": (HOST, "a=1; b=2 sid=evil", "a=1"),
    "tossed-under-the-prefix": (HOST, "a=1; \xa0__Host-sid=evil", "a=1"),
    "a-tossed-one-alone-is-nothing": (HOST, "a=1; sid=evil", "a=1"),
    "prefixes-of-others-stay": (HOST, "__Host-other=1; __Secure-sid=2", "__Host-other=1; __Secure-sid=2"),
    "without-renaming-untouched": (Cookies(), "__Host-sid=2;sid=1 ;  b", "__Host-sid=2;sid=1 ;  b"),
}


def _rows() -> Iterator[Row]:
    for key, (section, sent, left) in RULES.items():
        yield Row(
            id=f"cookies/rules/{key}",
            policy=policy(section),
            answer=Answer(fields=[f"Set-Cookie: {sent}"]),
            expect=Expect(headers={"Set-Cookie": left}),
        )
    for key, (section, sent, found) in SENT.items():
        yield Row(
            id=f"cookies/sent/{key}",
            policy=policy(section),
            ask=Ask(fields=[f"Cookie: {sent}"]),
            expect=Expect(shown={"Cookie": found}),
        )


SINGLE = (
    Row(
        id="cookies/rules/domain-by-host",
        policy=policy(Cookies(domain={"www.club.example": "club.example"})),
        ask=Ask(host="www.club.example"),
        answer=Answer(fields=["Set-Cookie: a=1"]),
        expect=Expect(headers={"Set-Cookie": f"a=1{ADDED}; Domain=club.example"}),
    ),
    Row(  # browsers would drop it, and the app would never see it again
        id="cookies/rules/no-prefix-over-http-on-localhost",
        policy=Policy(cookies=HOST),
        ask=Ask(host="localhost:8000", scheme="http", fields=["Cookie: sid=1"]),
        answer=Answer(fields=["Set-Cookie: sid=1"]),
        expect=Expect(headers={"Set-Cookie": "sid=1; HttpOnly; SameSite=Lax"}, shown={"Cookie": "sid=1"}),
    ),
    Row(
        id="cookies/rules/no-domain-on-localhost",
        policy=Policy(cookies=Cookies(domain="booking.example")),
        ask=Ask(host="localhost:8000", scheme="http"),
        answer=Answer(fields=["Set-Cookie: a=1"]),
        expect=Expect(headers={"Set-Cookie": "a=1; HttpOnly; SameSite=Lax"}),
    ),
    Row(  # which browsers take on localhost, and would not take without
        id="cookies/rules/cross-site-on-localhost-is-secure",
        policy=Policy(),
        ask=Ask(host="localhost:8000", scheme="http"),
        answer=Answer(fields=["Set-Cookie: a=1; SameSite=None"]),
        expect=Expect(headers={"Set-Cookie": "a=1; SameSite=None; Secure; HttpOnly"}),
    ),
    Row(
        id="cookies/events/completed-is-told-once-a-name",
        policy=Policy(hosts=["booking.example"]),
        answer=Answer(fields=["Set-Cookie: a=1"]),
        times=3,
        expect=Expect(that=[lambda outcome: [len(one.events) for one in outcome.earlier] == [1, 0]]),
    ),
    Row(
        id="cookies/events/too-large",
        policy=Policy(hosts=["booking.example"]),
        answer=Answer(fields=[f"Set-Cookie: a={'x' * 4096}; Secure; HttpOnly; SameSite=Lax"]),
        expect=Expect(events=["cookies.too-large"], enforced=False),
    ),
    Row(
        id="cookies/events/two-scopes",
        policy=Policy(hosts=["booking.example"]),
        answer=Answer(fields=[f"Set-Cookie: a=1; Path=/{ADDED}", f"Set-Cookie: a=2; Path=/x{ADDED}"]),
        expect=Expect(events=["cookies.two-scopes"], enforced=False),
        needs=["repeated fields"],
    ),
)
LARGE = Answer(fields=[f"Set-Cookie: a={'x' * 4096}; Secure; HttpOnly; SameSite=Lax"])
STRICT: tuple[Row, ...] = (
    Row(
        id="cookies/strict/raises-in-development",
        policy=Policy.development(hosts=["booking.example"], cookies=Cookies(strict=True)),
        ask=Ask(peer="127.0.0.1"),
        answer=LARGE,
        expect=Expect(status=0, raises=CookieError),
        needs=["debugging page of its own"],
    ),
    *(
        Row(
            id=f"cookies/strict/tells-in-{policy.preset}",
            policy=policy,
            answer=LARGE,
            expect=Expect(events=["cookies.too-large"], enforced=False),
        )
        for policy in (
            Policy(hosts=["booking.example"], cookies=Cookies(strict=True)),
            Policy.api(hosts=["booking.example"], cookies=Cookies(strict=True)),
            Policy.strict(hosts=["booking.example"], cookies=Cookies(strict=True)),
        )
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE, *STRICT)
