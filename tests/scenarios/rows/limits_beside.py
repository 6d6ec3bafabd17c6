"""Rate limits beside each other and beside other rules: each is asked, and what one refuses no other counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netguard import Cookies, Origin, RateLimit, cookie, header, user
from scenarios.row import Ask, Expect, Outcome, Row, refused
from scenarios.rows.limits import limited
from scenarios.rows.limits_user import ADA, BOB

POST = Ask(method="POST")
CROSS = Ask(method="POST", fields=["Sec-Fetch-Site: cross-site"])
ONE, OTHER = Ask(fields=["X-API-Key: one"]), Ask(fields=["X-API-Key: other"])
BY_KEY = RateLimit("1/hour", by=header("X-API-Key"), name="key")
BY_COOKIE = RateLimit("1/hour", by=cookie("visitor"), name="visitor")
TOKENS = {"origin": Origin(token=True), "secrets": ["s" * 32]}
OVER = ["limits.exceeded"]


def row(key: str, limits: Sequence[RateLimit], ask: Ask, expect: Expect, *first: Ask, **keywords: object) -> Row:
    knows = any(limit.by is user for limit in limits)
    policy = limited(*limits, **keywords)
    return Row(id=f"limits/beside/{key}", policy=policy, ask=ask, expect=expect, first=first, knows_user=knows)


def earlier(*statuses: int) -> Callable[[Outcome], bool]:
    return lambda outcome: [one.status for one in outcome.earlier] == list(statuses)


ROWS: Sequence[Row] = (
    row("a-token-that-is-missing", [RateLimit("1/hour")], POST, refused(403, "token.missing"), **TOKENS),
    row("what-lacks-a-token-is-not-counted", [RateLimit("1/hour")], Ask(),
        Expect(runs=1, that=[earlier(403, 403)]), POST, POST, **TOKENS),
    row("what-shadow-mode-reports-is-told", [RateLimit("2/hour")], CROSS,
        Expect(events=["origin.cross-site"], enforced=False, that=[earlier(200)]), CROSS, origin=Origin(mode="report")),
    row("one-by-something-else", [RateLimit("9/hour", name="all"), BY_KEY], ONE,
        Expect(status=429, runs=1, reached=False, events=OVER, headers={"RateLimit-Policy": '"key";q=1;w=3600'}), ONE),
    row("what-another-refused-burns-nothing", [RateLimit("2/hour", name="all"), BY_KEY], OTHER,
        Expect(runs=2, that=[earlier(200, 429, 429)]), ONE, ONE, ONE),
    row("one-on-a-route-is-beside-the-one-for-all", [RateLimit("2/hour", name="all"), RateLimit("9/hour", on="/mail")],
        Ask(), Expect(status=429, runs=2, reached=False, events=OVER, that=[earlier(200, 200)]),
        Ask(), Ask(target=b"/mail")),
    row("one-whose-path-has-a-line-end", [RateLimit("1/hour", on="/mail")], Ask(target=b"/mail%0A"),
        Expect(status=429, runs=1, reached=False, events=OVER, that=[earlier(200)]), Ask(target=b"/mail")),
    row("a-cookie-that-the-policy-keeps-under-a-prefix", [BY_COOKIE], Ask(fields=["Cookie: __Host-visitor=b"]),
        Expect(runs=2, that=[earlier(200, 429, 429)]), Ask(fields=["Cookie: __Host-visitor=a"]),
        Ask(fields=["Cookie: __Host-visitor=a"]), Ask(fields=["Cookie: visitor=b; __Host-visitor=a"]),
        cookies=Cookies(prefix="host")),
    row("one-by-user", [RateLimit("9/hour", name="all"), RateLimit("1/hour", by=user, name="mine")], ADA,
        Expect(status=429, runs=2, reached=False, events=OVER, headers={"RateLimit-Policy": '"mine";q=1;w=3600'},
               that=[earlier(200, 200)]), ADA, BOB),
)  # fmt: skip
