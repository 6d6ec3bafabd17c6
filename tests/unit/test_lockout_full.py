"""A memory store that is full of locks: they stay, and new logins wait."""

from __future__ import annotations

import pytest

from netguard import LockedOut, Lockout, Logins, Policy
from netguard.events import SecurityEvent

SECRETS = ["the secret of a test, and long enough"]


def test_locks_are_never_evicted_and_new_logins_wait() -> None:
    told: list[SecurityEvent] = []
    lockout = Lockout(on=[], tries="1/day", cap=0, distinct_names="", distinct_clients="")
    logins = Logins(Policy(lockout=lockout, secrets=SECRETS, store="memory://?keys=600", events=[told.append]))
    refused: list[LockedOut] = []
    for number in range(1000):
        try:
            with logins.attempt(f"member {number}", client=f"10.0.{number >> 8}.{number & 255}"):
                pass
        except LockedOut as error:
            refused.append(error)
    assert {error.refusal.status for error in refused} == {503}
    assert [event.code for event in told].count("store.full") == 1
    with pytest.raises(LockedOut) as locked:
        logins.attempt("member 0", client="192.0.2.1").__enter__()
    assert locked.value.refusal.status == 429
