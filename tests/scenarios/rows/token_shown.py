"""The request token where a page shows it: the cookie that it needs, what it fits, and who may keep the page."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Cookies, Policy, TokenError
from scenarios.row import Answer, Ask, Check, Expect, Outcome, Row
from scenarios.rows.token import (
    EVIL_VALUE,
    HIDDEN,
    OLDS,
    OURS,
    OWN,
    PLAIN,
    POLICY,
    RENAMED,
    REPORT,
    ROLLING,
    ROTATED,
    SESSION,
    VALUE,
    cookie,
    cookies,
    given,
    policy,
)

FLAGS = frozenset({"Path=/", "HttpOnly", "SameSite=Lax"})


def issued(outcome: Outcome) -> tuple[str, str, frozenset[str]]:
    """Name, value and attributes of the one cookie of ours that a response sets."""
    (written,) = (value for value in outcome.values("set-cookie") if "netguard-csrf" in value)
    pair, *attributes = written.split("; ")
    name, _, value = pair.partition("=")
    return name, value, frozenset(attributes)


def fits_the_new_cookie(outcome: Outcome, name: str = HIDDEN, flags: frozenset[str] = FLAGS | {"Secure"}) -> bool:
    shown, text, attributes = issued(outcome)
    assert (shown, attributes) == (name, flags)
    value = OURS.read(text)
    tokens = outcome.seen[-1].tokens
    return value is not None and outcome.body.decode() in tokens and all(OURS.fits(token, value) for token in tokens)


def fits_the_plain_cookie(outcome: Outcome) -> bool:
    return fits_the_new_cookie(outcome, "netguard-csrf", FLAGS)


def fits_the_cookie_that_came(outcome: Outcome, bound: bytes = b"") -> bool:
    tokens = outcome.seen[-1].tokens
    return bool(tokens) and all(OURS.fits(token, VALUE + bound) for token in tokens)


def is_masked_anew(outcome: Outcome) -> bool:
    tokens = outcome.seen[-1].tokens
    return len(set(tokens)) == len(tokens) == 2


def value_is_new(outcome: Outcome) -> bool:
    values = {issued(one)[1] for one in (*outcome.earlier, outcome)}
    return len(values) == 3 and VALUE not in {OURS.read(value) for value in values}


def is_signed_anew(outcome: Outcome) -> bool:
    return OURS.read(issued(outcome)[1]) == VALUE


def error_names_the_mend(outcome: Outcome) -> bool:
    error = outcome.seen[-1].error
    return isinstance(error, TokenError) and "before the response starts" in str(error)


SHOWS = Answer(chunks=[b"{token}"], token="early")
LOCAL = Ask(host="localhost:8000", scheme="http")


def bound_to(bound: bytes) -> Check:
    def fits(outcome: Outcome) -> bool:
        return fits_the_cookie_that_came(outcome, bound)

    return fits


# policy, request -> whether the cookie is new
SHOWN: dict[str, tuple[Policy, Ask, Check, bool]] = {
    "first-form": (POLICY, Ask(), fits_the_new_cookie, True),
    "later-form": (POLICY, given(OWN), fits_the_cookie_that_came, False),
    "forged-cookie": (POLICY, given(cookies(f"{HIDDEN}={'A' * 64}")), fits_the_new_cookie, True),
    "two-cookies-of-ours": (POLICY, given(cookies(cookie(value=EVIL_VALUE), cookie())), fits_the_new_cookie, True),
    "signed-by-an-old-secret": (ROTATED, given(cookies(cookie(OLDS))), is_signed_anew, True),
    "signed-by-a-newer-secret-too": (POLICY, given(cookies(cookie(ROLLING))), fits_the_cookie_that_came, False),
    "signed-by-a-secret-that-is-gone": (POLICY, given(cookies(cookie(OLDS))), fits_the_new_cookie, True),
    "with-a-session": (SESSION, given(cookies(cookie(), "sid=1")), bound_to(b"; 1"), False),
    "with-a-session-under-its-prefix": (RENAMED, given(cookies(cookie(), "__Host-sid=1")), bound_to(b"; 1"), False),
    "masked-anew": (POLICY, given(OWN), is_masked_anew, False),
    "over-http-on-localhost": (PLAIN, LOCAL, fits_the_plain_cookie, True),
    "without-cookies": (policy(cookies=False), Ask(), fits_the_new_cookie, True),
    "all-under-host": (policy(cookies=Cookies(prefix="host")), Ask(), fits_the_new_cookie, True),
    "all-under-host-again": (policy(cookies=Cookies(prefix="host")), given(OWN), fits_the_cookie_that_came, False),
    "all-under-secure": (policy(cookies=Cookies(prefix="secure")), Ask(), fits_the_new_cookie, True),
    "domain": (policy(cookies=Cookies(domain="booking.example")), Ask(), fits_the_new_cookie, True),
    "domain-on-localhost": (
        policy(https=False, cookies=Cookies(domain="booking.example")),
        LOCAL,
        fits_the_plain_cookie,
        True,
    ),
    "stricter": (policy(cookies=Cookies(same_site="Strict", path="/app")), Ask(), fits_the_new_cookie, True),
    "only-others": (policy(cookies=Cookies(only=["sid"])), Ask(), fits_the_new_cookie, True),
    "reported": (REPORT, Ask(), fits_the_new_cookie, True),
}


def _rows() -> Iterator[Row]:
    for key, (which, ask, fits, new) in SHOWN.items():
        expect = Expect(headers={"Cache-Control": "private"}, absent=() if new else ["set-cookie"], that=[fits])
        yield Row(id=f"token/shown/{key}", policy=which, ask=ask, answer=SHOWS, expect=expect)


SINGLE = (
    Row(id="token/unread", policy=POLICY, expect=Expect(absent=["set-cookie", "cache-control"])),
    Row(id="token/new-for-each-browser", policy=POLICY, answer=SHOWS, times=3, expect=Expect(that=[value_is_new])),
    Row(
        id="token/shown/where-the-app-says-public",
        policy=POLICY,
        answer=Answer(fields=["Cache-Control: public, max-age=60"], chunks=[b"{token}"], token="early"),
        expect=Expect(headers={"Cache-Control": "private, max-age=60"}, that=[fits_the_new_cookie]),
    ),
    Row(
        id="token/shown/beside-a-cookie-of-the-app",
        policy=POLICY,
        answer=Answer(fields=["Set-Cookie: a=1"], chunks=[b"{token}"], token="early"),
        expect=Expect(
            that=[
                fits_the_new_cookie,
                lambda outcome: sorted(value[:4] for value in outcome.values("set-cookie")) == ["__Ho", "a=1;"],
            ]
        ),
    ),
    Row(
        id="token/shown/with-the-nonce",
        policy=POLICY,
        answer=Answer(chunks=[b"{token}"], token="early", nonce="early"),
        expect=Expect(headers={"Cache-Control": "private"}, that=[fits_the_new_cookie]),
    ),
    Row(
        id="token/late",
        policy=POLICY,
        answer=Answer(chunks=[b"{token}"], token="late"),
        expect=Expect(absent=["set-cookie"], body=b"", raises=TokenError, that=[error_names_the_mend]),
    ),
    Row(  # The headers that left did not say that it is private.
        id="token/late-with-a-cookie",
        policy=POLICY,
        ask=given(OWN),
        answer=Answer(chunks=[b"{token}"], token="late"),
        expect=Expect(absent=["cache-control"], body=b"", raises=TokenError, that=[error_names_the_mend]),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
