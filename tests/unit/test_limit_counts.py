"""What limits make of the counts that a store tells: only a whole and sound answer lets a request pass."""

from __future__ import annotations

import pytest

from netguard import Policy, RateLimit
from netguard.core import decide
from netguard.messages import CONTINUE, Continue, NeedCounts, Passed, Request, Respond, Taken
from netguard.plan import Plan
from netguard.stores.memory import MemoryStore

LIMITS = [RateLimit("5/minute", name="minute"), RateLimit("50/hour", name="hour")]
OVER = (0, 1_000_000, 1_000_000, 7)
LEFT = (4, 0, 1_000_000, 7)


def asked(*limits: RateLimit) -> NeedCounts:
    """What is asked of the store for one request."""
    policy = Policy(hosts=["booking.example"], limits=limits or LIMITS)
    decision = decide(Plan(policy), Request("GET", "/", {}, host="booking.example", client="203.0.113.7"))
    assert isinstance(decision, NeedCounts)
    return decision


def passed(ops: int) -> Passed:
    """What a memory store would say of the first of these operations, and of no other."""
    taken = Passed()
    taken.ops, taken.states, taken.now = asked().ops[:ops], [60_000_001] * ops, 1
    return taken


@pytest.mark.parametrize(
    ("taken", "code"),
    [
        pytest.param(Taken(True, ()), "counts.missing", id="none"),
        pytest.param(Taken(True, (LEFT,)), "counts.missing", id="too-few"),
        pytest.param(passed(0), "counts.missing", id="passed-none"),
        pytest.param(passed(1), "counts.missing", id="passed-too-few"),
        pytest.param(Taken(True, (LEFT, OVER)), "limits.exceeded", id="passes-and-waits"),
        pytest.param(Taken(False, (LEFT, LEFT)), "counts.refused", id="refuses-without-a-wait"),
    ],
)
def test_what_is_not_sound_is_refused(taken: Taken, code: str) -> None:
    decision = asked().supply(taken)
    assert isinstance(decision, Respond)
    assert decision.refusal.code == code


@pytest.mark.parametrize("taken", [passed(2), Taken(True, (LEFT, LEFT))], ids=["passed", "counted"])
def test_what_passes_goes_on(taken: Taken) -> None:
    assert asked().supply(taken) is CONTINUE


def test_what_passes_is_told_where_the_limit_tells_it() -> None:
    need = asked(RateLimit("5/minute", name="minute", tell="always"))
    decision = need.supply(MemoryStore().take(need.ops))
    assert isinstance(decision, Continue)
    assert dict(decision.headers)[b"ratelimit"].startswith(b'"minute";r=4;')
    assert isinstance(need.supply(passed(0)), Respond)


def test_who_meets_no_limit_is_not_counted() -> None:
    limit = RateLimit("5/minute", exempt_clients=["203.0.113.0/24"])
    policy = Policy(hosts=["booking.example"], limits=[limit])
    assert decide(Plan(policy), Request("GET", "/", {}, host="booking.example", client="203.0.113.7")) is CONTINUE


def test_what_only_reports_is_noted() -> None:
    store, need = MemoryStore(), asked(RateLimit("1/minute", name="minute", mode="report"))
    first, second = (need.supply(store.take(need.ops)) for _ in range(2))
    assert first is CONTINUE
    assert isinstance(second, Continue)
    assert [note.enforced for note in second.notes] == [False]
