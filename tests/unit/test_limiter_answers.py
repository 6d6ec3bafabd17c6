"""Limits asked from code: exceptions, events, outages, and what cannot be asked."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from netguard import AsyncLimiter, ConfigError, Limiter, NetguardError, Policy, RateLimit, RateLimited, client, form
from netguard.plan import Plan
from netguard.stores.outage import Guarded
from scenarios.listening import listening
from scenarios.row import PEER
from support.asking import ANN, MAKERS, Maker, awaited, mail, plan, policy
from support.remote import Clock, Remote


@pytest.fixture(params=MAKERS)
def limiter_of(request: pytest.FixtureRequest) -> Maker:
    """Each test runs for both."""
    return MAKERS[request.param]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_jobs_get_an_exception_that_says_how_long(limiter_of: Maker, clock: Clock) -> None:
    limiter = limiter_of(plan(clock, mail("1/hour")))
    assert limiter.take("mail", ANN).passed
    with pytest.raises(RateLimited, match="limit 'mail' refuses for 3600 s") as raised:
        limiter.take("mail", ANN)
    assert (raised.value.wait, pickle.loads(pickle.dumps(raised.value)).wait) == (3600.0, 3600.0)  # noqa: S301


def test_a_refusal_is_an_event_without_a_request(limiter_of: Maker, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Any] = []
    limiter = limiter_of(policy(mail("1/hour"), events=[heard.append]))
    with listening() as events:
        limiter.hit("mail", ANN)
        assert heard == []
        limiter.hit("mail", ANN)
        limiter.peek("mail", ANN)
    assert caplog.messages == ["limit 'mail' (1/hour) is used up [limits.exceeded]"]
    (event,) = heard
    assert events == heard
    assert (event.name, event.code, event.status) == ("excess_rate_limit_exceeded", "limits.exceeded", 429)
    assert (event.enforced, event.method, event.path, event.client) == (True, "", "", None)
    assert "mail" in event.detail
    assert ANN not in event.detail


def test_in_report_mode_all_passes_and_is_told(limiter_of: Maker, clock: Clock) -> None:
    limiter = limiter_of(plan(clock, mail("1/hour", mode="report")))
    with listening() as events:
        hits = [limiter.hit("mail", ANN) for _ in range(2)]
    assert [(bool(hit), hit.left, hit.wait) for hit in hits] == [(True, 0, 0), (True, 0, 3600)]
    assert [(event.code, event.enforced) for event in events] == [("limits.exceeded", False)]


@pytest.mark.parametrize("on_outage", ["refuse", "allow", "local"])
def test_an_outage_does_what_the_limit_says(limiter_of: Maker, clock: Clock, on_outage: Any) -> None:
    remote = Remote(clock)
    limits = policy(mail("2/hour", on_outage=on_outage))
    limiter = limiter_of(Plan(limits, store=Guarded(remote, clock=clock)))
    remote.fail()
    with listening() as events:
        hits = [limiter.hit("mail", ANN) for _ in range(2)]
    expected = {"refuse": [False, False], "allow": [True, True], "local": [True, False]}
    assert list(map(bool, hits)) == expected[on_outage]
    codes = [event.code for event in events]
    assert codes.count("store.out") == 1
    assert codes.count("limits.unavailable") == 2 * (on_outage == "refuse")
    if on_outage == "refuse":
        assert (hits[0].wait, hits[0].retry_after, hits[0].left) == (1.0, 1, 0)


def test_news_of_the_store_are_told_by_looks_and_resets_too(limiter_of: Maker, clock: Clock) -> None:
    for ask in ("peek", "reset"):
        remote = Remote(clock)
        limiter = limiter_of(Plan(policy(mail()), store=Guarded(remote, clock=clock)))
        remote.fail()
        with listening() as events:
            getattr(limiter, ask)("mail", ANN)
        assert [event.code for event in events] == ["store.out"], ask


def test_exemptions_are_about_requests(limiter_of: Maker) -> None:
    limiter = limiter_of(policy(RateLimit("1/hour", on=[], by=client, exempt_clients=["198.51.100.0/24"], name="all")))
    assert [bool(limiter.hit("all", PEER)) for _ in range(2)] == [True, False]


def wrong(verb: str, *args: Any, mend: str, **keywords: Any) -> Any:
    return pytest.param(verb, args, keywords, mend, id=f"{verb}-{mend[:24]}")


@pytest.mark.parametrize(
    ("verb", "args", "keywords", "mend"),
    [
        wrong("hit", "mial", ANN, mend="no limit 'mial'; did you mean 'mail'"),
        wrong("reset", "mial", ANN, mend="no limit 'mial'; did you mean 'mail'"),
        wrong("peek", "nothing like it", mend="it has 'mail', 'pair', 'names', 'dear'"),
        wrong("hit", "mail", mend=r"counts by given: give 1 value\(s\), not 0"),
        wrong("hit", "pair", ANN, mend=r"counts by client, form\(a\): give 2 value\(s\), not 1"),
        wrong("hit", "mail", object(), mend="counts by given: give its text, not <"),
        wrong("hit", "mail", ANN, cost=0, mend="cost: a whole number from 1"),
        wrong("hit", "dear", ANN, mend="its cost is a callable of a request: say cost="),
        wrong("hit", "mail", ANN, member="x", mend=r"tells apart, nothing: give 0 value\(s\), not 1"),
        wrong("hit", "names", PEER, mend=r"tells apart, form\(name\): give 1 value\(s\), not 0"),
        wrong("hit", "names", PEER, member="x", cost=2, mend="each once: leave cost out"),
    ],
)
def test_what_cannot_be_asked(limiter_of: Maker, verb: str, args: Any, keywords: Any, mend: str) -> None:
    limiter = limiter_of(
        policy(
            mail(),
            RateLimit("1/hour", on=[], by=(client, form("a")), name="pair"),
            RateLimit("1/hour", on=[], by=client, distinct=form("name"), name="names"),
            mail_by_size(),
        )
    )
    with pytest.raises(ConfigError, match=mend):
        getattr(limiter, verb)(*args, **keywords)


def mail_by_size() -> RateLimit:
    return RateLimit("5/hour", on=[], cost=lambda request: 2, name="dear")


def test_a_computed_cost_is_said_by_code(limiter_of: Maker) -> None:
    assert limiter_of(policy(mail_by_size())).hit("dear", ANN, cost=2).left == 3


@pytest.mark.parametrize("kind", [Limiter, AsyncLimiter])
def test_a_limiter_needs_limits(kind: Any) -> None:
    with pytest.raises(ConfigError, match=f"{kind.__name__}: the policy has no limits"):
        kind(Policy())
    with pytest.raises(ConfigError, match=f"write {kind.__name__}\\(Policy"):
        kind("policy")


def test_an_answer_that_was_not_awaited_lets_nobody_pass() -> None:
    limiter = AsyncLimiter(policy(mail("1/hour")))
    for ask in (limiter.hit, limiter.peek):
        with pytest.raises(NetguardError, match=r"write `await limiter\.hit"):
            bool(ask("mail", ANN))
    assert asyncio.run(awaited(limiter, "hit", ["mail", ANN], {}))
