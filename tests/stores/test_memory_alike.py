"""Several rates of one client are taken in one go: with the same outcome as each by its own."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from netguard.counters.rates import Gcra
from netguard.stores.memory import MemoryStore
from support.remote import Clock

S = 1_000_000  # microseconds
OPS = [
    Gcra(key=b"wide", step=S, burst=5),
    Gcra(key=b"tight", step=3 * S, burst=2),
    Gcra(key=b"dear", step=S, burst=4, cost=3),
    Gcra(key=b"shadow", step=2 * S, burst=1, report=True),
]
TAKES = st.lists(st.sampled_from(OPS), min_size=2, max_size=4)
PAUSES = st.integers(0, 4 * S) | st.just(0)
WALKS = st.lists(st.tuples(PAUSES, TAKES), max_size=30)


@given(WALKS, st.sampled_from([1, 2, 3, 64]))
def test_of_one_tag_as_of_none(walk: list[tuple[int, list[Gcra]]], keys: int) -> None:
    """Those of no tag are judged one by one; with few keys there is no room for all."""
    clock = Clock()
    alike, apart = MemoryStore(keys=keys, clock=clock), MemoryStore(keys=keys, clock=clock)
    for pause, ops in walk:
        clock.now += pause * 1000
        taken, expected = alike.take([replace(op, tag=b"client") for op in ops]), apart.take(ops)
        assert (taken.ok, taken.counts) == (expected.ok, expected.counts)
        assert len(alike) == len(apart)
