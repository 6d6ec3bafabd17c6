"""A key over its limit is refused without asking the store, exactly as long as the store would refuse it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from netguard.counters import Clear, GiveBack, Op, Revoke
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows
from netguard.stores.denials import Denials
from netguard.stores.outage import Guarded
from support.remote import KEY, OTHER, Clock, Face, Remote, gcra

MINUTE = 60_000_000


def deny(face: Face, store: Guarded, remote: Remote, op: Op) -> None:
    """Take until the store refuses."""
    for _ in range(20):
        if not face(store, "take", [op]).ok:
            remote.calls.clear()
            return
    raise AssertionError("never refused")


def test_a_flood_costs_no_round_trip(face: Face, store: Guarded, remote: Remote, clock: Clock) -> None:
    deny(face, store, remote, gcra(5))
    for seconds in range(59):
        clock.pass_seconds(1)
        ((left, wait, reset, _),) = face(store, "take", [gcra(5)]).counts
        assert (left, wait, reset) == (0, MINUTE - 1_000_000 * (seconds + 1), 5 * MINUTE - 1_000_000 * (seconds + 1))
    assert remote.calls == []
    clock.pass_seconds(1)
    assert face(store, "take", [gcra(5)]).ok
    assert remote.calls == ["take"]


def test_the_wait_is_rounded_up_and_never_nothing(face: Face, store: Guarded, remote: Remote, clock: Clock) -> None:
    deny(face, store, remote, gcra(5))
    clock.now += 60_000_000_000 - 1
    assert face(store, "take", [gcra(5)]).counts[0][1] == 1
    assert remote.calls == []


def test_it_is_held_from_the_question_and_told_from_the_answer(store: Guarded, remote: Remote, clock: Clock) -> None:
    remote.during = lambda: clock.pass_seconds(0.2)
    store.take([gcra(1)])
    remote.during = lambda: clock.pass_seconds(0.2)
    wait = store.take([gcra(1)]).counts[0][1]
    remote.calls.clear()
    assert store.take([gcra(1)]).counts[0][1] == wait
    clock.now += wait * 1000 - 200_000_000
    store.take([gcra(1)])
    assert remote.calls == ["take"]


def test_a_smaller_cost_is_still_asked(face: Face, store: Guarded, remote: Remote) -> None:
    deny(face, store, remote, gcra(5, cost=3))
    assert face(store, "take", [gcra(5, cost=2)]).ok
    assert remote.calls == ["take"]


def test_a_larger_cost_waits_longer(face: Face, store: Guarded, remote: Remote) -> None:
    deny(face, store, remote, gcra(5))
    told = face(store, "take", [gcra(5, cost=3)]).counts[0][1]
    assert remote.calls == []
    assert told == remote.store.peek([gcra(5, cost=3)]).counts[0][1]


def test_a_log_answers_for_its_own_cost_alone(face: Face, store: Guarded, remote: Remote) -> None:
    op = Log(key=KEY, limit=5, period=MINUTE)
    deny(face, store, remote, op)
    face(store, "take", [replace(op, cost=2)])
    assert remote.calls == ["take"]


@pytest.mark.parametrize(
    ("denied", "other"),
    [
        pytest.param(gcra(5), gcra(6), id="burst"),
        pytest.param(gcra(5), Gcra(key=KEY, step=MINUTE // 2, burst=5), id="step"),
        pytest.param(Log(key=KEY, limit=5, period=MINUTE), Log(key=KEY, limit=6, period=MINUTE), id="log"),
        pytest.param(Windows(key=KEY, windows=((5, MINUTE),)), Windows(key=KEY, windows=((6, MINUTE),)), id="windows"),
        pytest.param(Streak(key=KEY, limit=5, keep=MINUTE), Streak(key=KEY, limit=6, keep=MINUTE), id="streak"),
    ],
)
def test_another_quota_of_the_key_is_asked(face: Face, store: Guarded, remote: Remote, denied: Op, other: Op) -> None:
    deny(face, store, remote, denied)
    face(store, "take", [other])
    assert remote.calls == ["take"]


def test_a_value_that_was_seen_still_passes(face: Face, store: Guarded, remote: Remote) -> None:
    def member(name: bytes) -> Distinct:
        return Distinct(key=KEY, member=name, limit=1, period=MINUTE)

    assert face(store, "take", [member(b"known")]).ok
    assert not face(store, "take", [member(b"new")]).ok
    remote.calls.clear()
    assert not face(store, "take", [member(b"new")]).ok
    assert remote.calls == []
    assert face(store, "take", [member(b"known")]).ok


LOCKS: list[Callable[[], Op]] = [
    lambda: Windows(key=KEY, windows=((2, 60 * MINUTE),)),
    lambda: Streak(key=KEY, limit=2, keep=60 * MINUTE),
]


@pytest.mark.parametrize("lock", LOCKS, ids=["windows", "streak"])
def test_an_unlock_elsewhere_is_seen_within_a_second(
    face: Face, store: Guarded, remote: Remote, clock: Clock, lock: Callable[[], Op]
) -> None:
    deny(face, store, remote, lock())
    remote.store.settle([Clear(KEY)])
    clock.pass_seconds(0.9)
    ((_, wait, _, _),) = face(store, "take", [lock()]).counts
    assert wait == 60 * MINUTE - 900_000  # told as it is, although it is asked again sooner
    assert remote.calls == []
    clock.pass_seconds(0.1)
    assert face(store, "take", [lock()]).ok


def test_what_is_revoked_is_asked_each_time(face: Face, store: Guarded, remote: Remote) -> None:
    revoked, beside = Revocation(key=KEY, issued=7, keep=MINUTE), Windows(key=OTHER, windows=((2, MINUTE),))
    face(store, "settle", [Revoke(revoked)])
    remote.calls.clear()
    for _ in range(3):
        assert not face(store, "take", [beside, revoked]).ok
    assert remote.calls == ["take"] * 3
    assert face(store, "take", [beside, replace(revoked, issued=8)]).counts[0][0] == 1


def test_what_another_take_gives_back_is_seen_within_a_second(face: Face, remote: Remote, clock: Clock) -> None:
    store = Guarded(remote, gives_back=True, clock=clock)
    [(*_, generation)] = face(store, "take", [gcra(1)]).counts
    deny(face, store, remote, gcra(1))
    remote.store.settle([GiveBack(gcra(1), generation)])
    clock.pass_seconds(0.9)
    assert not face(store, "take", [gcra(1)]).ok
    assert remote.calls == []
    clock.pass_seconds(0.1)
    assert face(store, "take", [gcra(1)]).ok


def test_what_is_cleared_here_is_asked_at_once(face: Face, store: Guarded, remote: Remote) -> None:
    op = gcra(5)
    deny(face, store, remote, op)
    face(store, "settle", [Clear(KEY)])
    assert face(store, "take", [op]).ok


def test_what_is_given_back_here_is_asked_at_once(face: Face, store: Guarded, remote: Remote) -> None:
    op = gcra(1)
    generation = face(store, "take", [op]).counts[0][3]
    deny(face, store, remote, op)
    face(store, "settle", [GiveBack(op, generation)])
    assert face(store, "take", [op]).ok


def test_a_refusal_that_is_on_its_way_while_its_key_is_cleared_is_not_kept(store: Guarded, remote: Remote) -> None:
    op = gcra(1)
    store.take([op])
    remote.during = lambda: store.settle([Clear(OTHER)])  # any key will do
    assert not store.take([op]).ok
    remote.calls.clear()
    store.take([op])
    assert remote.calls == ["take"]


def test_report_mode_neither_keeps_nor_answers(face: Face, store: Guarded, remote: Remote) -> None:
    shadow = gcra(1, report=True)
    for _ in range(3):
        assert face(store, "take", [shadow]).ok
    assert remote.calls == ["take"] * 3
    deny(face, store, remote, gcra(1))
    assert face(store, "take", [shadow]).ok
    assert remote.calls == ["take"]


def test_what_is_refused_in_report_mode_beside_others_is_not_kept(store: Guarded) -> None:
    shadow, full = gcra(1, report=True), gcra(1, key=OTHER)
    store.take([shadow, full])
    assert not store.take([shadow, full]).ok
    assert store.denied([replace(shadow, report=False)]) is None
    assert store.denied([full]) is not None


def test_one_that_is_known_refuses_all_and_the_others_count_as_untouched(
    face: Face, store: Guarded, remote: Remote
) -> None:
    other = gcra(3, key=OTHER)
    deny(face, store, remote, gcra(5))
    taken = face(store, "take", [other, gcra(5)])
    assert not taken.ok
    assert taken.counts == ((2, 0, MINUTE, -1), (0, MINUTE, 5 * MINUTE, -1))
    assert remote.calls == []
    assert sum(face(store, "take", [other]).ok for _ in range(5)) == 3


def test_what_is_known_can_be_asked_without_a_call(store: Guarded, remote: Remote) -> None:
    assert store.denied([gcra(1)]) is None
    store.take([gcra(1)])
    store.take([gcra(1)])
    remote.calls.clear()
    known = store.denied([gcra(1)])
    assert known is not None
    assert not known.ok
    assert remote.calls == []


def test_peeking_asks_the_store(face: Face, store: Guarded, remote: Remote) -> None:
    deny(face, store, remote, gcra(5))
    face(store, "peek", [gcra(5)])
    assert remote.calls == ["peek"]


def test_a_full_store_is_asked_again(face: Face, clock: Clock) -> None:
    remote = Remote(clock, keys=1)
    store = Guarded(remote, clock=clock)
    for number in range(3):
        face(store, "take", [Windows(key=number.to_bytes(16, "big"), windows=((5, MINUTE),))])
    remote.calls.clear()
    assert face(store, "take", [Windows(key=(2).to_bytes(16, "big"), windows=((5, MINUTE),))]).counts[0][1] == -1
    assert remote.calls == ["take"]


@pytest.mark.parametrize(("on_outage", "ok"), [("local", False), ("allow", True), ("refuse", False)])
def test_while_the_store_is_out_only_local_counting_remembers(
    face: Face, store: Guarded, remote: Remote, on_outage: str, ok: bool
) -> None:
    op = gcra(10, on_outage=on_outage)
    deny(face, store, remote, op)
    remote.fail()
    face(store, "take", [gcra(key=OTHER)])
    taken = face(store, "take", [op])
    assert taken.ok is ok
    assert (taken.counts[0][1] == MINUTE) is (on_outage == "local")


def test_what_this_process_refuses_alone_is_forgotten_with_the_outage(
    face: Face, store: Guarded, remote: Remote, clock: Clock
) -> None:
    remote.fail()
    for _ in range(10):
        face(store, "take", [gcra(10)])
    remote.recover()
    clock.pass_seconds(1)
    assert face(store, "take", [gcra(10)]).ok


def test_no_flood_of_keys_makes_it_grow(clock: Clock) -> None:
    remote = Remote(clock)
    denials = Denials(clock, size=16)
    for number in range(1000):
        op = gcra(1, key=number.to_bytes(16, "big"))
        remote.store.take([op])
        denials.keep([op], remote.store.take([op]), denials.ask())
    kept = [n for n in range(1000) if denials.answer([gcra(1, key=n.to_bytes(16, "big"))], out=False)]
    assert 0 < len(kept) <= 16
