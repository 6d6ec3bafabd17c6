"""The listing of what is locked."""

from __future__ import annotations

from netguard import Logins, Policy, client
from scenarios.rows.lockout import SECRET
from support.login_sites import guarded
from support.logins import HERE, fail


def test_locks_are_all_that_is_locked_by_pseudonyms() -> None:
    logins = Logins(guarded(client_tries="3/hour"))
    fail(logins, "ann")
    fail(logins, "bob", times=1)
    fail(Logins(guarded()), "eve")  # in another policy's store
    found = {(lock.what, lock.factor, lock.pseudonym) for lock in logins.locks()}
    assert found == {
        ("account", "first", logins.pseudonym("ann")),
        ("client", "first", logins.client_pseudonym(HERE)),
    }
    assert {899 < lock.wait <= 900 or 3599 < lock.wait <= 3600 for lock in logins.locks()} == {True}


def test_locks_of_more_accounts_than_one_call_asks() -> None:
    logins = Logins(guarded(tries="1/hour", client_tries="1000/hour"))
    for number in range(250):
        fail(logins, f"member {number}", times=1)
    assert {lock.pseudonym for lock in logins.locks()} == {logins.pseudonym(f"member {n}") for n in range(250)}


def test_other_counters_of_the_store_are_no_locks() -> None:
    from netguard import Limiter, RateLimit

    limits = [RateLimit("1/hour", on=[], by=client, name="once")]
    policy = Policy(lockout=guarded().lockouts(), limits=limits, secrets=[SECRET])
    Limiter(policy).hit("once", HERE)
    assert Logins(policy).locks() == []
