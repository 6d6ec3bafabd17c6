"""Limits asked from code, sync and async: what counts, under which keys, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard import Hit, Limiter, RateLimit, client, cookie, form, header, json_field, user
from scenarios import wsgi_driver
from scenarios.row import PEER, Ask, Row
from scenarios.rows.limits import FORM, JSON, post
from support.asking import ANN, MAKERS, Maker, mail, plan, policy
from support.remote import Clock


@pytest.fixture(params=MAKERS)
def limiter_of(request: pytest.FixtureRequest) -> Maker:
    """Each test runs for both."""
    return MAKERS[request.param]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_hits_pass_until_the_quota_is_used_up_and_again_after_the_wait(limiter_of: Maker, clock: Clock) -> None:
    limiter = limiter_of(plan(clock, mail("2/hour")))
    assert [limiter.hit("mail", ANN) for _ in range(3)] == [
        Hit(passed=True, left=1, wait=0.0, reset=1800.0),
        Hit(passed=True, left=0, wait=0.0, reset=3600.0),
        Hit(passed=False, left=0, wait=1800.0, reset=3600.0),
    ]
    assert limiter.hit("mail", "bob@club.example")
    clock.pass_seconds(1799)
    assert limiter.hit("mail", ANN).retry_after == 1
    clock.pass_seconds(1)
    assert limiter.hit("mail", ANN)


def test_one_account_is_one_counter_in_every_spelling(limiter_of: Maker) -> None:
    limiter = limiter_of(policy(mail("1/hour")))
    assert limiter.hit("mail", ANN)
    assert not limiter.hit("mail", " \uff21NN@Club.Example\n")


def test_several_rates_are_one_decision_and_the_least_is_told(limiter_of: Maker, clock: Clock) -> None:
    limiter = limiter_of(plan(clock, mail("2/minute; 3/hour")))
    assert [limiter.hit("mail", ANN).left for _ in range(2)] == [1, 0]
    assert limiter.hit("mail", ANN).wait == 30
    assert limiter.peek("mail", ANN).left == 0
    clock.pass_seconds(60)
    assert limiter.hit("mail", ANN)  # what the minute refused was not taken from the hour
    assert limiter.hit("mail", ANN).wait == 1200 - 60


def asked_by(key: str, by: object, ask: Ask, *values: object) -> Any:
    return pytest.param(by, ask, values, id=key)


def host(request: Any) -> Any:
    return request.host


@pytest.mark.parametrize(
    ("by", "ask", "values"),
    [
        asked_by("client", client, Ask(), PEER),
        asked_by("network", client, Ask(peer="2001:db8::1"), "2001:db8::ffff"),
        asked_by("nobody-knows-whom", client, Ask(peer=None), None),
        asked_by("form", form("email"), post(b"email=ANN%40club.example", FORM), ANN),
        asked_by("no-field", form("email"), post(b"", FORM), None),
        asked_by("json", json_field("user.mail"), post(b'{"user": {"mail": "ann"}}', JSON), "Ann"),
        asked_by("header", header("X-API-Key"), Ask(fields=["X-API-Key: k"]), "k"),
        asked_by("cookie", cookie("sid"), Ask(fields=["Cookie: sid=c"]), "c"),
        asked_by("user", user, Ask(fields=["X-User: ada"]), "ada"),
        asked_by("callable", host, Ask(), "booking.example"),
        asked_by("several", (client, header("X-API-Key")), Ask(fields=["X-API-Key: 7"]), PEER, 7),
    ],
)
def test_code_and_requests_share_one_quota(limiter_of: Maker, by: object, ask: Ask, values: Sequence[object]) -> None:
    made = policy(RateLimit("2/hour", by=by, name="shared"))
    row = Row(id="", policy=made, ask=ask, times=2, knows_user=True)
    limiter = limiter_of(replace(made, exempt=["/healthz"]))  # what comes of a policy counts where that does
    assert limiter.hit("shared", *values)
    outcome = wsgi_driver.drive(row)
    assert [one.status for one in outcome.earlier] + [outcome.status] == [200, 429]
    assert not limiter.hit("shared", *values)
    assert limiter.hit("shared", *["192.0.2.77" for _ in values])


class Member:
    def __init__(self, pk: int) -> None:
        self.pk = pk


def test_users_count_by_what_identifies_them(limiter_of: Maker) -> None:
    limiter = limiter_of(policy(RateLimit("1/hour", by=user, on=[], name="mine")))
    assert limiter.hit("mine", Member(7))
    assert not limiter.hit("mine", Member(7))
    assert not limiter.hit("mine", 7)
    assert limiter.hit("mine", Member(8))
    assert limiter.hit("mine", None)
    assert not limiter.hit("mine", None)


def test_a_cost_takes_as_much_and_never_more_than_the_burst(limiter_of: Maker, clock: Clock) -> None:
    limiter = limiter_of(plan(clock, mail("10/hour")))
    assert limiter.hit("mail", ANN, cost=4).left == 6
    assert limiter.hit("mail", ANN, cost=7).left == 6
    assert limiter.hit("mail", ANN, cost=6).left == 0
    assert limiter.hit("mail", "bob", cost=99).left == 0


def test_the_policys_own_cost(limiter_of: Maker, clock: Clock) -> None:
    limiter = limiter_of(plan(clock, mail("10/hour", cost=3)))
    assert limiter.hit("mail", ANN).left == 7
    assert limiter.peek("mail", ANN).left == 7


def test_different_values_count_once_each(limiter_of: Maker, clock: Clock) -> None:
    limiter = limiter_of(plan(clock, RateLimit("2/hour", on=[], by=client, distinct=form("name"), name="names")))
    hits = [limiter.hit("names", PEER, member=name) for name in ("ann", "Ann ", "bob", "eve")]
    assert [(bool(hit), hit.left) for hit in hits] == [(True, 1), (True, 1), (True, 0), (False, 0)]
    assert [limiter.peek("names", PEER, member=name).left for name in ("ann", "eve")] == [0, 0]
    assert limiter.peek("names", "192.0.2.1", member="ann").left == 2
    limiter.reset("names", PEER)
    assert limiter.hit("names", PEER, member="eve").left == 1


def test_different_pairs(limiter_of: Maker) -> None:
    limiter = limiter_of(policy(RateLimit("1/hour", on=[], by=client, distinct=(form("a"), form("b")), name="pairs")))
    assert limiter.hit("pairs", PEER, member=("x", "y"))
    assert not limiter.hit("pairs", PEER, member=("y", "x"))


def test_a_reset_forgets_these_values_alone(limiter_of: Maker) -> None:
    limiter = limiter_of(policy(mail("1/minute; 1/hour")))
    for name in (ANN, "bob"):
        limiter.hit("mail", name)
    limiter.reset("mail", f" {ANN}")
    assert limiter.hit("mail", ANN)
    assert not limiter.hit("mail", "bob")


KINDS = st.sampled_from(
    [mail("7/hour"), mail("7/hour", window="strict"), mail("3/minute; 7/hour"), mail("9/hour", burst=4)]
)


@given(KINDS, st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2000)), max_size=12))
def test_a_look_says_what_a_hit_then_finds(limit: RateLimit, steps: list[tuple[int, int]]) -> None:
    clock = Clock()
    limiter = Limiter(plan(clock, limit))
    for cost, seconds in steps:
        looked, again = limiter.peek("mail", ANN, cost=cost), limiter.peek("mail", ANN)
        hit = limiter.hit("mail", ANN, cost=cost)
        assert (looked.passed, looked.wait) == (hit.passed, hit.wait)
        assert looked.left == again.left >= hit.left >= 0
        assert hit.wait == 0 or hit.wait <= hit.retry_after < hit.wait + 1
        clock.pass_seconds(seconds)
