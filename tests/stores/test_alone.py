"""What each operation gets while the store is out, and where it is given back afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netguard.counters import UNAVAILABLE, Clear, GiveBack, Op
from netguard.counters.rates import Distinct, Log
from netguard.counters.tries import Streak, Windows
from netguard.errors import ConfigError
from netguard.messages import Taken
from netguard.stores.outage import Guarded
from support.remote import KEY, OTHER, Clock, Face, Remote, codes, gcra, passed


@pytest.mark.parametrize("part", [0, -0.5, 1.5, True, "half", float("nan")])
def test_a_share_is_a_part_of_the_quota(remote: Remote, part: Any) -> None:
    with pytest.raises(ConfigError, match="outage_share: a part of each quota, above 0 and at most 1"):
        Guarded(remote, outage_share=part)


def test_the_share_is_what_one_process_grants_alone(face: Face, remote: Remote, clock: Clock) -> None:
    store = Guarded(remote, outage_share=0.2, clock=clock)
    remote.fail()
    assert passed(face, store, gcra(20), 30) == 4


LOCAL: list[Callable[[], Op]] = [
    lambda: gcra(),
    lambda: Log(key=KEY, limit=5, period=10**9),
    lambda: Distinct(key=KEY, member=b"somebody", limit=5, period=10**9),
    lambda: Windows(key=KEY, windows=((5, 10**9),)),
    lambda: Streak(key=KEY, limit=5, keep=10**9),
]


@pytest.mark.parametrize("make", LOCAL, ids=["gcra", "log", "distinct", "windows", "streak"])
def test_each_operation_counts_here(face: Face, store: Guarded, remote: Remote, make: Callable[[], Op]) -> None:
    remote.fail()
    taken: Taken = face(store, "take", [make()])
    assert taken.ok
    assert taken.counts[0][1] == 0


def test_allow_passes_and_counts_nothing(face: Face, store: Guarded, remote: Remote) -> None:
    remote.fail()
    op = gcra(5, on_outage="allow")
    assert passed(face, store, op) == 20
    assert face(store, "take", [op]).counts == ((4, 0, 60_000_000, -1),)


def test_refuse_refuses(face: Face, store: Guarded, remote: Remote) -> None:
    remote.fail()
    taken = face(store, "take", [gcra(5, on_outage="refuse")])
    assert not taken.ok
    assert taken.counts[0][1] == UNAVAILABLE


def test_one_that_refuses_writes_nothing_of_the_others(face: Face, store: Guarded, remote: Remote) -> None:
    remote.fail()
    local = gcra(10)
    for _ in range(3):
        taken = face(store, "take", [gcra(key=OTHER, on_outage="refuse"), local, gcra(on_outage="allow")])
        assert not taken.ok
        assert [wait for _, wait, _, _ in taken.counts] == [UNAVAILABLE, 0, 0]
    assert passed(face, store, local) == 5


def test_one_in_report_mode_refuses_nothing(face: Face, store: Guarded, remote: Remote) -> None:
    remote.fail()
    shadow = gcra(key=OTHER, on_outage="refuse", report=True)
    taken = face(store, "take", [shadow, gcra(10)])
    assert taken.ok
    assert taken.counts[0][1] == UNAVAILABLE
    assert taken.counts[1][0] == 4


def test_a_local_refusal_has_a_wait(face: Face, store: Guarded, remote: Remote) -> None:
    remote.fail()
    op = gcra(2)
    assert passed(face, store, op) == 1
    assert face(store, "take", [op]).counts[0][1] == 120_000_000


def test_what_was_taken_at_the_store_is_given_back_there(face: Face, store: Guarded, remote: Remote) -> None:
    op = gcra(1)
    generation = face(store, "take", [op]).counts[0][3]
    face(store, "settle", [GiveBack(op, generation)])
    assert passed(face, store, op) == 1


def test_what_was_taken_at_the_store_stays_taken_if_it_is_out_then(
    face: Face, store: Guarded, remote: Remote, clock: Clock
) -> None:
    op = gcra(2)
    generation = face(store, "take", [op]).counts[0][3]
    remote.fail()
    assert passed(face, store, op) == 1
    face(store, "settle", [GiveBack(op, generation)])
    assert passed(face, store, op) == 0  # nothing of the local count was undone
    remote.recover()
    clock.pass_seconds(1)
    assert passed(face, store, op) == 1
    assert remote.calls.count("settle") == 0


def test_what_was_taken_here_is_given_back_here_while_the_store_is_out(
    face: Face, store: Guarded, remote: Remote
) -> None:
    op = gcra(2)
    remote.fail()
    generation = face(store, "take", [op]).counts[0][3]
    assert not face(store, "take", [op]).ok
    face(store, "settle", [GiveBack(op, generation)])
    assert passed(face, store, op) == 1


def test_what_was_taken_here_is_given_back_here_when_the_store_is_back(
    face: Face, store: Guarded, remote: Remote, clock: Clock
) -> None:
    op = gcra(2)
    remote.fail()
    generation = face(store, "take", [op]).counts[0][3]
    remote.recover()
    clock.pass_seconds(1)
    assert passed(face, store, op) == 2
    face(store, "settle", [GiveBack(op, generation)])
    assert "settle" not in remote.calls
    remote.fail()
    passed(face, store, gcra(key=OTHER), 1)
    assert passed(face, store, op) == 0  # what the store had refused
    clock.pass_seconds(60)
    assert passed(face, store, op) == 1


def test_a_value_that_was_there_before_has_nothing_to_give_back(face: Face, store: Guarded, remote: Remote) -> None:
    op = Distinct(key=KEY, member=b"somebody", limit=5, period=10**9)
    face(store, "take", [op])
    generation = face(store, "take", [op]).counts[0][3]
    face(store, "settle", [GiveBack(op, generation)])
    remote.fail()
    face(store, "take", [op])
    generation = face(store, "take", [op]).counts[0][3]
    face(store, "settle", [GiveBack(op, generation)])
    assert face(store, "take", [op]).counts[0][3] == generation == -1
    assert remote.calls.count("settle") == 0


def test_a_key_is_cleared_here_and_there(face: Face, store: Guarded, remote: Remote, clock: Clock) -> None:
    op = Windows(key=KEY, windows=((2, 10**9),))
    remote.fail()
    assert passed(face, store, op) == 1
    remote.recover()
    clock.pass_seconds(1)
    assert passed(face, store, op) == 2
    face(store, "settle", [Clear(KEY)])
    assert passed(face, store, op) == 2
    face(store, "settle", [Clear(KEY)])
    remote.fail()
    assert passed(face, store, op) == 1


def test_a_settlement_that_fails_is_an_outage_and_not_tried_again(
    face: Face, store: Guarded, remote: Remote, clock: Clock
) -> None:
    op = gcra(5)
    generation = face(store, "take", [op]).counts[0][3]
    remote.fail()
    face(store, "settle", [GiveBack(op, generation)])
    assert codes(store) == ["store.out"]
    remote.recover()
    clock.pass_seconds(1)
    assert passed(face, store, op) == 4
    assert remote.calls.count("settle") == 1
