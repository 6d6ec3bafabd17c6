"""How much later requests are answered while a million networks are read in a thread beside the event loop."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from threading import Event, Thread

from benchmarks.asgi import bare
from benchmarks.measure import Row
from benchmarks.networks import written
from benchmarks.traffic import POLICY, PROXIED, discard, nothing, raw, scope
from netguard.asgi import NetguardMiddleware
from netguard.networks import NetworkSet

_BAR = 5.0  # milliseconds
_ALONE = 10.0  # seconds
QUANTILES = {"median": 0.5, "p99": 0.99, "p99.9": 0.999, "longest": 1.0}
STEPS = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0, float("inf"))  # milliseconds, the classes of the histogram

# Of all requests: how long each took, and how long the thread ran meanwhile; milliseconds, in what is never collected.
Waited = tuple["array[float]", "array[float]"]


def rows(_rounds: int) -> Iterator[Row]:
    """Requests one after the other through netguard: alone, and beside the building."""
    end = time.monotonic() + _ALONE
    alone = asyncio.run(_requests(lambda: time.monotonic() > end, time.CLOCK_PROCESS_CPUTIME_ID))
    beside, seconds, longest = _beside()
    yield Row(what="building beside requests, 1,000,000 networks", value=seconds * 1000, unit="ms")
    yield Row(what="the longest step of the building, CPU time", value=longest, unit="ms", bar=_BAR)
    (before, _), (after, meanwhile) = alone, beside
    for name, part in QUANTILES.items():
        note = f"alone {quantile(before, part):.3f} ms"
        yield Row(what=f"a request beside the building, {name}", value=quantile(after, part), unit="ms", note=note)
    for low, high in pairwise(STEPS):
        note = f"alone {share(before, low, high):.4f} %"
        yield Row(what=named(low, high), value=share(after, low, high), unit="%", note=note)
    for name, part in QUANTILES.items():
        note = "CPU time of the building within one request: what other programs take is not in it"
        yield Row(what=f"added, {name}", value=quantile(meanwhile, part), unit="ms", bar=_BAR, note=note)


def _beside() -> tuple[Waited, float, float]:
    """What requests waited, the seconds that the building took, and the milliseconds of its longest step."""
    go, ended, asked, steps = Event(), Event(), Event(), array("d")

    def pause() -> None:
        steps.append(time.thread_time() * 1000)
        time.sleep(0.0001)

    def build() -> None:
        go.wait()
        NetworkSet.gathered(written(1_000_000), pause)
        steps.append(time.thread_time() * 1000)
        ended.set()
        asked.wait()  # the clock of a thread that is gone cannot be read

    thread = Thread(target=build)
    thread.start()
    clock = time.pthread_getcpuclockid(thread.ident or 0)
    start = time.perf_counter()
    go.set()
    waited = asyncio.run(_requests(ended.is_set, clock))
    seconds = time.perf_counter() - start
    asked.set()
    thread.join()
    return waited, seconds, max(later - sooner for sooner, later in pairwise(steps))


async def _requests(stop: Callable[[], bool], clock: int) -> Waited:
    app, one, waited = NetguardMiddleware(bare, POLICY), scope(raw(PROXIED)), (array("d"), array("d"))
    while not stop():
        ran, start = time.clock_gettime(clock), time.perf_counter()
        await app(dict(one), nothing, discard)
        await asyncio.sleep(0)  # the loop looks at its sockets
        waited[0].append((time.perf_counter() - start) * 1000)
        waited[1].append((time.clock_gettime(clock) - ran) * 1000)
    return waited


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which a part of them lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def share(values: Sequence[float], low: float, high: float) -> float:
    """How many of a hundred lie between these."""
    return 100 * sum(low <= value < high for value in values) / len(values)


def named(low: float, high: float) -> str:
    """What a row calls them."""
    return f"requests of {low:g} ms and more" if high == float("inf") else f"requests of {low:g} to {high:g} ms"
