"""Lockouts under attack: what looks like a success and is none, what hides a try, and whose tries go back."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace

from netguard import Lockout, Policy, RateLimit, basic, form, redirected, reported, status, user
from scenarios.row import Answer, Ask, Expect, Row
from scenarios.rows.lockout import FAILED, FORM, SAME, SAYS, SECRET, WRONG, forgotten, guarded, locked, login, row
from scenarios.rows.lockout_tries import BASIC, credentials

DENIED = Answer(status=401)
OPTIONS = Ask(method="OPTIONS", target=b"/login", body=[b"username=ann"], fields=[FORM, SAME])
PAGE = replace(OPTIONS, method="GET")
ANYHOW = {"on": "/login", "success": status(200)}
ANYHOW_OR_BASIC = {**ANYHOW, "username": [form("username"), basic]}
ASKS_DAV = replace(credentials("ann:x"), method="OPTIONS")
BEGAN = [*FAILED, "lockout.began"]
BELOW = Ask(method="POST", target=b"/club/login", root="/club", body=[b"username=ann"], fields=[FORM, SAME])
BACK = Answer(status=302, fields=["Location: /club/login"], reads=True)
CODED = b64encode(b"ann:wrong").decode()
TAB, WIDE = [Ask(target=b"/api", fields=[f"Authorization: Basic{space}{CODED}"]) for space in ("\t", "\xa0")]
SECOND = Ask(target=b"/api", fields=["Authorization: Bearer x", f"Authorization: Basic {CODED}"])
ADA, BOB = login("ann", "X-User: ada"), login("ann", "X-User: bob")


def beside_a_limit() -> Policy:
    """A lockout, and a limit that only the framework's user decides."""
    lockout = Lockout(on="POST /login", username=form("username"), success=reported(), tries="2/15 minutes")
    return Policy(
        hosts=["booking.example"], lockout=lockout, limits=[RateLimit("1/hour", by=user, name="mine")], secrets=[SECRET]
    )


ROWS: Sequence[Row] = (
    # What no app takes for a login proves none, and is no failure.
    row("attack/options-prove-nothing", guarded(**ANYHOW), WRONG, locked(forgotten, runs=3), WRONG, OPTIONS, WRONG),
    row("attack/a-page-proves-nothing", guarded(**ANYHOW), WRONG, locked(forgotten, runs=3), WRONG, PAGE, WRONG),
    row("attack/a-page-of-a-route-with-basic", guarded(**ANYHOW_OR_BASIC), WRONG, locked(runs=3), WRONG, PAGE, WRONG),
    row("attack/options-are-no-failure", guarded(**BASIC), ASKS_DAV, Expect(runs=4), ASKS_DAV, ASKS_DAV, ASKS_DAV,
        answer=Answer()),
    row("attack/options-may-fail", guarded(**BASIC), ASKS_DAV, locked(), ASKS_DAV, ASKS_DAV, answer=DENIED),
    row("attack/redirected-back-below-the-root", guarded(success=redirected()), BELOW, locked(), BELOW, BELOW,
        answer=BACK),
    # What some apps take for Basic credentials.
    row("attack/basic-after-a-tab", guarded(**BASIC), TAB, locked(), TAB, TAB, answer=DENIED),
    row("attack/basic-after-a-wide-space", guarded(**BASIC), WIDE, locked(), WIDE, WIDE, answer=DENIED),
    row("attack/basic-behind-another-scheme", guarded(**BASIC), SECOND,
        Expect(status=400, reached=False, events=["lockout.unreadable"])),
    # What the rules about the user refuse was not tried.
    Row(id="lockout/attack/a-limit-by-user-refuses-first", policy=beside_a_limit, ask=BOB, answer=SAYS, knows_user=True,
        first=[ADA, ADA, ADA, ADA], expect=Expect(events=BEGAN, runs=2)),
)  # fmt: skip
