"""The errors that a driver answers: what they say of themselves."""

from __future__ import annotations

import pytest

from netguard.errors import Busy, LockedOut, NetguardError, Refused
from netguard.messages import Refusal


@pytest.mark.parametrize(
    ("wait", "seconds", "whole"), [(0, 0.0, 0), (1, 1e-6, 1), (1_500_000, 1.5, 2), (2_000_000, 2.0, 2)]
)
def test_a_lock_says_when_it_is_over(wait: int, seconds: float, whole: int) -> None:
    error = LockedOut("locked", Refusal("lockout", "of.the.test", 429, wait=wait))
    assert (error.wait, error.retry_after, str(error)) == (seconds, whole, "locked")


@pytest.mark.parametrize("kind", [LockedOut, Busy])
def test_what_a_driver_answers_is_one_kind(kind: type[Refused]) -> None:
    refusal = Refusal("rule", "of.the.test", 503)
    error = kind("why", refusal)
    assert isinstance(error, Refused)
    assert isinstance(error, NetguardError)
    assert error.refusal is refusal
