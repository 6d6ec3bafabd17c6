"""Limits by user: who is asked for where the framework knows, and what is withheld until then."""

from __future__ import annotations

from collections.abc import Sequence

from netguard import RateLimit, client, form, user
from netguard.plan import Plan
from netguard.stores.memory import MemoryStore
from scenarios.row import Answer, Ask, Expect, Outcome, Row
from scenarios.rows.limits import ANN, FORM, limited, post

ADA, BOB, NOBODY = Ask(fields=["X-User: ada"]), Ask(fields=["X-User: bob"]), Ask()
ADAS_FORM = post(ANN, FORM, "X-User: ada")
SOCKET = Ask(kind="websocket", fields=["Origin: https://booking.example", "X-User: ada"])
STILL = 1_000_000_000_000  # nanoseconds: no time passes between two requests
SECRET = Answer(fields=["Content-Type: text/plain", "Set-Cookie: seen=yes"], chunks=[b"for members"])
BY_USER = RateLimit("2/hour", by=user, name="mine")
TOLD = RateLimit("2/hour", by=user, name="mine", tell="always")


def row(key: str, limits: Sequence[RateLimit], ask: Ask, expect: Expect, *needs: str, first: Sequence[Ask]) -> Row:
    return Row(
        id=f"limits/user/{key}",
        policy=lambda: Plan(limited(*limits)(), store=MemoryStore(clock=lambda: STILL)),
        ask=ask,
        answer=SECRET,
        expect=expect,
        first=first,
        needs=needs,
        knows_user=True,
    )


def all_passed(outcome: Outcome) -> bool:
    return [one.status for one in outcome.earlier] == [200] * len(outcome.earlier)


def withheld(outcome: Outcome) -> bool:
    return b"members" not in outcome.body and outcome.values("set-cookie") == []


REFUSED = Expect(
    status=429, runs=-1, reached=False, events=["limits.exceeded"], that=[all_passed, withheld],
    headers={"Retry-After": "1800", "RateLimit": '"mine";r=0;t=1800', "RateLimit-Policy": '"mine";q=2;w=3600'},
)  # fmt: skip

ROWS: Sequence[Row] = (
    row("two-behind-one-address", [BY_USER], BOB, Expect(that=[all_passed], absent=["RateLimit"]),
        first=[ADA, ADA, BOB]),
    row("one-too-many", [BY_USER], ADA, REFUSED, first=[BOB, ADA, ADA]),
    row("nobody-is-the-client", [BY_USER], NOBODY, REFUSED, first=[NOBODY, NOBODY]),
    row("nobody-is-not-the-user", [BY_USER], ADA, Expect(that=[all_passed]), first=[NOBODY, NOBODY, ADA]),
    row("a-name-that-looks-like-nobody", [BY_USER], Ask(fields=["X-User: client cb007107"]),
        Expect(that=[all_passed]), first=[NOBODY, NOBODY]),
    row("another-address-is-the-same-user", [BY_USER], Ask(fields=["X-User: ada"], peer="192.0.2.1"), REFUSED,
        first=[ADA, ADA]),
    row("fields-on-request", [TOLD], ADA, Expect(headers={
        "RateLimit": '"mine";r=1;t=1800', "RateLimit-Policy": '"mine";q=2;w=3600'}), first=[BOB, BOB]),
    row("report", [RateLimit("1/hour", by=user, mode="report")], ADA,
        Expect(events=["limits.exceeded"], enforced=False), first=[ADA]),
    row("other-routes", [RateLimit("1/hour", by=user, on="POST /mail")], ADA, Expect(that=[all_passed]), first=[ADA]),
    row("exempt-path", [RateLimit("1/hour", by=user, exempt=["/"])], ADA, Expect(that=[all_passed]), first=[ADA]),
    row("with-the-client", [RateLimit("2/hour", by=(client, user), name="mine")],
        Ask(fields=["X-User: ada"], peer="192.0.2.1"), Expect(that=[all_passed]), first=[ADA, ADA]),
    row("with-a-field-of-the-form", [RateLimit("2/hour", by=(user, form("email")), name="mine")],
        ADAS_FORM, REFUSED, first=[post(ANN, FORM, "X-User: bob"), ADAS_FORM, ADAS_FORM]),
    row("a-cost-by-callable", [RateLimit("2/hour", by=user, name="mine", cost=lambda request: 2)], ADA,
        Expect(status=429, runs=1, reached=False, events=["limits.exceeded"], headers={"Retry-After": "3600"}),
        first=[ADA]),
    row("beside-one-that-needs-no-user", [BY_USER, RateLimit("3/hour", name="all")], BOB,
        Expect(status=429, runs=3, reached=False, events=["limits.exceeded"],
               headers={"RateLimit": '"all";r=0;t=1200'}),
        first=[ADA, ADA, BOB]),
    row("websocket", [BY_USER], SOCKET, Expect(status=429, runs=2, reached=False, events=["limits.exceeded"]),
        "user of a handshake", first=[SOCKET, SOCKET]),
)  # fmt: skip
