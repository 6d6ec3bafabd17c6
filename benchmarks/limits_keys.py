"""The memory store with a million keys, in a process of its own: what they take, and whether any hit waits for them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from resource import getpagesize
from time import process_time, sleep, thread_time_ns

from benchmarks.measure import Row
from netguard.counters.rates import Gcra
from netguard.stores.memory import MemoryStore

_KEYS = 1_000_000
_ROOM = 1_310_720  # keys spread over shards: some of these would be full before all are
_IDLE = 1.0  # seconds


def rows() -> Iterator[Row]:
    """What is measured of one fill, and of one that expires as fast as it fills."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as fresh:
        size, background = fresh.submit(_filled).result()
        worst = fresh.submit(_worst, _ROOM).result()
        full = fresh.submit(_worst, _KEYS // 2).result()
    limits = "prototypes: 127; limits 331 to 491"
    yield Row(what="1,000,000 keys, each", value=size, unit="bytes", bar=160, note=limits)
    yield Row(what="1,000,000 keys, CPU while nobody asks", value=background, unit="%", bar=1, note="limits: 88 to 98")
    yield Row(what="1,000,000 keys come and end, longest hit", value=worst, unit="ms", bar=2, note="of 2,000,000")
    yield Row(what="the same in a store that is full, longest hit", value=full, unit="ms", bar=2, note="of 2,000,000")


def _filled() -> tuple[float, float]:
    """Bytes that a key takes of this process, and percent of a core that it takes afterwards."""
    store = MemoryStore(keys=_ROOM)
    before = _resident()
    for number in range(_KEYS):
        store.take((_op(number, 3_600_000_000),))
    _expect(len(store) == _KEYS, "every key has a place")
    size = (_resident() - before) / _KEYS
    start = process_time()
    sleep(_IDLE)
    return size, 100 * (process_time() - start) / _IDLE


def _worst(room: int) -> float:
    """Milliseconds of CPU of the longest of two million hits, each by another key, of which a million live at a time.

    A hit comes each microsecond by the store's clock. What the interpreter's other work takes, such as its collection
    of garbage, counts; what other processes take of the machine does not.
    """
    now = iter(range(1_000, sys.maxsize, 1_000))
    store = MemoryStore(keys=room, clock=now.__next__)
    gc.collect()
    gc.freeze()
    worst = 0
    for number in range(2 * _KEYS):
        ops = (_op(number, _KEYS),)
        start = thread_time_ns()
        store.take(ops)
        worst = max(worst, thread_time_ns() - start)
    return worst / 1_000_000


def _op(number: int, step: int) -> Gcra:
    return Gcra(key=number.to_bytes(16), step=step, burst=10)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()


def _expect(met: bool, what: str) -> None:
    if not met:
        raise SystemExit(f"expected: {what}")
