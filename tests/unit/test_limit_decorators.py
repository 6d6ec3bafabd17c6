"""Limits on single views: one behaviour in every framework, sync and async, functions and classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from netguard import ConfigError, Limiter, Policy, RateLimit, client, form, header, user
from netguard.view_limits import ViewLimits
from scenarios.listening import listening
from support.asking import plan, policy
from support.limited_sites import SITES, Answered, Ask, Site
from support.remote import Clock

JSON = {"accept": "application/json"}
SEARCH = RateLimit("2/hour", on=[], by=client, name="search")

Made = Callable[..., tuple[Site, Ask]]


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> Made:
    """What makes a site of these limits whose view asks them, or those with these names."""

    def made(*limits: RateLimit, names: tuple[str, ...] = (), **keywords: Any) -> tuple[Site, Ask]:
        site = Site(plan(Clock(), *limits, **keywords), names or tuple(limit.name for limit in limits))
        return site, SITES[request.param](site)

    return made


def statuses(ask: Ask, *users: str | None) -> list[int]:
    return [ask({} if name is None else {"x-user": name}).status for name in users]


def test_the_request_too_many_gets_the_answer_of_the_middleware(site: Made) -> None:
    made, ask = site(SEARCH)
    with listening() as events:
        passed = [ask(JSON) for _ in range(2)]
    assert [(answer.status, answer.body) for answer in passed] == [(200, "ok")] * 2
    assert "ratelimit" not in passed[0].headers
    assert events == []
    with listening() as events:
        refused = ask(JSON)
    assert_refused(refused)
    assert made.ran == ["ran"] * 2
    (event,) = [event for event in events if event.rule == "limits"]
    assert (event.code, event.path, event.method, event.enforced) == ("limits.exceeded", "/", "GET", True)


def assert_refused(answer: Answered) -> None:
    assert answer.status == 429
    assert answer.headers["retry-after"] == "1800"
    assert answer.headers["ratelimit"] == '"search";r=0;t=1800'
    assert answer.headers["ratelimit-policy"] == '"search";q=2;w=3600'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert json.loads(answer.body)["violated-policies"] == ["search"]


def test_pages_are_those_of_the_policy(site: Made) -> None:
    _, ask = site(RateLimit("1/hour", on=[], by=client, name="a"), on_refusal={429: "<h1>Slowly: $code</h1>"})
    assert [ask({"accept": "text/html"}).body for _ in range(2)] == ["ok", "<h1>Slowly: limits.exceeded</h1>"]


def test_fields_on_request(site: Made) -> None:
    _, ask = site(RateLimit("2/hour", on=[], by=client, name="search", tell="always", legacy_fields=True))
    headers = ask({}).headers
    assert headers["ratelimit"] == '"search";r=1;t=1800'
    assert headers["x-ratelimit-remaining"] == "1"


def test_report_mode_lets_pass_and_tells(site: Made) -> None:
    made, ask = site(RateLimit("1/hour", on=[], by=client, name="a", mode="report"))
    assert ask({}).status == 200
    with listening() as events:
        assert ask({}).status == 200
    assert [(event.code, event.enforced) for event in events] == [("limits.exceeded", False)]
    assert len(made.ran) == 2


def test_users_have_counters_of_their_own_and_nobody_is_the_client(site: Made) -> None:
    _, ask = site(RateLimit("1/hour", on=[], by=user, name="mine"))
    assert statuses(ask, "ada", "bob", None, "ada", "bob", None) == [200, 200, 200, 429, 429, 429]


def test_several_limits_are_one_decision(site: Made) -> None:
    tight, wide = RateLimit("1/hour", on=[], by=user, name="tight"), RateLimit("2/hour", on=[], by=client, name="wide")
    _, ask = site(tight, wide)
    assert statuses(ask, "ada", "ada", "ada", "bob", "eve") == [200, 429, 429, 200, 429]


def test_what_the_view_does_not_name_is_not_asked(site: Made) -> None:
    _, ask = site(SEARCH, RateLimit("1/hour", on=[], by=client, name="other"), names=("search",))
    assert statuses(ask, None, None, None) == [200, 200, 429]


def test_a_view_and_code_share_one_quota(site: Made) -> None:
    made, ask = site(RateLimit("2/hour", on=[], by=header("X-Key"), name="search"))
    assert Limiter(made.policy).hit("search", "abc")
    assert [ask({"x-key": "abc"}).status for _ in range(2)] == [200, 429]
    assert not Limiter(made.policy).hit("search", "abc")


def test_a_computed_cost_sees_the_request(site: Made) -> None:
    cost = lambda request: 2 if request.headers.get(b"x-user") else 0  # noqa: E731
    _, ask = site(RateLimit("2/hour", on=[], by=client, name="dear", cost=cost))
    assert statuses(ask, None, None, "ada", None, "ada") == [200, 200, 200, 200, 429]


def test_exempt_paths(site: Made) -> None:
    _, ask = site(RateLimit("1/hour", on=[], by=client, name="a", exempt=["/"]))
    assert statuses(ask, None, None) == [200, 200]


def test_different_values(site: Made) -> None:
    _, ask = site(RateLimit("2/hour", on=[], by=client, distinct=header("X-Court"), name="courts"))
    courts = ["1", "2", "1", "3", "2"]
    assert [ask({"x-court": court}).status for court in courts] == [200, 200, 200, 429, 200]


@pytest.mark.parametrize(
    ("limit", "mend"),
    [
        pytest.param(RateLimit("1/hour", name="a"), "write on=\\[\\] for a view's", id="everywhere"),
        pytest.param(RateLimit("1/hour", name="a", on="/a"), "write on=\\[\\] for a view's", id="routes"),
        pytest.param(RateLimit("1/hour", name="a", on=[]), "write by=client or by=user", id="given"),
        pytest.param(RateLimit("1/hour", name="a", on=[], by=form("b")), "write on='POST /path'", id="body"),
        pytest.param(
            RateLimit("1/hour", name="a", on=[], by=client, distinct=form("b")), "write on='POST /path'", id="member"
        ),
        pytest.param(RateLimit("1/hour", name="b", on=[], by=client), "no limit 'a'", id="unknown"),
    ],
)
def test_what_a_view_cannot_ask_is_found_where_it_is_decorated(limit: RateLimit, mend: str) -> None:
    with pytest.raises(ConfigError, match=mend):
        ViewLimits(Limiter(policy(limit)), ("a",))


def test_what_is_no_limiter_and_no_name() -> None:
    with pytest.raises(ConfigError, match="write limited\\(Limiter\\(policy\\)"):
        ViewLimits(Policy(limits=[SEARCH]), ("search",))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="name the limits"):
        ViewLimits(Limiter(policy(SEARCH)), ())
