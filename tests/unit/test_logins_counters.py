"""Logins asked from code: whose tries they are, and which counters they share."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from netguard import ConfigError, LockedOut, Lockout, Logins, NetguardError, Policy, form, reported
from netguard.plan import Plan
from netguard.stores.memory import MemoryStore
from scenarios import wsgi_driver
from scenarios.row import Row
from scenarios.rows.lockout import SECRET, login
from support.login_sites import guarded
from support.logins import HERE, RUNS, Ran, fail, never, nothing, run_sync, told
from support.remote import Clock


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest) -> Ran:
    """Each test runs for ``with`` and for ``async with``."""
    return RUNS[request.param]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param({}, "whose try it is", id="nobody"),
        pytest.param({"request": object()}, "did not come through netguard", id="any-object"),
        pytest.param({"request": "192.0.2.7"}, "did not come through netguard.*client=", id="address-for-request"),
        pytest.param({"request": {"type": "http"}}, "did not come through netguard", id="scope-of-another"),
        pytest.param({"client": "host.example"}, "IP address.*'host.example'", id="no-address"),
    ],
)
def test_whose_try_it_is_must_be_said(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(NetguardError, match=said):
        Logins(guarded()).attempt("ann", **asked)


def test_clients_that_nobody_knows_are_one() -> None:
    logins = Logins(guarded(client_tries="2/hour"))
    for name in ("ann", "bob"):
        fail(logins, name, "", times=1)
    with pytest.raises(LockedOut):
        fail(logins, "eve", "", times=1)
    fail(logins, "eve", times=1)


def test_a_name_that_is_an_object_by_mistake() -> None:
    with pytest.raises(ConfigError, match="username"):
        Logins(guarded()).attempt(object(), client=HERE)


def test_the_second_factor_has_counters_of_its_own(run: Ran) -> None:
    logins = Logins(guarded(factor="first", second_factor_tries="1/hour"))
    run(logins.attempt("ann", client=HERE), lambda attempt: attempt.succeeded(last=False))
    run(logins.second_factor("ann", client=HERE), nothing)
    with pytest.raises(LockedOut):
        run(logins.second_factor("ann", client=HERE), never)
    run(logins.attempt("ann", client=HERE), nothing)
    assert [(lock.what, lock.factor) for lock in logins.locks()] == [("account", "second")]
    logins.unlock("ann")
    run(logins.second_factor("ann", client=HERE), nothing)


def test_middleware_and_code_share_counters() -> None:
    made = guarded(on="POST /login", username=form("username"), success=reported(), devices=False)
    plan = Plan(made)
    logins = Logins(made)
    fail(logins, times=1)
    last = wsgi_driver.drive(Row(id="", policy=plan, ask=login("ann"), times=2))
    assert [one.status for one in (*last.earlier, last)] == [200, 429]
    with pytest.raises(LockedOut):
        fail(Logins(plan), times=1)


def test_lockouts_go_by_name() -> None:
    api = Lockout(on=[], tries="1/hour", name="api")
    policy = guarded(api)
    fail(Logins(policy, "api"), times=1)
    assert Logins(policy, "api").locked_for("ann") != [0.0]
    assert Logins(policy, "login").locked_for("ann") == [0.0]


def test_a_second_factor_of_the_middleware_is_the_second_factor_of_code() -> None:
    second = Lockout(on="POST /code", username=form("username"), success=reported(), factor="second", tries="1/hour")
    logins = Logins(guarded(second, factor="first"))
    run_sync(logins.second_factor("ann", client=HERE), nothing)
    with pytest.raises(LockedOut):
        run_sync(logins.second_factor("ann", client=HERE), never)
    alone = Logins(Policy(lockout=replace(second, name="code"), secrets=[SECRET]), "code")
    fail(alone, times=1)
    with pytest.raises(LockedOut):
        fail(alone, times=1)


@pytest.mark.parametrize(
    ("policy", "name", "said"),
    [
        pytest.param(Policy(), "", "no lockout: write Policy", id="none"),
        pytest.param(guarded(), "logn", "no lockout 'logn'; did you mean 'login'.*there are login", id="misspelt"),
        pytest.param(guarded(Lockout(on=[], name="api")), "", "say which.*'login'.*there are login, api", id="unsaid"),
        pytest.param("policy.toml", "", "write Logins\\(Policy", id="no-policy"),
    ],
)
def test_which_lockout_is_found_at_start_up(policy: Any, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Logins(policy, name)


def test_report_mode_lets_pass_and_tells(run: Ran) -> None:
    with told(guarded(mode="report", tries="1/hour")) as (policy, events):
        logins = Logins(policy)
        fail(logins, times=1)
        run(logins.attempt("ann", client=HERE), lambda attempt: attempt.succeeded())
    assert [(event.code, event.enforced) for event in events] == [
        ("lockout.failed", False), ("lockout.began", False), ("lockout.account", False), ("lockout.recovered", False)
    ]  # fmt: skip


def test_events_of_jobs_have_no_request(run: Ran) -> None:
    with told(guarded(tries="1/hour")) as (policy, events):
        logins = Logins(policy)
        run(logins.attempt("ann", client=HERE), nothing)
        with pytest.raises(LockedOut):
            run(logins.attempt("\uff21NN ", client=HERE), nothing)
    assert [event.code for event in events] == ["lockout.failed", "lockout.began", "lockout.account"]
    assert {(event.account, event.path) for event in events} == {(logins.pseudonym("Ann"), "")}


def test_a_lock_ends_with_its_period() -> None:
    clock = Clock()
    logins = Logins(Plan(guarded(), store=MemoryStore(clock=clock)))
    fail(logins)
    clock.pass_seconds(899)
    assert logins.locked_for("ann", "bob") == [1.0, 0.0]
    assert asyncio.run(logins.alocked_for("bob", "ann")) == [0.0, 1.0]
    clock.pass_seconds(1)
    assert logins.locked_for("ann") == [0.0]
    assert logins.locked_for() == []
