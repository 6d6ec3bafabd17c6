"""NeedCounts, and what a bug in a rule or a store comes to, in every driver: one take, and nothing unproved passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netguard import Policy
from netguard.messages import NeedCounts, Taken
from netguard.plan import Plan
from scenarios.check import check
from scenarios.drivers import DRIVERS, Drive
from scenarios.fakes import REFUSAL, FakeRule, FakeStore, plan
from scenarios.row import Answer, Ask, Expect, Outcome, Row, refused

COUNTED = Ask(method="POST", target=b"/counted", body=[b"a", b"b"])
HOSTS = Policy(hosts=["booking.example"])


@pytest.fixture(params=DRIVERS)
def drive(request: pytest.FixtureRequest) -> Drive:
    return DRIVERS[request.param]


def row(policy: Plan, expect: Expect, ask: Ask = COUNTED, times: int = 1) -> Row:
    return Row(id="", policy=policy, ask=ask, answer=Answer(reads=True), expect=expect, times=times)


def held(drive: Drive, one: Row) -> Outcome:
    outcome = drive(one)
    check(one, outcome)
    return outcome


def test_several_rules_are_one_body_and_one_take(drive: Drive) -> None:
    store = FakeStore()
    rules = [FakeRule(rule="one", reads_body=True), FakeRule(rule="two"), FakeRule(rule="three", reads_body=True)]
    held(drive, row(plan(*rules, store=store), Expect(seen={"body": b"ab"})))
    assert store.takes == [(("one", b"ab"), ("two", b""), ("three", b"ab"))]  # two has no use for it


def test_what_a_rule_without_body_counts_is_made_once(drive: Drive) -> None:
    made: list[bytes] = []

    class Watched(FakeRule):
        def ops(self, request: Any, body: Any) -> Any:
            made.append(body.raw)
            return FakeRule.ops(self, request, body)

    held(drive, row(plan(Watched(), FakeRule(rule="two", reads_body=True)), Expect()))
    assert made == [b""]


def test_a_store_that_knows_its_refusal_is_not_asked_for_it_and_no_body_is_read(drive: Drive) -> None:
    class Knowing(FakeStore):
        def denied(self, ops: Any) -> Taken:
            self.settled.append(ops)
            return Taken(False, ((-1, 0, 0, 0),))

    store = Knowing()
    rules = [FakeRule(rule="one", reads_body=True), FakeRule(rule="two")]
    huge = Ask(method="POST", target=b"/counted", body=[b"a" * 70_000])
    held(drive, row(plan(*rules, store=store), refused(429, "fake.refused"), huge))
    assert (store.takes, store.settled) == ([], [(("two", b""),)])


def test_each_rule_judges_its_own_share(drive: Drive) -> None:
    class Uneven(FakeStore):
        def take(self, ops: Any) -> Taken:
            return Taken(False, ((1, 0, 0, 0), (-1, 0, 0, 0)))

    passing = FakeRule(rule="one", refusal="was asked about another's share")
    held(drive, row(plan(passing, FakeRule(rule="two"), store=Uneven()), refused(429, "fake.refused")))


def test_no_take_where_no_rule_matches(drive: Drive) -> None:
    store = FakeStore()
    held(drive, row(plan(FakeRule(path="/elsewhere"), store=store), Expect()))
    assert store.takes == []


def test_no_take_where_an_earlier_check_refuses(drive: Drive) -> None:
    store = FakeStore()
    ask = Ask(method="POST", target=b"/counted", host="evil.example", body=[b"a"])
    held(drive, row(plan(FakeRule(reads_body=True), store=store), refused(400, "hosts.foreign"), ask))
    assert store.takes == []


def test_no_take_where_there_is_nothing_to_count(drive: Drive) -> None:
    store = FakeStore()
    ask = Ask(method="POST", target=b"/counted", body=[b"nothing"])
    held(drive, row(plan(FakeRule(reads_body=True), store=store), Expect(seen={"body": b"nothing"}), ask))
    assert store.takes == []


def test_each_request_takes_once(drive: Drive) -> None:
    store = FakeStore()
    held(drive, row(plan(FakeRule(), store=store), Expect(seen={"body": b"ab"}), times=3))
    assert len(store.takes) == 3


def test_enforced_rule_beside_a_reported_one(drive: Drive) -> None:
    rules = [FakeRule(mode="report"), FakeRule()]
    outcome = drive(row(plan(*rules, store=FakeStore(left=-1)), refused(429, "fake.refused", "fake.refused")))
    assert outcome.status == 429
    assert [event.enforced for event in outcome.events] == [False, True]
    assert outcome.seen == []


def test_store_that_refuses_without_a_rule_saying_why_is_believed(drive: Drive) -> None:
    store = FakeStore(ok=lambda _: False)
    held(drive, row(plan(FakeRule(), store=store), refused(429, "counts.refused")))


def raising(*_: object) -> Any:
    raise LookupError("a bug")


def buggy_store(answer: Callable[..., Any]) -> Plan:
    class Buggy(FakeStore):
        def take(self, ops: Any) -> Taken:
            taken: Taken = answer(ops)
            return taken

    return plan(FakeRule(), store=Buggy())


def buggy_check(check: Callable[..., Any]) -> Plan:
    made = Plan(HOSTS)
    made.checks = (check, *made.checks)
    return made


def buggy_rule(**methods: Callable[..., Any]) -> Plan:
    kind: Any = type("Buggy", (FakeRule,), {"__slots__": (), **methods})
    return plan(kind(reads_body=True))


BUGS: dict[str, Callable[[], Plan]] = {
    "check-raises": lambda: buggy_check(raising),
    "check-returns-true": lambda: buggy_check(lambda _: True),
    "check-returns-false": lambda: buggy_check(lambda _: False),
    "check-returns-text": lambda: buggy_check(lambda _: "refused"),
    "check-returns-empty": lambda: buggy_check(lambda _: ()),
    "matches-raises": lambda: buggy_rule(matches=raising),
    "ops-raises": lambda: buggy_rule(ops=raising),
    "ops-returns-none": lambda: buggy_rule(ops=lambda *_: None),
    "ops-returns-number": lambda: buggy_rule(ops=lambda *_: 7),
    "judge-raises": lambda: buggy_rule(judge=raising),
    "judge-returns-true": lambda: buggy_rule(judge=lambda *_: True),
    "judge-returns-false": lambda: buggy_rule(judge=lambda *_: False),
    "judge-returns-text": lambda: buggy_rule(judge=lambda *_: "no"),
    "store-raises": lambda: buggy_store(raising),
    "store-returns-none": lambda: buggy_store(lambda _: None),
    "store-returns-true": lambda: buggy_store(lambda _: True),
    "store-counts-too-few": lambda: buggy_store(lambda _: Taken(True, ())),
    "no-store": lambda: Plan(HOSTS, counted=(FakeRule(),)),
}


@pytest.mark.parametrize("bug", BUGS)
def test_bug_never_reaches_the_app(drive: Drive, bug: str) -> None:
    outcome = drive(row(BUGS[bug](), Expect()))
    assert outcome.seen == []
    assert outcome.status == 500
    assert outcome.values("x-content-type-options") == ["nosniff"]
    assert len(outcome.events) == 1


DECISIONS: dict[str, object] = {
    "none": None,
    "true": True,
    "refusal": REFUSAL,
    "counts-that-lead-nowhere": NeedCounts((), lambda _: None),  # type: ignore[arg-type,return-value]
    "lookalike": type("Continue", (), {"notes": (), "pending": ()})(),
}


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("interface", ["asgi", "wsgi", "starlette"])
def test_what_is_no_decision_never_reaches_the_app(
    interface: str, decision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = "netguard.wsgi" if interface == "wsgi" else "netguard.asgi"
    monkeypatch.setattr(f"{driver}.decide", lambda plan, request: DECISIONS[decision])
    outcome = DRIVERS[interface](row(plan(FakeRule()), Expect(), Ask(target=b"/counted")))
    assert outcome.seen == []
    assert outcome.status == 500
