"""Logins asked from code: what a block comes to, and whose try it is."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from netguard import LockedOut, Logins, NetguardError
from netguard.errors import Busy
from netguard.login_blocks import LoginAttempt
from netguard.passwords.waiting import busy
from support.login_sites import guarded
from support.logins import HERE, RUNS, Ran, fail, never, nothing, run_async


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest) -> Ran:
    """Each test runs for ``with`` and for ``async with``."""
    return RUNS[request.param]


def test_a_block_without_a_word_has_failed(run: Ran) -> None:
    logins = Logins(guarded())
    for _ in range(2):
        run(logins.attempt("ann", client=HERE), nothing)
    with pytest.raises(LockedOut) as locked:
        run(logins.attempt("ann", client=HERE), never)
    assert (round(locked.value.wait), locked.value.retry_after) == (900, 900)


def test_the_last_word_counts(run: Ran) -> None:
    def changes_its_mind(attempt: LoginAttempt) -> None:
        attempt.failed()
        attempt.succeeded()

    logins = Logins(guarded())
    fail(logins, times=1)
    run(logins.attempt("ann", client=HERE), changes_its_mind)
    fail(logins, times=1)
    assert logins.locked_for("ann") == [0.0]


def test_an_error_leaves_the_block_and_is_a_failure(run: Ran) -> None:
    def crashes(attempt: LoginAttempt) -> None:
        attempt.succeeded()
        raise RuntimeError

    logins = Logins(guarded(tries="1/hour"))
    with pytest.raises(RuntimeError):
        run(logins.attempt("ann", client=HERE), crashes)
    assert logins.locked_for("ann") != [0.0]


@pytest.mark.parametrize("wrong", [False, True])
def test_a_queue_that_is_full_takes_no_try_but_a_failure_stays_one(run: Ran, wrong: bool) -> None:
    def waits_in_vain(attempt: LoginAttempt) -> None:
        if wrong:  # as of a password, before its owner's recovery codes are looked at
            attempt.failed()
        raise busy("no room")

    logins = Logins(guarded(tries="1/hour"))
    with pytest.raises(Busy):
        run(logins.attempt("ann", client=HERE), waits_in_vain)
    assert (logins.locked_for("ann") != [0.0]) is wrong


def test_an_attempt_is_one_try_for_one_block(run: Ran) -> None:
    logins = Logins(guarded())
    attempt = logins.attempt("ann", client=HERE)
    run(attempt, nothing)
    with pytest.raises(NetguardError, match="one try, for one block"):
        run(attempt, never)
    with pytest.raises(NetguardError, match="inside of"):
        attempt.succeeded()
    with pytest.raises(NetguardError, match="inside of"):
        logins.attempt("ann", client=HERE).failed()
    assert logins.locked_for("ann") == [0.0]


def test_attempts_within_each_other_are_two_tries() -> None:
    logins = Logins(guarded())
    with logins.attempt("ann", client=HERE), logins.attempt("ann", client=HERE) as inner:
        inner.not_checked()
    assert logins.locked_for("ann") == [0.0]
    with pytest.raises(LockedOut), logins.attempt("ann", client=HERE), logins.attempt("ann", client=HERE):
        pytest.fail("there was but one left")


def test_async_blocks_in_threads_get_the_allowed_number() -> None:
    logins = Logins(guarded(tries="7/hour"))

    def tries(_: int) -> bool:
        try:
            run_async(logins.attempt("ann", client=HERE), nothing)
        except LockedOut:
            return False
        return True

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(tries, range(60))) == 7


def test_a_sync_block_in_async_code() -> None:
    logins = Logins(guarded())

    async def view() -> None:
        with logins.attempt("ann", client=HERE) as attempt:
            attempt.not_checked()

    asyncio.run(view())
    assert logins.locked_for("ann") == [0.0]
