"""Logins that a view tries itself, in every framework and form: what is answered, and what comes of the try."""

from __future__ import annotations

import pytest

from scenarios.row import Outcome
from support.login_sites import SITES, Visitor, guarded


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visitor(site: str) -> Visitor:
    return Visitor(site, guarded(devices=False))


def codes(outcome: Outcome) -> list[str]:
    return [event.code for event in outcome.events]


def test_the_locked_are_answered_429_where_no_view_caught_it(visitor: Visitor) -> None:
    outcome = visitor.try_to("wrong", "nothing", "right")
    assert [one.status for one in outcome.earlier] == [200, 200]
    assert (outcome.status, outcome.raised, outcome.values("retry-after")) == (429, None, ["900"])
    assert codes(outcome) == ["lockout.account"]
    assert outcome.events[0].enforced
    assert outcome.events[0].client == "198.51.100.9"
    assert outcome.values("x-content-type-options") == ["nosniff"]
    assert outcome.values("cache-control") == ["no-store"]
    assert b"ann" not in outcome.body
    assert visitor.try_to("right", name="bob").status == 200


def test_a_view_may_catch_it(visitor: Visitor) -> None:
    outcome = visitor.try_to("wrong", "wrong", "catches")
    assert (outcome.status, outcome.body) == (200, b"the view says 900")


def test_passwords_that_could_not_be_checked_are_no_try(visitor: Visitor) -> None:
    outcome = visitor.try_to("busy", "busy", "busy")
    assert [one.status for one in (*outcome.earlier, outcome)] == [503, 503, 503]
    assert (outcome.raised, outcome.values("retry-after"), codes(outcome)) == (None, ["2"], [])
    assert visitor.try_to(*["unchecked"] * 3).status == 200
    assert visitor.try_to("wrong", "wrong").status == 200


def test_a_success_frees_the_account(visitor: Visitor) -> None:
    outcome = visitor.try_to("wrong", "right", "wrong", "right", "wrong")
    assert outcome.status == 200
    assert [codes(one) for one in outcome.earlier[:2]] == [["lockout.failed"], ["lockout.recovered"]]


def test_an_error_in_the_block_is_no_success(visitor: Visitor) -> None:
    outcome = visitor.try_to("crashes", "crashes", "right")
    assert [one.status for one in (*outcome.earlier, outcome)] == [500, 500, 429]
    assert "lockout.began" in codes(outcome.earlier[1])


def test_a_success_makes_the_device_known_which_is_not_locked_out(site: str) -> None:
    visitor = Visitor(site, guarded())
    outcome = visitor.try_to("right")
    assert codes(outcome) == ["lockout.succeeded", "lockout.new-device"]
    (cookie,) = outcome.values("set-cookie")
    assert cookie.startswith("__Host-netguard-device=")
    assert outcome.values("cache-control") == ["private"]
    known = "Cookie: " + cookie.partition(";")[0]
    assert visitor.try_to("wrong", "wrong", "wrong").status == 429
    assert visitor.try_to("wrong", "right", fields=(known,)).status == 200
    visitor.logins.revoke_devices("ann")
    assert visitor.try_to("right", fields=(known,)).status == 429


def test_a_device_is_known_after_the_second_factor_alone(site: str) -> None:
    visitor = Visitor(site, guarded(factor="first"))
    outcome = visitor.try_to("right", "second")
    assert outcome.earlier[0].values("set-cookie") == []
    assert outcome.values("set-cookie") != []
    visitor = Visitor(site, guarded())
    assert visitor.try_to("first").values("set-cookie") == []
