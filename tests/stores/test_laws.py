"""What the documentation promises of each way to count, for any sequence of requests."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from netguard.counters import Op, State, ends
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Streak, Windows

MINUTE = 60_000_000  # microseconds
GAPS = st.lists(st.one_of(st.integers(0, 1000), st.integers(0, 2 * MINUTE)), min_size=1, max_size=150)


def admitted(op: Op, times: Iterable[int]) -> list[int]:
    """When a request passes, of those that come at these times."""
    state: State = None
    passed = []
    for now in times:
        live = state if state is not None and ends(state) > now else None
        refused, _, after = op.judge(live, now)
        if not refused:
            state = after
            passed.append(now)
    return passed


@given(gaps=GAPS, step=st.integers(1, MINUTE), burst=st.integers(1, 10), cost=st.integers(1, 3))
def test_gcra_admits_at_most_the_burst_and_the_rate_in_any_stretch(
    gaps: list[int], step: int, burst: int, cost: int
) -> None:
    times = admitted(Gcra(key=b"", step=step, burst=burst, cost=min(cost, burst)), accumulate(gaps))
    for first, start in enumerate(times):
        for last, end in enumerate(times[first:], first):
            assert (last - first + 1) * min(cost, burst) * step <= burst * step + (end - start)


@given(
    gaps=st.lists(st.integers(0, 20), min_size=1, max_size=60),
    step=st.integers(1, 30),
    burst=st.integers(1, 5),
    data=st.data(),
)
def test_what_is_given_back_admits_no_more_whenever_it_comes(
    gaps: list[int], step: int, burst: int, data: st.DataObject
) -> None:
    op, state, now = Gcra(key=b"", step=step, burst=burst), None, 0
    kept: list[int] = []  # times of what stays taken
    doubtful: list[int] = []  # of what may be given back
    for gap in gaps:
        now += gap
        gives_back: bool = data.draw(st.booleans())
        if doubtful and gives_back:
            state = op.returned(state, doubtful.pop(data.draw(st.integers(0, len(doubtful) - 1))), now)
        refused, _, state = op.judge(state, now)
        if not refused:
            (kept if data.draw(st.booleans()) else doubtful).append(now)
    for first, start in enumerate(kept):
        for last, end in enumerate(kept[first:], first):
            assert (last - first + 1) * step <= burst * step + (end - start)


@given(step=st.integers(1, MINUTE), burst=st.integers(1, 10), waits=st.lists(st.integers(0, MINUTE), max_size=50))
def test_who_polls_at_the_rate_or_slower_is_never_refused(step: int, burst: int, waits: list[int]) -> None:
    times = list(accumulate(step + wait for wait in waits))
    assert admitted(Gcra(key=b"", step=step, burst=burst), times) == times


@given(count=st.integers(2, 1000), period=st.integers(1000, 3600 * 24 * 1_000_000), first=st.integers(0, MINUTE))
def test_who_polls_at_exactly_the_rate_is_never_refused_though_steps_are_rounded_up(
    count: int, period: int, first: int
) -> None:
    times = [first + polls * period // count for polls in range(500)]
    assert admitted(Gcra(key=b"", step=-(-period // count), burst=count), times) == times


def test_a_third_of_a_second_is_rounded_up_and_only_a_burst_takes_that_up() -> None:
    thirds = [polls * 1_000_000 // 3 for polls in range(1_000_010)]
    passed = admitted(Gcra(key=b"", step=333_334, burst=3), thirds)
    assert (passed[:1_000_000], len(passed)) == (thirds[:1_000_000], len(thirds) - 1)
    few = thirds[:600]
    refused = sorted(set(few) - set(admitted(Gcra(key=b"", step=333_334, burst=1), few)))
    assert {few.index(after) - few.index(before) for before, after in pairwise(refused)} <= {2, 3}


@given(step=st.integers(2, MINUTE), burst=st.integers(2, 10), data=st.data())
def test_jitter_within_the_burst_starves_nobody(step: int, burst: int, data: st.DataObject) -> None:
    late = data.draw(st.lists(st.integers(0, (burst - 1) * step), min_size=1, max_size=50))
    times = sorted(polls * step + jitter for polls, jitter in enumerate(late))
    assert admitted(Gcra(key=b"", step=step, burst=burst), times) == times


@given(gaps=GAPS, limit=st.integers(1, 10), cost=st.integers(1, 3))
def test_a_log_admits_never_more_than_the_limit_in_any_period(gaps: list[int], limit: int, cost: int) -> None:
    op = Log(key=b"", limit=limit, period=MINUTE, cost=min(cost, limit))
    times = admitted(op, accumulate(gaps))
    for start in times:
        assert sum(op.cost for at in times if start <= at < start + MINUTE) <= limit


@given(gaps=GAPS, limit=st.integers(1, 10))
def test_windows_admit_at_most_twice_the_limit_less_two_in_less_than_a_period(gaps: list[int], limit: int) -> None:
    times = admitted(Windows(key=b"", windows=((limit, MINUTE),)), accumulate(gaps))
    for start in times:
        assert sum(start <= at < start + MINUTE for at in times) <= max(1, 2 * limit - 2)


@given(gaps=GAPS, limit=st.integers(1, 10))
def test_after_the_last_try_none_passes_for_a_period(gaps: list[int], limit: int) -> None:
    op, state = Windows(key=b"", windows=((limit, MINUTE),)), None
    locked = 0
    for now in accumulate(gaps):
        refused, (left, _, _, _), after = op.judge(state, now)
        assert refused == (now < locked)
        if not refused:
            state = after
            locked = now + MINUTE if left == 0 else 0


@given(gaps=GAPS, limit=st.integers(1, 10))
def test_a_streak_admits_the_limit_between_pauses(gaps: list[int], limit: int) -> None:
    times = admitted(Streak(key=b"", limit=limit, keep=MINUTE), accumulate(gaps))
    run = 0
    for before, now in zip([-MINUTE, *times], times, strict=False):
        run = 1 if now - before >= MINUTE else run + 1
        assert run <= limit


@given(seen=st.lists(st.tuples(st.integers(0, MINUTE), st.integers(0, 8)), max_size=60), limit=st.integers(1, 5))
def test_never_more_different_members_than_the_limit_in_any_period(seen: list[tuple[int, int]], limit: int) -> None:
    state, now, passed = None, 0, []
    for gap, name in seen:
        now += gap
        refused, _, after = Distinct(key=b"", member=bytes([name]), limit=limit, period=MINUTE).judge(state, now)
        if not refused:
            state = after
            passed.append((now, name))
    for start, _ in passed:
        assert len({name for at, name in passed if start <= at < start + MINUTE}) <= limit
