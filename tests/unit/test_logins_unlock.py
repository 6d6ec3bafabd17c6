"""What lets the locked try again: administrators and resets of passwords; revoked devices."""

from __future__ import annotations

import pytest

from netguard import ConfigError, Logins, NetguardError, Policy
from netguard.errors import StoreError
from netguard.events import SecurityEvent
from netguard.plan import Plan
from netguard.stores.outage import Guarded
from scenarios.rows.lockout import SECRET
from support.login_sites import guarded
from support.logins import ELSEWHERE, HERE, Face, Faced, admitted, browser, device_of, fail, passes, tries
from support.remote import Clock, Remote


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Faced:
    """Each test runs for both."""
    return lambda logins: Face(logins, awaits=request.param)


def test_unlock_frees_the_account_in_every_spelling_and_nobody_else(face: Faced) -> None:
    logins = fail(fail(Logins(guarded())), "bob")
    face(logins).unlock(" \uff21nn")
    assert passes(logins)
    assert not passes(logins, "bob")


def test_unlock_ends_the_streak_past_the_cap(face: Faced) -> None:
    logins = fail(Logins(guarded(tries="9/hour", cap=2)))
    assert logins.locks()[0].what == "cap"
    face(logins).unlock("ann")
    assert passes(logins)
    assert logins.locks() == []


def test_unlock_client(face: Faced) -> None:
    logins = fail(fail(Logins(guarded(client_tries="2/hour"))), "bob", ELSEWHERE)
    assert not passes(logins, "eve")
    face(logins).unlock_client(HERE)
    assert passes(logins, "eve")
    assert not passes(logins, "eve", ELSEWHERE)
    with pytest.raises(NetguardError, match=r"IP address.*'ann'"):
        face(logins).unlock_client("ann")


def test_unlock_of_a_pair_says_whose(face: Faced) -> None:
    logins = fail(fail(Logins(guarded(per="account+client")), address=HERE), address=ELSEWHERE)
    assert {(lock.what, lock.pseudonym) for lock in logins.locks()} == {("pair", logins.pseudonym("ann"))}
    with pytest.raises(NetguardError, match=r"say whose.*client="):
        face(logins).unlock("ann")
    with pytest.raises(NetguardError, match="say whose"):
        logins.unlock_token("ann")
    face(logins).unlock("ann", client=HERE)
    assert passes(logins)
    assert not passes(logins, address=ELSEWHERE)
    assert face(logins).unlock_by(logins.unlock_token("ann", client=ELSEWHERE))
    assert passes(logins, address=ELSEWHERE)


def test_unlock_is_told(face: Faced) -> None:
    events: list[SecurityEvent] = []
    logins = Logins(Policy(lockout=guarded().lockouts(), secrets=[SECRET], events=[events.append]))
    face(logins).unlock("ann")
    face(logins).unlock_by(logins.unlock_token("ann"))
    face(logins).unlock_client(HERE)
    face(logins).revoke_devices("ann")
    pseudonym = logins.pseudonym("ann")
    assert [(event.code, event.account) for event in events] == [
        ("lockout.unlocked", pseudonym), ("lockout.unlocked", pseudonym), ("lockout.unlocked", ""),
        ("lockout.revoked", pseudonym),
    ]  # fmt: skip


def test_the_reset_of_a_password_frees_the_device_that_asked_for_it(face: Faced) -> None:
    plan = Plan(guarded())
    logins, owner = Logins(plan), browser(plan, "ann")
    tries(logins, owner, 2)
    assert [lock.what for lock in logins.locks()] == ["device"]
    face(logins).unlock("ann")
    assert not admitted(logins, owner)
    face(logins).unlock("ann", browser(plan, "bob"))
    assert not admitted(logins, owner)
    face(logins).unlock("ann", owner)
    assert admitted(logins, owner)
    tries(logins, owner, 2)
    assert face(logins).unlock_by(logins.unlock_token("ann"), owner)
    assert admitted(logins, owner)


def test_one_device_is_revoked_or_all(face: Faced) -> None:
    plan = Plan(guarded())
    logins, mine, other, bobs = Logins(plan), browser(plan, "ann"), browser(plan, "ann"), browser(plan, "bob")
    fail(logins)
    assert admitted(logins, mine)
    assert admitted(logins, other)
    face(logins).revoke_devices("ann", device_of(plan, mine, logins.pseudonym("ann")))
    assert not admitted(logins, mine)
    assert admitted(logins, other)
    face(logins).revoke_devices("ann")
    assert not admitted(logins, other)
    fail(logins, "bob", ELSEWHERE)
    assert admitted(logins, bobs, "bob")


def test_no_devices_to_revoke(face: Faced) -> None:
    with pytest.raises(ConfigError, match="devices=True"):
        face(Logins(guarded(devices=False))).revoke_devices("ann")


def test_a_store_that_is_out_is_no_unlock(face: Faced) -> None:
    remote = Remote(Clock())
    logins = Logins(Plan(guarded(), store=Guarded(remote)))
    token = logins.unlock_token("ann")
    fail(logins)
    remote.fail()
    for verb, word in (("unlock", "ann"), ("unlock_client", HERE), ("unlock_by", token), ("revoke_devices", "ann")):
        with pytest.raises(StoreError):
            getattr(face(logins), verb)(word)
