"""Holds an outcome against its expectation, and against what must be so in every row."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from netguard import Policy
from netguard.cookie_rewriting import COMPLETED
from netguard.plan import Plan
from scenarios.row import PEER, Outcome, Row

FORWARDING = frozenset(
    "forwarded x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-forwarded-prefix "
    "x-forwarded-server x-forwarded-ssl x-real-ip x-original-url x-rewrite-url".split()
)
ONCE = (
    "content-security-policy strict-transport-security x-content-type-options referrer-policy x-frame-options "
    "cross-origin-opener-policy cross-origin-resource-policy permissions-policy cache-control"
).split()


def check(row: Row, outcome: Outcome) -> None:
    """Raise AssertionError unless the outcome is what the row says."""
    expect = row.expect
    if outcome.raised is not None and (expect.raises is None or not isinstance(outcome.raised, expect.raises)):
        raise outcome.raised
    assert (outcome.raised is None) == (expect.raises is None), f"nothing raised {expect.raises}"
    assert outcome.status == expect.status, [event.detail for event in outcome.events]
    for name, value in expect.headers.items():
        assert outcome.values(name) == ([value] if isinstance(value, str) else value), name
    for name in expect.absent:
        assert outcome.values(name) == [], name
    if expect.body is not None:
        assert outcome.body == expect.body
    _check_app(row, outcome)
    _check_events(row, outcome)
    for that in expect.that:
        assert that(outcome), that.__name__
    invariants(row, outcome)


def _check_app(row: Row, outcome: Outcome) -> None:
    expect = row.expect
    assert len(outcome.seen) == _runs(row), "how often the app ran"
    for seen in outcome.seen:
        for name, value in expect.seen.items():
            assert getattr(seen, name) == value, name
        found = {name.decode("latin-1"): value.decode("latin-1") for name, value in seen.headers}
        assert not FORWARDING & {name.replace("_", "-") for name in found}, "a forwarding header reached the app"
        for name in expect.hidden:
            assert name.lower() not in found
        for name, value in expect.shown.items():
            assert found.get(name.lower()) == value, name


def _runs(row: Row) -> int:
    if row.expect.runs is None:
        return len(row.asks()) if row.expect.reached else 0
    return len(row.asks()) - 1 if row.expect.runs == -1 else row.expect.runs


def _check_events(row: Row, outcome: Outcome) -> None:
    # Most rows with a cookie have it completed; those that are about the event name it.
    said = Counter(event.code for event in outcome.events)
    if COMPLETED not in row.expect.events:
        del said[COMPLETED]
    assert said == Counter(row.expect.events)
    for event in outcome.events:
        assert event.rule
        assert event.code.startswith(f"{event.rule}.")
        assert event.detail
        assert event.enforced == (row.expect.enforced and event.status >= 300)


def invariants(row: Row, outcome: Outcome) -> None:
    """What no row may break."""
    policy = row.made_policy()
    policy = policy.policy if isinstance(policy, Plan) else policy
    assert outcome.heads <= 1, "more than one response head"
    own = {name.lower().decode() for name, _ in row.answer.pairs()}
    for name in ONCE:
        assert len(outcome.values(name)) <= 1 or name in own, f"{name} was sent twice"
    for location in outcome.values("location"):
        assert "evil" not in (urlsplit(location).hostname or "")
    claimed = any("proto" in field.lower() for field in row.ask.fields) and row.ask.peer != PEER
    if row.ask.scheme == "http" and not claimed:
        assert outcome.values("strict-transport-security") == [], "HSTS over plain http (RFC 6797, 7.2)"
    if not row.expect.reached and outcome.heads:
        _refusal(policy, row, outcome)


def _refusal(policy: Policy, row: Row, outcome: Outcome) -> None:
    """A refusal is no less protected than a page, and is not kept."""
    if policy.headers:
        assert outcome.values("x-content-type-options") == ["nosniff"]
        assert len(outcome.values("content-security-policy")) == (1 if policy.headers.csp else 0)
    assert outcome.values("cache-control") == ["no-store"]
    if outcome.status == 204:
        assert outcome.values("content-length") == [], "a 204 has no length (RFC 9110, 8.6)"
        return
    length = int(outcome.values("content-length")[0])
    assert length == len(outcome.body) or (row.ask.method == "HEAD" and outcome.body == b"")
