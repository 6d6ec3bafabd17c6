"""Limits beside one that reads the body: who is over one that does not is refused before a body is read.

A body that is too large tells whether anybody began: 413 where it was to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netguard import Origin, RateLimit, form, user
from netguard.counters import Store
from netguard.plan import Plan
from netguard.stores.memory import MemoryStore
from netguard.stores.outage import Guarded
from scenarios.row import Answer, Ask, Expect, Outcome, Row, refused
from scenarios.rows.limits import ANN, FORM, MAIL, limited, post

STILL = 1_000_000_000_000  # nanoseconds: no time passes between two requests
SMALL, HUGE = post(ANN, FORM), post(b"email=" + b"a" * 65_536, FORM)
EARLY = {"RateLimit-Policy": '"all";q=1;w=3600', "Retry-After": "3600"}
TOKENS: Mapping[str, Any] = {"origin": Origin(token=True), "secrets": ["s" * 32]}


def still() -> Store:
    return MemoryStore(clock=lambda: STILL)


def remote() -> Store:
    """One whose refusals are known here, once it has told them."""
    return Guarded(still(), clock=lambda: STILL)


def row(
    key: str,
    limits: Sequence[RateLimit],
    expect: Expect,
    *first: Ask,
    ask: Ask = HUGE,
    store: Callable[[], Store] = still,
    **keywords: Any,
) -> Row:
    policy = limited(*limits, **keywords)
    return Row(
        id=f"limits/unread/{key}", policy=lambda: Plan(policy(), store=store()), ask=ask, answer=Answer(reads=True),
        expect=expect, first=first, knows_user=any("user" in limit.label() for limit in limits),
    )  # fmt: skip


def statuses(*expected: int) -> Callable[[Outcome], bool]:
    return lambda outcome: [one.status for one in outcome.earlier] == list(expected)


def over(*earlier: int) -> Expect:
    return Expect(
        status=429, runs=1, reached=False, events=["limits.exceeded"], that=[statuses(*earlier)], headers=EARLY
    )


def read(*earlier: int) -> Expect:
    """Whoever is not refused has the body read, and is told what is wrong with it."""
    return Expect(status=413, runs=earlier.count(200), reached=False, events=["body.too-large"],
                  that=[statuses(*earlier)])  # fmt: skip


ALL = RateLimit("1/hour", name="all")

ROWS: Sequence[Row] = (
    row("memory", [ALL, MAIL], over(200), SMALL),
    row("memory/whatever-the-order", [MAIL, ALL], over(200), SMALL),
    row("memory/within", [ALL, MAIL], read()),
    row("memory/looking-counts-nothing", [RateLimit("2/hour", name="all"), MAIL],
        Expect(runs=2, that=[statuses(413, 200)]), HUGE, SMALL, ask=SMALL),
    row("remote", [ALL, MAIL], over(200, 429), SMALL, SMALL, store=remote),
    row("remote/nothing-is-known-yet", [ALL, MAIL], read(200), SMALL, store=remote),
    row("report", [RateLimit("1/hour", name="all", mode="report"), MAIL], read(200), Ask()),
    row("beside-one-by-user-and-field", [ALL, RateLimit("9/hour", by=(user, form("email")))],
        Expect(status=429, runs=1, reached=False, events=["limits.exceeded"], headers=EARLY), Ask(method="POST"),
        ask=post(b"email=" + b"a" * 65_536, FORM, "X-User: ada")),
    row("a-token-that-is-wrong", [MAIL], refused(403, "token.invalid"),
        ask=Ask(method="POST", target=b"/mail", body=HUGE.body, fields=[FORM, "X-CSRF-Token: forged"]), **TOKENS),
    row("handshake", [ALL, RateLimit("9/hour", by=form("email"), name="mail")],
        Expect(status=429, runs=1, reached=False, events=["limits.exceeded"], headers=EARLY), Ask(),
        ask=Ask(kind="websocket", fields=["Origin: https://booking.example", FORM])),
)  # fmt: skip
