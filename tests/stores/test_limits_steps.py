"""How each operation is counted by a storage of `limits`: as the memory store does, or more strictly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.counters import NOTHING, Clear, GiveBack, Revoke
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows
from netguard.errors import StoreError
from netguard.stores import limits_steps
from netguard.stores.limits_shapes import shape
from netguard.stores.limits_storage import LimitsStorage
from support.hand_storage import Counters, HandStorage
from support.remote import KEY, OTHER, Clock, Face, gcra, passed, sync_face

MINUTE = 60_000_000
HOUR = 60 * MINUTE


@pytest.fixture
def store(clock: Clock) -> LimitsStorage:
    HandStorage.counters = Counters(clock)
    return LimitsStorage("hand://", now=clock)


def windows(*limits: tuple[int, int], key: bytes = KEY) -> Windows:
    return Windows(key=key, windows=limits)


def member(name: str, **more: Any) -> Distinct:
    return Distinct(key=KEY, member=name.encode(), limit=2, period=MINUTE, **more)


def test_a_rate_is_a_window_of_its_burst(face: Face, store: LimitsStorage, clock: Clock) -> None:
    op = gcra(5)  # one a minute: five in five minutes
    told = [face(store, "take", [op]).counts[0] for _ in range(6)]
    assert [left for left, _, _, _ in told] == [4, 3, 2, 1, 0, 0]
    assert [wait for _, wait, _, _ in told] == [0] * 5 + [5 * MINUTE]
    clock.pass_seconds(299)
    assert face(store, "take", [op]).counts[0][1] == 1_000_000
    clock.pass_seconds(1)
    assert passed(face, store, op) == 5


def test_a_refused_step_takes_nothing(face: Face, store: LimitsStorage) -> None:
    assert face(store, "take", [gcra(5, cost=4)]).ok
    assert not face(store, "take", [gcra(5, cost=2)]).ok
    assert face(store, "take", [gcra(5)]).ok


@pytest.mark.parametrize(
    ("step", "burst", "admitted", "seconds"),
    [
        pytest.param(-(-MINUTE // 7), 7, 7, 60, id="7/minute, whose steps are rounded up"),
        pytest.param(MINUTE // 100, 1, 1, 1, id="100/minute, one at once"),
        pytest.param(1_000, 1, 1000, 1, id="1000/second, one at once"),
        pytest.param(500_000, 3, 4, 2, id="two a second, three at once"),
    ],
)
def test_a_window_has_whole_seconds(
    store: LimitsStorage, clock: Clock, step: int, burst: int, admitted: int, seconds: int
) -> None:
    op = Gcra(key=KEY, step=step, burst=burst)
    assert passed(sync_face, store, op, 1500) == admitted
    clock.pass_seconds(seconds)
    assert passed(sync_face, store, op, 1500) == admitted


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 7))
def test_no_period_sees_more_than_a_strict_limit(pauses: list[int], limit: int) -> None:
    clock = Clock()
    HandStorage.counters = Counters(clock)
    store = LimitsStorage("hand://", now=clock)
    op, at = Log(key=KEY, limit=limit, period=MINUTE), []
    for pause in pauses:
        clock.pass_seconds(pause)
        if store.take([op]).ok:
            at.append(clock.now)
    assert all(sum(0 <= other - one < 60 * 10**9 for other in at) <= limit for one in at)


def test_different_values_are_counted_each_once(face: Face, store: LimitsStorage, clock: Clock) -> None:
    assert face(store, "take", [member("a")]).counts[0][0] == 1
    assert face(store, "take", [member("a")]).counts[0][0] == 1
    assert face(store, "take", [member("b")]).counts[0][0] == 0
    assert face(store, "take", [member("c")]).counts[0][1] == MINUTE
    assert passed(face, store, member("a")) == 20
    clock.pass_seconds(60)
    assert face(store, "take", [member("c")]).ok


def test_a_value_that_two_bring_at_once_is_counted_once() -> None:
    counter, value = f"{KEY.hex()}:0", f"{KEY.hex()}:m{b'a'.hex()}"
    answers = [0, 1, 2, 1]  # not seen; the first that is counted; but the other one's value came before
    steps = limits_steps.take([shape("", member("a"))], [False], now=0)
    asked = [next(steps), *(steps.send(answer) for answer in answers[:-1])]
    with pytest.raises(StopIteration) as ended:
        steps.send(answers[-1])
    assert ended.value.value.counts == ((2, 0, MINUTE, -1),)
    assert [(call.verb, call.name) for call in asked] == [
        ("read", value),
        ("add", counter),
        ("add", value),
        ("back", counter),
    ]


def test_the_last_try_locks_for_its_period(face: Face, store: LimitsStorage, clock: Clock) -> None:
    op = windows((3, HOUR))
    assert passed(face, store, op, 2) == 2
    clock.pass_seconds(1800)
    assert passed(face, store, op) == 1
    clock.pass_seconds(3599)
    assert passed(face, store, op) == 0
    clock.pass_seconds(3)  # two seconds more than asked: the window is over by then on every storage
    assert passed(face, store, op) == 3


def test_a_lock_tells_its_rest(face: Face, store: LimitsStorage, clock: Clock) -> None:
    face(store, "take", [windows((1, HOUR))])
    clock.pass_seconds(600)
    assert face(store, "take", [windows((1, HOUR))]).counts[0][1] == HOUR - 598_000_000


def test_the_window_that_is_full_first_locks(face: Face, store: LimitsStorage, clock: Clock) -> None:
    op = windows((2, MINUTE), (3, HOUR))
    assert passed(face, store, op) == 2
    clock.pass_seconds(62)
    assert passed(face, store, op) == 1
    clock.pass_seconds(62)
    assert passed(face, store, op) == 0
    clock.pass_seconds(3600)
    assert passed(face, store, op) == 2


def test_a_streak_ends_all_tries(face: Face, store: LimitsStorage, clock: Clock) -> None:
    op = Streak(key=KEY, limit=3, keep=HOUR)
    assert passed(face, store, op) == 3
    clock.pass_seconds(3500)
    assert passed(face, store, op) == 0
    face(store, "settle", [Clear(KEY)])
    assert passed(face, store, op) == 3


def test_a_lock_that_was_lost_ends_with_its_window(face: Face, store: LimitsStorage, clock: Clock) -> None:
    op = windows((2, HOUR))
    assert passed(face, store, op) == 2
    HandStorage.counters.values = {k: v for k, v in HandStorage.counters.values.items() if "lock" not in k}
    assert passed(face, store, op) == 0
    clock.pass_seconds(3600)
    assert passed(face, store, op) == 2


def test_where_one_refuses_the_others_are_given_back(face: Face, store: LimitsStorage) -> None:
    full = gcra(1, key=OTHER)
    assert face(store, "take", [full]).ok
    others = [gcra(5), windows((2, HOUR), key=b"w" * 16), replace(member("a"), key=b"d" * 16)]
    for _ in range(3):
        taken = face(store, "take", [*others, full, gcra(3, key=b"last" * 4)])
        assert not taken.ok
        assert [wait > 0 for _, wait, _, _ in taken.counts] == [False, False, False, True, False]
        assert not any(name.startswith(f"netguard:{b'last'.hex()}") for name in HandStorage.counters.values)
    taken = face(store, "take", [*others, gcra(3, key=b"last" * 4)])
    assert taken.ok
    assert [left for left, _, _, _ in taken.counts] == [4, 1, 1, 2]


def test_a_lock_is_given_back_with_its_try(face: Face, store: LimitsStorage) -> None:
    full = gcra(1, key=OTHER)
    face(store, "take", [full])
    assert not face(store, "take", [windows((1, HOUR)), full]).ok
    assert face(store, "take", [windows((1, HOUR))]).ok


def test_one_in_report_mode_refuses_nothing_and_is_not_counted_past_its_limit(face: Face, store: LimitsStorage) -> None:
    shadow, real = gcra(2, report=True), gcra(5, key=OTHER)
    taken = [face(store, "take", [shadow, real]) for _ in range(4)]
    assert all(one.ok for one in taken)
    assert [one.counts[0][1] > 0 for one in taken] == [False, False, True, True]
    assert HandStorage.counters.values[f"netguard:{KEY.hex()}:0"][0] == 2


@pytest.mark.parametrize(
    "op",
    [
        gcra(2), Log(key=KEY, limit=3, period=HOUR), windows((2, HOUR)), Streak(key=KEY, limit=2, keep=HOUR),
        member("a"), member("b"),
    ],
)  # fmt: skip
def test_peeking_says_what_taking_would_and_writes_nothing(face: Face, store: LimitsStorage, op: Any) -> None:
    for known in ("a", "c"):
        face(store, "take", [replace(member(known), key=KEY)]) if isinstance(op, Distinct) else None
    for _ in range(4):
        before = dict(HandStorage.counters.values)
        peeked = face(store, "peek", [op])
        assert HandStorage.counters.values == before
        taken = face(store, "take", [op])
        assert (peeked.ok, peeked.counts) == (taken.ok, taken.counts)


def test_a_cleared_key_has_nothing_left(face: Face, store: LimitsStorage) -> None:
    op = windows(*((2, HOUR * n) for n in range(1, 7)))
    assert passed(face, store, op) == 2
    face(store, "settle", [Clear(KEY)])
    assert HandStorage.counters.values == {}
    assert passed(face, store, op) == 2


@pytest.mark.parametrize("op", [gcra(2), windows((2, HOUR)), Streak(key=KEY, limit=2, keep=HOUR), member("a")])
def test_a_step_is_given_back(face: Face, store: LimitsStorage, op: Any) -> None:
    if isinstance(op, Distinct):
        face(store, "take", [member("b")])
    else:
        face(store, "take", [op])
    generation = face(store, "take", [op]).counts[0][3]
    face(store, "settle", [GiveBack(op, generation)])
    if isinstance(op, Distinct):
        assert face(store, "take", [member("c")]).ok
        assert not face(store, "take", [member("d")]).ok
    else:
        assert passed(face, store, op) == 1


def test_a_step_is_not_given_back_to_a_later_window(face: Face, store: LimitsStorage, clock: Clock) -> None:
    op = gcra(2)
    generation = face(store, "take", [op]).counts[0][3]
    clock.pass_seconds(200)
    assert passed(face, store, op) == 2
    face(store, "settle", [GiveBack(op, generation)])
    assert passed(face, store, op) == 0


def test_what_was_never_taken_is_not_given_back(face: Face, store: LimitsStorage, clock: Clock) -> None:
    op = gcra(2)
    face(store, "settle", [GiveBack(op, -1)])
    assert HandStorage.counters.calls == []
    face(store, "settle", [GiveBack(op, clock.now // 1000)])
    assert passed(face, store, op) == 2


def issued(minute: int) -> Revocation:
    return Revocation(key=KEY, issued=minute, keep=HOUR)


def test_what_was_issued_until_a_revocation_is_refused(face: Face, store: LimitsStorage, clock: Clock) -> None:
    assert face(store, "take", [issued(0)]).counts == ((1, 0, 0, NOTHING),)
    face(store, "settle", [Revoke(issued(7))])
    assert [face(store, "take", [issued(minute)]).ok for minute in (0, 7, 8)] == [False, False, True]
    assert face(store, "peek", [issued(7)]).counts == ((0, HOUR, HOUR, NOTHING),)
    clock.pass_seconds(3599)
    assert face(store, "take", [issued(7)]).counts[0][1] == 1_000_000
    clock.pass_seconds(1)
    assert face(store, "take", [issued(7)]).ok


def test_a_later_revocation_keeps_an_earlier_one(face: Face, store: LimitsStorage, clock: Clock) -> None:
    face(store, "settle", [Revoke(issued(7))])
    clock.pass_seconds(3599)
    face(store, "settle", [Revoke(issued(3)), GiveBack(issued(7), NOTHING), GiveBack(issued(7), clock.now // 1000)])
    clock.pass_seconds(3599)
    assert [face(store, "take", [issued(minute)]).ok for minute in (7, 8)] == [False, True]
    face(store, "settle", [Clear(KEY)])
    assert face(store, "take", [issued(0)]).ok
    assert HandStorage.counters.values == {}


def test_nothing_is_taken_beside_what_is_revoked(face: Face, store: LimitsStorage) -> None:
    tries = windows((2, HOUR), key=OTHER)
    face(store, "settle", [Revoke(issued(7))])
    for _ in range(3):
        assert not face(store, "take", [tries, issued(7)]).ok
        assert not face(store, "take", [issued(7), tries]).ok
    assert face(store, "take", [tries, issued(8)]).counts[0][0] == 1


@pytest.mark.parametrize(("mine", "other"), [(7, 9), (9, 7), (7, 7)])
def test_of_two_revocations_at_once_the_later_one_is_right(store: LimitsStorage, mine: int, other: int) -> None:
    steps = limits_steps.settle("", [Revoke(issued(mine))], 1)
    assert next(steps).verb == "read"
    assert steps.send(0).amount == mine + 1
    back = steps.send(mine + 1 + other + 1)  # the other one was added before it
    assert (back.verb, mine + 1 + other + 1 - back.amount) == ("back", max(mine, other) + 1)


def test_no_storage_lists_its_keys(store: LimitsStorage) -> None:
    with pytest.raises(StoreError, match="this storage cannot list its keys"):
        store.held()
    assert not store.out
