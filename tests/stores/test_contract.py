"""What every store does alike, for threads and for event loops."""

from __future__ import annotations

import pytest

from netguard.counters import NOTHING, Clear, GiveBack, Op, Revoke
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows
from netguard.messages import Taken
from stores.doors import Door
from support.remote import Clock

S = 1_000_000  # microseconds
MINUTE = 60 * S


def gcra(key: bytes = b"g" * 16, *, burst: int = 3, cost: int = 1, report: bool = False, tag: bytes = b"") -> Gcra:
    """So many at once, then one every ten seconds."""
    return Gcra(key=key, tag=tag, step=10 * S, burst=burst, cost=cost, report=report)


def log(*, limit: int = 3, cost: int = 1) -> Log:
    return Log(key=b"l" * 16, limit=limit, period=MINUTE, cost=cost)


def distinct(member: bytes, *, limit: int = 2) -> Distinct:
    return Distinct(key=b"d" * 16, member=member, limit=limit, period=MINUTE)


def windows(*each: tuple[int, int]) -> Windows:
    return Windows(key=b"w" * 16, windows=each or ((3, MINUTE),))


def streak(*, limit: int = 3) -> Streak:
    return Streak(key=b"s" * 16, limit=limit, keep=MINUTE)


def revocation(issued: int, *, report: bool = False, tag: bytes = b"") -> Revocation:
    return Revocation(key=b"r" * 16, tag=tag, issued=issued, keep=MINUTE, report=report)


EVERY: list[Op] = [gcra(), log(), distinct(b"one"), windows(), streak(), revocation(1)]
DENIABLE = [
    pytest.param(gcra(), 10, id="gcra"),
    pytest.param(log(), 60, id="log"),
    pytest.param(windows(), 60, id="windows"),
    pytest.param(streak(), 60, id="streak"),
]
each_kind = pytest.mark.parametrize("op", EVERY, ids=[type(op).__name__ for op in EVERY])


def count(taken: Taken, place: int = 0) -> tuple[int, int, int]:
    """What is left, the wait and the reset, in seconds."""
    left, wait, reset, _ = taken.counts[place]
    return left, wait // S, reset // S


def test_gcra_tells_what_is_left_and_how_long(door: Door, clock: Clock) -> None:
    assert [count(door.take(gcra())) for _ in range(4)] == [(2, 0, 10), (1, 0, 20), (0, 0, 30), (0, 10, 30)]
    clock.pass_seconds(9)
    assert count(door.take(gcra())) == (0, 1, 21)
    clock.pass_seconds(1)
    assert count(door.take(gcra())) == (0, 0, 30)


def test_gcra_takes_a_cost_at_once(door: Door) -> None:
    assert count(door.take(gcra(cost=2))) == (1, 0, 20)
    assert count(door.take(gcra(cost=2))) == (1, 10, 20)
    assert door.take(gcra()).ok


def test_a_log_counts_stamps(door: Door, clock: Clock) -> None:
    assert count(door.take(log(cost=2))) == (1, 0, 60)
    clock.pass_seconds(30)
    assert count(door.take(log(cost=2))) == (1, 30, 30)
    assert count(door.take(log())) == (0, 0, 60)
    clock.pass_seconds(30)
    assert count(door.take(log(cost=2))) == (0, 0, 60)


def test_distinct_refuses_a_new_member_only(door: Door, clock: Clock) -> None:
    assert count(door.take(distinct(b"ann"))) == (1, 0, 60)
    clock.pass_seconds(20)
    assert count(door.take(distinct(b"bob"))) == (0, 0, 60)
    assert count(door.take(distinct(b"eve"))) == (0, 40, 60)
    assert count(door.take(distinct(b"ann"))) == (0, 0, 60)
    clock.pass_seconds(60)
    assert count(door.take(distinct(b"eve"))) == (1, 0, 60)


def test_windows_lock_with_the_last_try_for_the_whole_period(door: Door, clock: Clock) -> None:
    assert [count(door.take(windows())) for _ in range(2)] == [(2, 0, 60), (1, 0, 60)]
    clock.pass_seconds(59)
    assert count(door.take(windows())) == (0, 0, 60)
    clock.pass_seconds(59)
    assert count(door.take(windows())) == (0, 1, 1)
    clock.pass_seconds(1)
    assert count(door.take(windows())) == (2, 0, 60)


def test_a_window_ends_that_was_not_used_up(door: Door, clock: Clock) -> None:
    door.take(windows())
    clock.pass_seconds(60)
    assert count(door.take(windows())) == (2, 0, 60)


def test_the_longer_window_goes_on_while_the_shorter_one_ends(door: Door, clock: Clock) -> None:
    both = windows((2, MINUTE), (3, 10 * MINUTE))
    assert [door.take(both).ok for _ in range(3)] == [True, True, False]
    clock.pass_seconds(60)
    assert count(door.take(both)) == (0, 0, 600)
    assert count(door.take(both)) == (0, 600, 600)


def test_a_state_of_other_windows_means_nothing(door: Door) -> None:
    door.take(windows((2, MINUTE)))
    assert count(door.take(windows((2, MINUTE), (3, 10 * MINUTE)))) == (1, 0, 600)
    door.settle(GiveBack(windows((2, MINUTE)), 0))
    assert count(door.take(windows((2, MINUTE)))) == (1, 0, 60)


def test_a_lock_that_is_over_ends_its_window_though_the_period_has_grown(door: Door, clock: Clock) -> None:
    for _ in range(3):
        door.take(windows((3, MINUTE), (9, 60 * MINUTE)))
    clock.pass_seconds(60)
    assert count(door.take(windows((3, 10 * MINUTE), (9, 60 * MINUTE)))) == (2, 0, 3540)


def test_a_limit_that_was_lowered_is_used_up_and_no_more(door: Door, clock: Clock) -> None:
    for _ in range(5):
        door.take(gcra(burst=5))
    assert count(door.take(gcra(burst=2))) == (0, 10, 20)
    clock.pass_seconds(10)
    assert count(door.take(gcra(burst=2))) == (0, 0, 20)


def test_a_streak_is_refused_until_none_came(door: Door, clock: Clock) -> None:
    assert [count(door.take(streak())) for _ in range(2)] == [(2, 0, 60), (1, 0, 60)]
    clock.pass_seconds(59)
    assert count(door.take(streak())) == (0, 0, 60)
    clock.pass_seconds(59)
    assert count(door.take(streak())) == (0, 1, 1)
    clock.pass_seconds(1)
    assert count(door.take(streak())) == (2, 0, 60)


@pytest.mark.parametrize(("op", "seconds"), DENIABLE)
def test_a_denied_one_does_not_lengthen_the_denial(door: Door, clock: Clock, op: Op, seconds: int) -> None:
    assert [door.take(op).ok for _ in range(4)] == [True, True, True, False]
    for _ in range(seconds - 1):
        clock.pass_seconds(1)
        assert not door.take(op).ok
    clock.pass_seconds(1)
    assert door.take(op).ok


LASTING = [*DENIABLE, pytest.param(distinct(b"eve"), 60, id="distinct")]


@pytest.mark.parametrize(("op", "seconds"), LASTING)
def test_who_is_refused_waits_no_longer_where_the_clock_went_back(
    door: Door, clock: Clock, op: Op, seconds: int
) -> None:
    before = [distinct(b"ann"), distinct(b"bob")] if isinstance(op, Distinct) else [op] * 3
    assert all(door.take(one).ok for one in before)
    clock.pass_seconds(-900)
    refused = count(door.take(op))
    assert refused[1:] == count(door.peek(op))[1:]
    assert refused[1] == seconds
    clock.pass_seconds(seconds - 1)
    assert count(door.take(op))[1] == 1
    clock.pass_seconds(1)
    assert door.take(op).ok


def test_a_clock_that_goes_back_a_little_gives_nothing_away(door: Door, clock: Clock) -> None:
    ops: list[Op] = [gcra(), log(), windows(), streak()]
    for _ in range(3):
        door.take(*ops)
    assert door.take(distinct(b"ann")).ok
    assert door.take(distinct(b"bob")).ok
    clock.pass_seconds(-1)
    assert not any(door.take(op).ok for op in [*ops, distinct(b"eve")])
    clock.pass_seconds(9)
    assert not any(door.take(op).ok for op in [*ops, distinct(b"eve")])


def test_a_refusal_drops_nothing_that_counts_again_where_the_clock_went_back(door: Door, clock: Clock) -> None:
    assert door.take(log(), distinct(b"ann", limit=3)).ok
    clock.pass_seconds(30)
    assert door.take(log(cost=2), distinct(b"bob", limit=3)).ok
    assert door.take(distinct(b"eve", limit=3)).ok
    clock.pass_seconds(30)
    assert [door.take(op).ok for op in (log(cost=3), distinct(b"joe"))] == [False, False]
    clock.pass_seconds(-1)
    assert count(door.take(log())) == (0, 1, 31)
    assert count(door.take(distinct(b"joe", limit=3))) == (0, 1, 31)


def test_a_window_does_not_grow_where_the_clock_went_back(door: Door, clock: Clock) -> None:
    door.take(windows())
    clock.pass_seconds(-900)
    assert count(door.take(windows())) == (1, 0, 60)
    clock.pass_seconds(60)
    assert count(door.take(windows())) == (2, 0, 60)


@pytest.mark.parametrize("tag", [pytest.param(b"", id="one tag"), pytest.param(b"another", id="two tags")])
def test_all_or_nothing(door: Door, tag: bytes) -> None:
    tight = gcra(b"tight", burst=1)
    others = [*EVERY, gcra(b"elsewhere", tag=tag)]
    before = door.peek(*others)
    assert door.take(tight).ok
    refused = door.take(*others, tight)
    assert not refused.ok
    assert [bool(wait) for _, wait, _, _ in refused.counts] == [False] * 7 + [True]
    assert not door.take(tight, *others).ok
    after = door.peek(*others)
    assert [told[:3] for told in after.counts] == [told[:3] for told in before.counts]


def test_counts_come_in_the_order_of_the_operations(door: Door) -> None:
    ops = [gcra(bytes([burst]) * 16, burst=burst, tag=bytes([burst % 2])) for burst in range(1, 8)]
    assert [left for left, _, _, _ in door.take(*ops).counts] == list(range(7))


def test_report_mode_refuses_nothing_and_takes_nothing_that_it_would_refuse(door: Door, clock: Clock) -> None:
    shadow, real = gcra(b"shadow", burst=1, report=True), gcra(b"real")
    assert count(door.take(shadow, real)) == (0, 0, 10)
    seen = door.take(shadow, real)
    assert seen.ok
    assert [count(seen, 0), count(seen, 1)] == [(0, 10, 10), (1, 0, 20)]
    clock.pass_seconds(10)
    assert count(door.take(shadow, real)) == (0, 0, 10)


@each_kind
def test_a_peek_says_what_a_take_would_and_writes_nothing(door: Door, op: Op) -> None:
    for _ in range(4):
        seen = [door.peek(op) for _ in range(2)]
        taken = door.take(op)
        assert {(peeked.ok, peeked.counts) for peeked in seen} == {(taken.ok, taken.counts)}


@each_kind
def test_clear_forgets_all_of_a_key(door: Door, op: Op) -> None:
    first = door.take(op)
    for _ in range(3):
        door.take(op)
    door.settle(Clear(op.key, op.tag))
    assert door.take(op).counts == first.counts
    door.settle(Clear(b"never seen"))


@each_kind
def test_a_step_that_is_given_back_was_never_taken(door: Door, op: Op) -> None:
    for _ in range(2):
        before = door.peek(op)
        taken = door.take(op)
        door.settle(GiveBack(op, taken.counts[0][3]))
        assert door.peek(op).counts == before.counts
        door.take(op)


def test_one_step_of_several_is_given_back(door: Door, clock: Clock) -> None:
    ops: list[Op] = [gcra(), log(), windows(), streak()]
    generations = []
    for _ in range(3):
        generations.append([told[3] for told in door.take(*ops).counts])
        clock.pass_seconds(1)
    assert not any(door.take(op).ok for op in ops)
    door.settle(*[GiveBack(op, generation) for op, generation in zip(ops, generations[1], strict=True)])
    assert all(door.take(op).ok for op in ops)
    assert not any(door.take(op).ok for op in ops)


def test_no_more_is_given_back_than_time_has_left(door: Door, clock: Clock) -> None:
    early = door.take(gcra(burst=2))
    clock.pass_seconds(9)
    door.take(gcra(burst=2))
    clock.pass_seconds(1)
    door.settle(GiveBack(gcra(burst=2), early.counts[0][3]))  # a whole step has passed since then
    assert count(door.take(gcra(burst=2))) == (0, 0, 20)


def test_a_lock_falls_with_the_step_that_is_given_back(door: Door, clock: Clock) -> None:
    for _ in range(2):
        door.take(windows())
    last = door.take(windows())
    clock.pass_seconds(5)
    assert not door.peek(windows()).ok
    door.settle(GiveBack(windows(), last.counts[0][3]))
    assert count(door.take(windows())) == (0, 0, 60)
    assert not door.take(windows()).ok


def test_a_window_that_began_after_the_step_keeps_what_it_has(door: Door, clock: Clock) -> None:
    early = door.take(windows())
    clock.pass_seconds(60)
    door.take(windows())
    door.settle(GiveBack(windows(), early.counts[0][3]))
    assert count(door.take(windows())) == (1, 0, 60)


def test_a_member_that_was_there_before_is_not_given_back(door: Door) -> None:
    door.take(distinct(b"ann"))
    again = door.take(distinct(b"ann"))
    door.settle(GiveBack(distinct(b"ann"), again.counts[0][3]))
    door.take(distinct(b"bob"))
    assert not door.take(distinct(b"eve")).ok


def test_who_brought_a_member_does_not_take_it_from_those_after(door: Door) -> None:
    first = door.take(distinct(b"ann"))
    assert door.take(distinct(b"ann")).ok  # in the same microsecond
    door.settle(GiveBack(distinct(b"ann"), first.counts[0][3]))
    door.take(distinct(b"bob"))
    assert not door.take(distinct(b"eve")).ok


def test_a_member_that_came_with_the_step_is_given_back(door: Door, clock: Clock) -> None:
    door.take(distinct(b"ann"))
    clock.pass_seconds(1)
    taken = door.take(distinct(b"bob"))
    door.settle(GiveBack(distinct(b"bob"), taken.counts[0][3]))
    assert door.take(distinct(b"eve")).ok
    assert not door.take(distinct(b"bob")).ok


def test_several_undone_at_once(door: Door) -> None:
    one, two = gcra(b"one", burst=1, tag=b"a"), gcra(b"two", burst=1, tag=b"b")
    taken = door.take(one, two)
    door.settle(Clear(one.key, one.tag), GiveBack(two, taken.counts[1][3]), Clear(b"never seen", b"c"))
    assert door.take(one, two).ok


def test_what_was_issued_until_a_revocation_is_refused_for_as_long_as_that_is_kept(door: Door, clock: Clock) -> None:
    assert door.take(revocation(7)).counts == ((1, 0, 0, NOTHING),)
    door.settle(Revoke(revocation(7)))
    assert [door.take(revocation(issued)).ok for issued in (0, 6, 7, 8)] == [False, False, False, True]
    assert door.take(revocation(7)).counts == ((0, MINUTE, MINUTE, NOTHING),)
    clock.pass_seconds(59)
    assert count(door.take(revocation(7))) == (0, 1, 1)
    clock.pass_seconds(1)
    assert door.take(revocation(7)).ok


def test_no_revocation_takes_another_back(door: Door, clock: Clock) -> None:
    door.settle(Revoke(revocation(7)))
    clock.pass_seconds(59)
    door.settle(Revoke(revocation(3)), GiveBack(revocation(7), NOTHING), GiveBack(revocation(7), 0))
    clock.pass_seconds(59)
    assert count(door.take(revocation(7))) == (0, 1, 1)
    assert door.take(revocation(8)).ok


def test_a_revocation_that_is_over_is_forgotten(door: Door, clock: Clock) -> None:
    door.settle(Revoke(revocation(7)))
    clock.pass_seconds(60)
    door.settle(Revoke(revocation(3)))
    assert [door.take(revocation(issued)).ok for issued in (3, 7)] == [False, True]


def test_a_revocation_holds_where_the_clock_went_back(door: Door, clock: Clock) -> None:
    door.settle(Revoke(revocation(7)))
    clock.pass_seconds(-900)
    assert not door.take(revocation(7)).ok
    clock.pass_seconds(959)
    assert not door.take(revocation(7)).ok
    clock.pass_seconds(1)
    assert door.take(revocation(7)).ok


@pytest.mark.parametrize("tag", [pytest.param(b"", id="one tag"), pytest.param(b"another", id="two tags")])
def test_nothing_is_taken_beside_what_is_revoked(door: Door, tag: bytes) -> None:
    door.settle(Revoke(revocation(7, tag=tag)))
    refused = door.take(windows(), revocation(7, tag=tag))
    assert (refused.ok, [bool(wait) for _, wait, _, _ in refused.counts]) == (False, [False, True])
    assert count(door.take(windows())) == (2, 0, 60)
    assert door.take(windows(), revocation(7, report=True, tag=tag)).ok
    assert count(door.take(windows(), revocation(8, tag=tag))) == (0, 0, 60)


def test_clearing_ends_a_revocation(door: Door) -> None:
    door.settle(Revoke(revocation(7)))
    assert not door.take(revocation(7)).ok
    door.settle(Clear(revocation(7).key))
    assert door.take(revocation(7)).ok


KEYS = [b"?" * 16, b"*[a-z]^-*?{}\\\n\r\x00", b"\x00" * 16, b"\xff" * 16, b":" * 16, b"}:" + b"k" * 14]


@pytest.mark.parametrize("tag", [b"", b"}:", b"\xff\x00"])
def test_what_is_held_is_listed_by_its_key(door: Door, tag: bytes) -> None:
    assert door.held() == set()
    door.take(*[gcra(key, tag=tag) for key in KEYS])
    door.settle(Revoke(revocation(1, tag=tag)), Clear(KEYS[0], tag))
    door.peek(windows())
    door.take(revocation(1))
    assert door.held() == {*KEYS[1:], revocation(1).key}


def test_many_are_listed_wherever_they_are(door: Door) -> None:
    keys = {b"%016d" % number for number in range(2500)}
    for first in range(0, 2500, 50):
        door.take(*[gcra(b"%016d" % number, tag=b"%d" % first) for number in range(first, first + 50)])
    assert door.held() == keys


def test_what_ended_locks_nobody_though_it_may_be_listed(door: Door, clock: Clock) -> None:
    for _ in range(3):
        door.take(windows())
    assert door.held() == {windows().key}
    assert not door.peek(windows()).ok
    clock.pass_seconds(60)
    assert door.held() <= {windows().key}
    assert door.peek(windows()).ok


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(b"key\x00one", b"key\x00two", id="NUL"),
        pytest.param(b"a b", b"a", id="blank"),
        pytest.param(b"{a}b", b"{a}", id="braces"),
        pytest.param(b"a\r\n$1\r\nb", b"a", id="line breaks"),
        pytest.param(b"a:b", b"a", id="colon"),
        pytest.param(b"\xff" * 16, b"\xfe" * 16, id="high bytes"),
    ],
)
def test_keys_do_not_meet(door: Door, one: bytes, other: bytes) -> None:
    assert door.take(gcra(one, burst=1)).ok
    assert door.take(gcra(other, burst=1)).ok
    assert not door.take(gcra(one, burst=1)).ok


@pytest.mark.parametrize("tag", [b"", b"}", b"{", b"}{", b"\x00", b"\xff" * 8])
def test_any_tag_holds_its_keys_together(door: Door, tag: bytes) -> None:
    ops = [gcra(bytes([number]) * 16, burst=1, tag=tag) for number in range(5)]
    assert door.take(*ops).ok
    assert not door.take(*ops).ok
    assert not any(door.take(op).ok for op in ops)


def test_members_of_any_bytes_are_told_apart(door: Door) -> None:
    members = [b"", b"\x00", b"\x00\x00", b"a", b"a" * 255, b"\xff" * 16]
    assert all(door.take(distinct(member, limit=6)).ok for member in members)
    assert not door.take(distinct(b"b", limit=6)).ok
    assert all(door.take(distinct(member, limit=6)).ok for member in members)


def test_microseconds_are_exact_after_decades(door: Door, clock: Clock) -> None:
    clock.now = 1_795_428_868_291_341_000
    op = Gcra(key=b"exact", step=86_400_000_001, burst=365)
    assert door.take(op).counts == ((364, 0, 86_400_000_001, 1_795_428_868_291_341),)
    clock.now += 1000
    assert door.take(op).counts == ((363, 0, 172_800_000_001, 1_795_428_868_291_342),)


def test_nothing_to_take_passes(door: Door) -> None:
    assert (door.take().ok, door.take().counts) == (True, ())
    assert door.peek().ok
    door.settle()


@pytest.mark.parametrize("number", [200, 256])
def test_many_operations_are_one_take(door: Door, number: int) -> None:
    ops = [gcra(b"%d" % number, burst=1) for number in range(number)]
    assert door.take(*ops).ok
    assert not door.take(ops[-1]).ok
