"""The memory store where it is full, where it grows, and where threads meet in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from unittest.mock import patch

import pytest

from netguard.counters import NO_ROOM, Clear, GiveBack, Judged, Op, Revoke
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows
from netguard.stores import memory
from netguard.stores.memory import MemoryStore
from netguard.stores.shards import Shard
from stores.doors import in_threads
from support.remote import Clock

S = 1_000_000  # microseconds
KEYS: Iterator[int] = count()


def key() -> bytes:
    return b"%016d" % next(KEYS)


def gcra(seconds: int = 60, *, burst: int = 1, name: bytes | None = None) -> Gcra:
    """So many at once, then one in so many seconds; a new key each time."""
    return Gcra(key=name or key(), step=seconds * S, burst=burst)


def filled(clock: Clock, keys: int) -> tuple[MemoryStore, list[Op]]:
    """A store with so many keys, for a minute."""
    store = MemoryStore(keys=keys, clock=clock)
    ops: list[Op] = [gcra() for _ in range(keys)]
    for op in ops:
        store.take([op])
    return store, ops


@pytest.mark.parametrize("keys", [1, 2, 63, 64, 65, 1000, 1024, 1025, 5000])
def test_keys_have_a_hard_cap(clock: Clock, keys: int) -> None:
    store = MemoryStore(keys=keys, clock=clock)
    for _ in range(3 * keys):
        store.take([Windows(key=key(), windows=((5, 60 * S),))])
    assert keys // 2 <= len(store) <= keys


def test_several_new_keys_in_one_take_keep_the_cap(clock: Clock) -> None:
    store = MemoryStore(keys=64, clock=clock)
    for _ in range(100):
        store.take([Streak(key=key(), limit=5, keep=60 * S) for _ in range(3)])
    assert len(store) <= 64


def test_nothing_that_counts_is_evicted(clock: Clock) -> None:
    store, ops = filled(clock, 64)
    for _ in range(200):
        store.take([gcra()])
    assert not any(store.take([op]).ok for op in ops)


def test_keys_without_room_share_counters(clock: Clock) -> None:
    store, _ = filled(clock, 64)
    with patch.object(memory, "_OVERFLOW", 1):
        assert [store.take([gcra(burst=3)]).ok for _ in range(4)] == [True, True, True, False]
        assert [store.take([gcra(burst=4)]).ok for _ in range(2)] == [True, True]  # another limit, another counter
        logs = [Log(key=key(), limit=2, period=60 * S) for _ in range(3)]
        assert [store.take([op]).ok for op in logs] == [True, True, False]
        names = [Distinct(key=key(), member=bytes([n]), limit=2, period=60 * S) for n in range(3)]
        assert [store.take([op]).ok for op in names] == [True, True, False]
    assert len(store) == 64 + 4


def test_shared_counters_are_a_fixed_number(clock: Clock) -> None:
    store, _ = filled(clock, 64)
    for _ in range(5000):
        store.take([gcra(burst=3)])
    assert len(store) <= 64 + 1024


def test_tries_of_a_lockout_are_never_shared(clock: Clock) -> None:
    store, _ = filled(clock, 64)
    for op in (Windows(key=key(), windows=((5, 60 * S),)), Streak(key=key(), limit=5, keep=60 * S)):
        taken = store.take([op])
        assert (taken.ok, taken.counts[0][1]) == (False, NO_ROOM)
        assert store.peek([op]).counts == taken.counts


def test_values_of_a_lockout_are_not_shared_either(clock: Clock) -> None:
    store, _ = filled(clock, 64)
    for report in (False, True):
        op = Distinct(key=key(), member=b"one", limit=2, period=60 * S, shared=False, report=report)
        taken = store.take([op])
        assert (taken.ok, taken.counts[0][1]) == (report, NO_ROOM)


def test_more_new_keys_than_there_is_room_for_get_what_there_is(clock: Clock) -> None:
    for keys in (1, 2, 3):
        store = MemoryStore(keys=keys, clock=clock)
        ops: list[Op] = [gcra() for _ in range(5)]
        assert store.take(ops).ok
        assert not any(store.take([op]).ok for op in ops)
        assert not any(store.take([op]).ok for op in reversed(ops))
        assert sum(isinstance(name, bytes) for name in store.held()) == keys


def test_tries_that_fit_are_taken_though_others_of_the_take_do_not(clock: Clock) -> None:
    store = MemoryStore(keys=2, clock=clock)
    tries = [Windows(key=key(), windows=((2, 60 * S),)) for _ in range(2)]
    store.take([gcra(name=tries[0].key)])
    shadow = Windows(key=key(), windows=((2, 60 * S),), report=True)
    store.settle([Clear(tries[0].key)])
    taken = store.take([*tries, shadow])
    assert (taken.ok, [wait for _, wait, _, _ in taken.counts]) == (True, [0, 0, NO_ROOM])


def test_keys_of_one_full_shard_share_many_counters(clock: Clock) -> None:
    """Of the bits that chose the shard, all its keys have the same."""
    store = MemoryStore(keys=1_048_576, clock=clock)
    full = store._shards[0]
    for number in range(full.room):
        full.states[b"%d" % number] = 2**60
    full.make_room(0, 1)
    ours = [name for name in (key() for _ in range(400_000)) if hash(name) & store._mask == 0]
    assert len(ours) > 100
    for name in ours:
        store.take([gcra(name=name)])
    assert len(store._overflow.states) > len(ours) * 0.8


def test_a_full_store_still_revokes_and_knows_what_is_not_revoked(clock: Clock) -> None:
    store, _ = filled(clock, 64)
    op = Revocation(key=key(), issued=7, keep=60 * S)
    assert store.take([op]).ok
    store.settle([Revoke(op)])
    assert not store.take([op]).ok
    assert not list(store.news)
    clock.pass_seconds(60)
    for _ in range(200):
        store.settle([Revoke(Revocation(key=key(), issued=7, keep=S))])
        clock.pass_seconds(1)
    assert len(store) <= 65


def test_a_key_that_has_room_keeps_it(clock: Clock) -> None:
    store = MemoryStore(keys=64, clock=clock)
    known = Windows(key=key(), windows=((3, 60 * S),))
    store.take([known])
    for _ in range(200):
        store.take([gcra()])
    assert [store.take([known]).ok for _ in range(3)] == [True, True, False]


def test_what_ended_makes_room(clock: Clock) -> None:
    store, _ = filled(clock, 64)
    clock.pass_seconds(60)
    tries = [Windows(key=key(), windows=((5, 60 * S),)) for _ in range(64)]
    assert all(store.take([op]).ok for op in tries)
    assert len(store) == 64


def test_what_ended_goes_before_the_store_grows(clock: Clock) -> None:
    store = MemoryStore(clock=clock)
    for _ in range(20):
        for _ in range(5000):
            store.take([gcra()])
        clock.pass_seconds(60)
    assert len(store) <= 4 * 64 * 1024


def test_a_full_store_is_told_once_and_that_it_has_room_again_once(clock: Clock) -> None:
    store, _ = filled(clock, 64)
    for _ in range(10):
        store.take([gcra()])
    assert [(news.code, news.trouble) for news in store.news] == [("store.full", True)]
    clock.pass_seconds(60)
    for _ in range(10):
        store.take([gcra()])
    assert [(news.code, news.trouble) for news in store.news] == [("store.full", True), ("store.room", False)]


def test_a_transition_that_another_thread_has_told_is_not_told_again(clock: Clock) -> None:
    store, _ = filled(clock, 64)
    held = store._overflow.lock

    class Meanwhile:
        """The lock, which another thread had before."""

        def __enter__(self) -> None:
            store._full = True

        def __exit__(self, *error: object) -> None: ...

    with patch.object(store._overflow, "lock", Meanwhile()):
        store._tell(full=True)
    assert not store.news
    assert not held.locked()


def test_a_full_store_is_not_swept_for_each_new_key(clock: Clock) -> None:
    store = MemoryStore(keys=1024, clock=clock)
    for _ in range(1024):
        store.take([gcra()])
        clock.now += 50_000_000  # nanoseconds
    clock.pass_seconds(8)
    sweeps = count()
    with patch.object(Shard, "_sweep", lambda shard, now: (next(sweeps), sweep(shard, now))[1]):
        for _ in range(1000):
            clock.now += 10_000_000  # one of those that are there ends each fifth time
            store.take([gcra()])
    assert next(sweeps) <= 20


sweep = Shard._sweep


def test_a_take_that_sweeps_loses_none_of_its_own_steps(clock: Clock) -> None:
    store = MemoryStore(keys=128, clock=clock)
    known = gcra(3600, burst=3)
    store.take([known])
    for _ in range(63):
        store.take([gcra(1)])
    clock.pass_seconds(2)
    assert store.take([known, gcra(), gcra()]).ok  # the new keys make room; the known one counts all the same
    assert store.take([known, gcra(), gcra()]).ok
    assert not store.take([known]).ok


@pytest.mark.parametrize("kind", [Gcra, Log])
def test_the_clock_is_read_within_the_turn(clock: Clock, kind: type[Op]) -> None:
    """Before it, a step would be dated earlier than one that another thread writes meanwhile."""
    held = []

    def watched() -> int:
        held.append(sum(shard.lock.locked() for shard in store._shards))
        return clock()

    store = MemoryStore(clock=watched)
    ops: list[Op] = [gcra(), Log(key=key(), limit=5, period=60 * S)]
    mine = next(op for op in ops if isinstance(op, kind))
    store.take([mine])
    store.peek([mine])
    store.take(ops)
    assert held == [1, 1, 2]


def test_shared_counters_have_a_lock_of_their_own(clock: Clock) -> None:
    """Keys that share one come from different shards."""
    store, _ = filled(clock, 64)
    held: list[bool] = []
    judge = Gcra.judge

    def watched(op: Gcra, state: int | None, now: int) -> Judged:
        held.append(store._overflow.lock.locked())
        return judge(op, state, now)

    with patch.object(Gcra, "judge", watched):
        store.take([gcra()])
    assert held == [True]


@pytest.mark.parametrize("limit", [5, 50])
def test_threads_of_a_full_store_share_exactly(clock: Clock, limit: int) -> None:
    for _ in range(10):
        store, _ = filled(clock, 1)
        with patch.object(memory, "_OVERFLOW", 1):
            taken = in_threads(100, lambda store=store: store.take([gcra(3600, burst=limit)]))  # type: ignore[misc]
        assert sum(one.ok for one in taken) == limit


def test_takes_of_the_same_keys_in_any_order_end(clock: Clock) -> None:
    store = MemoryStore(clock=clock)
    names = [key() for _ in range(20)]
    orders = iter([names, names[::-1]] * 25)

    def run() -> bool:
        order = next(orders)
        return all(store.take([gcra(burst=10_000, name=name) for name in order]).ok for _ in range(20))

    assert all(in_threads(50, run))
    assert store.take([gcra(burst=10_000, name=names[0])]).counts[0][0] == 10_000 - 50 * 20 - 1


def test_settling_what_is_shared_changes_nothing(clock: Clock) -> None:
    store, _ = filled(clock, 64)
    op = gcra(burst=2)
    taken = store.take([op])
    store.settle([GiveBack(op, taken.counts[0][3]), Clear(op.key)])
    assert store.take([op]).ok
    assert not store.take([op]).ok


def test_event_loops_do_not_wait(clock: Clock) -> None:
    store = MemoryStore(clock=clock)
    op = gcra()
    assert asyncio.run(store.atake([op])).ok
    assert not asyncio.run(store.apeek([op])).ok
    asyncio.run(store.asettle([Clear(op.key)]))
    assert store.peek([op]).ok
