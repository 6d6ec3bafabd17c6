"""Every Set-Cookie that leaves: what lacks is added, what is there stays, two stay two."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Cookies, Policy
from scenarios.row import Answer, Ask, Expect, Row

POLICY = Policy(hosts=["booking.example"])
LOCAL = Policy()

# as the app sets it -> as it leaves
COOKIES = {
    "bare": ("sid=1", "sid=1; Secure; HttpOnly; SameSite=Lax"),
    "path-and-age": ("sid=1; Path=/; Max-Age=60", "sid=1; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax"),
    "secure-there": ("sid=1; Secure", "sid=1; Secure; HttpOnly; SameSite=Lax"),
    "http-only-there": ("sid=1; httponly", "sid=1; httponly; Secure; SameSite=Lax"),
    "all-there": ("sid=1; SameSite=Strict; HttpOnly; Secure", "sid=1; SameSite=Strict; HttpOnly; Secure"),
    "lower-case-no-spaces": ("sid=1;samesite=strict;httponly;secure", "sid=1;samesite=strict;httponly;secure"),
    "cross-site-stays": ("sid=1; SameSite=None", "sid=1; SameSite=None; Secure; HttpOnly"),
    "named-like-an-attribute": ("secure=1", "secure=1; Secure; HttpOnly; SameSite=Lax"),
    "attribute-in-the-value": ("a=HttpOnly", "a=HttpOnly; Secure; HttpOnly; SameSite=Lax"),
    "attribute-in-the-path": ("a=1; Path=/secure", "a=1; Path=/secure; Secure; HttpOnly; SameSite=Lax"),
    "expires-with-comma": (
        "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
        "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure; HttpOnly; SameSite=Lax",
    ),
    "deletion-still-deletes": (
        'sid=""; Path=/; Max-Age=0; expires=Thu, 01 Jan 1970 00:00:00 GMT',
        'sid=""; Path=/; Max-Age=0; expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax',
    ),
    "unknown-attributes-stay": (
        "a=1; Partitioned; Priority=High",
        "a=1; Partitioned; Priority=High; Secure; HttpOnly; SameSite=Lax",
    ),
    "name-with-brackets": ("a[b]=1; Path=/", "a[b]=1; Path=/; Secure; HttpOnly; SameSite=Lax"),
    "same-site-without-a-value": ("a=1; SameSite=; Path=/", "a=1; Path=/; Secure; HttpOnly; SameSite=Lax"),
    "same-site-that-nobody-knows": ("a=1; SameSite=bogus", "a=1; Secure; HttpOnly; SameSite=Lax"),
    "quoted-value": ('a="b c"', 'a="b c"; Secure; HttpOnly; SameSite=Lax'),
    "equals-in-value": ("a=b=c==", "a=b=c==; Secure; HttpOnly; SameSite=Lax"),
    "bytes-above-127": ("a=\xfc", "a=\xfc; Secure; HttpOnly; SameSite=Lax"),
    "long-attributes": (f"a=1; Path=/{'x' * 400}", f"a=1; Path=/{'x' * 400}; Secure; HttpOnly; SameSite=Lax"),
    "csrftoken-is-read-by-scripts": ("csrftoken=1", "csrftoken=1; Secure; SameSite=Lax"),
    "xsrf-token-is-read-by-scripts": ("XSRF-TOKEN=1", "XSRF-TOKEN=1; Secure; SameSite=Lax"),
    "csrftoken-in-the-value-only": ("a=csrftoken", "a=csrftoken; Secure; HttpOnly; SameSite=Lax"),
}


def _rows() -> Iterator[Row]:
    for key, (sent, left) in COOKIES.items():
        yield Row(
            id=f"cookies/{key}",
            policy=POLICY,
            answer=Answer(fields=[f"Set-Cookie: {sent}"]),
            expect=Expect(headers={"Set-Cookie": left}),
        )
    both = ["a=1; Secure; HttpOnly; SameSite=Lax", "b=2; Path=/; Secure; HttpOnly; SameSite=Lax"]
    cookies = ["Set-Cookie: a=1", "set-cookie: b=2; Path=/"]
    others = ["Content-Type: text/html", "X-Frame-Options: DENY"]
    orders = {
        "first": [*cookies, *others],
        "last": [*others, *cookies],
        "around": [cookies[0], *others, cookies[1]],
        "between": [others[0], *cookies, others[1]],
        "alone": cookies,
    }
    for key, fields in orders.items():
        for nonce in ("unread", "early"):
            yield Row(
                id=f"cookies/two-stay-two/{key}-nonce-{nonce}",
                policy=POLICY,
                answer=Answer(fields=fields, nonce="early" if nonce == "early" else "unread"),
                expect=Expect(headers={"Set-Cookie": both}),
            )


SINGLE = (
    Row(
        id="cookies/same-name-twice-stays",
        policy=POLICY,
        answer=Answer(fields=["Set-Cookie: a=1; Path=/x", "Set-Cookie: a=1; Path=/x"]),
        expect=Expect(headers={"Set-Cookie": ["a=1; Path=/x; Secure; HttpOnly; SameSite=Lax"] * 2}),
    ),
    Row(
        id="cookies/off",
        policy=Policy(cookies=False),
        answer=Answer(fields=["Set-Cookie: a=1"]),
        expect=Expect(headers={"Set-Cookie": "a=1"}),
    ),
    Row(
        id="cookies/without-other-headers",
        policy=Policy(headers=False),
        answer=Answer(fields=["Set-Cookie: a=1"]),
        expect=Expect(headers={"Set-Cookie": "a=1; Secure; HttpOnly; SameSite=Lax"}),
    ),
    Row(
        id="cookies/strict",
        policy=Policy(cookies=Cookies(same_site="Strict", http_only=False)),
        answer=Answer(fields=["Set-Cookie: a=1"]),
        expect=Expect(headers={"Set-Cookie": "a=1; Secure; SameSite=Strict"}),
    ),
    Row(
        # Browsers refuse SameSite=None without Secure.
        id="cookies/cross-site-by-policy-is-secure",
        policy=Policy(cookies=Cookies(same_site="None", secure=False)),
        answer=Answer(fields=["Set-Cookie: a=1"]),
        expect=Expect(headers={"Set-Cookie": "a=1; Secure; HttpOnly; SameSite=None"}),
    ),
    Row(
        id="cookies/over-http-on-localhost",
        policy=LOCAL,
        ask=Ask(host="localhost:8000", scheme="http"),
        answer=Answer(fields=["Set-Cookie: a=1"]),
        expect=Expect(headers={"Set-Cookie": "a=1; HttpOnly; SameSite=Lax"}),
    ),
    Row(
        id="cookies/over-http-elsewhere",
        policy=Policy(hosts=["booking.example"], https=False),
        ask=Ask(scheme="http"),
        answer=Answer(fields=["Set-Cookie: a=1"]),
        expect=Expect(headers={"Set-Cookie": "a=1; Secure; HttpOnly; SameSite=Lax"}),
    ),
    Row(
        id="cookies/on-an-error",
        policy=POLICY,
        answer=Answer(status=500, fields=["Set-Cookie: a=1"]),
        expect=Expect(status=500, headers={"Set-Cookie": "a=1; Secure; HttpOnly; SameSite=Lax"}),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
