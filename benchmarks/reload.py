"""How much later requests are answered while a live policy with a million networks is read anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from benchmarks.asgi import bare
from benchmarks.measure import Row
from benchmarks.networks import written
from benchmarks.networks_beside import QUANTILES, STEPS, named, quantile, share
from benchmarks.traffic import PROXIED, discard, nothing, raw, scope
from netguard import LivePolicy, Policy
from netguard.asgi import NetguardMiddleware
from netguard.plan import Plan

_BAR = 5.0  # milliseconds
_ALONE = 10.0  # seconds
_SIZE = 1_000_000
_POLICY = """
hosts = ["booking.example"]
proxies = ["10.0.0.0/8"]
[[areas]]
path = "/admin/*"
networks = ["file:{}"]
"""

Waited = list[tuple[float, float, float]]  # milliseconds of each request: it took, the reading ran, the loop ran


def rows(_: int) -> Iterator[Row]:
    """Requests one after the other through netguard: alone, and while its policy is read and swapped."""
    with TemporaryDirectory() as folder:
        live, networks = _made(Path(folder))
        app, first = NetguardMiddleware(bare, live), live.plan
        end = time.monotonic() + _ALONE
        alone = asyncio.run(_requests(app, lambda: time.monotonic() > end, time.CLOCK_PROCESS_CPUTIME_ID))
        _write(networks, seed=8)
        beside, seconds = _reloaded(app, live)
        if live.plan is first:
            raise SystemExit("the policy was not read anew")
        stretch = _longest_stretch(Path(folder))
    yield Row(what=f"reading a policy with {_SIZE:,} networks beside requests", value=seconds * 1000, unit="ms")
    before, after = ([took for took, *_ in waited] for waited in (alone, beside))
    for name, part in QUANTILES.items():
        note = f"alone {quantile(before, part):.3f} ms"
        yield Row(what=f"a request meanwhile, {name}", value=quantile(after, part), unit="ms", note=note)
    for low, high in pairwise(STEPS):
        note = f"alone {share(before, low, high):.4f} %"
        yield Row(what=named(low, high), value=share(after, low, high), unit="%", note=note)
    yield from _because(alone, beside)
    note = "CPU time; no request waits longer for the interpreter"
    yield Row(what="the longest stretch of the reading without a pause", value=stretch, unit="ms", bar=_BAR, note=note)


def _because(alone: Waited, beside: Waited) -> Iterator[Row]:
    """What the reading itself took from requests, without what other programs took."""
    usual = quantile([own for *_, own in alone], 0.5)
    added = [ran + max(own - usual, 0) for _, ran, own in beside]
    note = "CPU time of the reading within one request, or while the loop had no CPU; and of the loop above its median"
    for name, part in QUANTILES.items():
        yield Row(what=f"added, {name}", value=quantile(added, part), unit="ms", bar=_BAR, note=note)
    longest = max(own for *_, own in alone)
    yield Row(what="the loop's own, longest, alone", value=longest, unit="ms", note="garbage collection, for one")


def _longest_stretch(folder: Path) -> float:
    """Milliseconds between two pauses, from the file to the plan; the lowest of three, since other programs disturb."""
    return min(_stretch(folder) for _ in range(3))


def _stretch(folder: Path) -> float:
    times = [time.thread_time()]
    Plan(Policy.from_toml(folder / "policy.toml"), pause=lambda: times.append(time.thread_time()))
    times.append(time.thread_time())
    return max(end - start for start, end in pairwise(times)) * 1000


def _made(folder: Path) -> tuple[LivePolicy, Path]:
    policy, networks = folder / "policy.toml", folder / "networks.txt"
    policy.write_text(_POLICY.format(networks))
    _write(networks, seed=7)
    return LivePolicy(policy, every=0), networks


def _write(path: Path, seed: int) -> None:
    path.write_text("\n".join(["203.0.113.0/24", *written(_SIZE - 1, seed=seed)]))  # where the requests come from


def _reloaded(app: NetguardMiddleware, live: LivePolicy) -> tuple[Waited, float]:
    go, ended, asked = Event(), Event(), Event()

    def look() -> None:
        go.wait()
        live.look()
        ended.set()
        asked.wait()  # the clock of a thread that is gone cannot be read

    thread = Thread(target=look)
    thread.start()
    clock = time.pthread_getcpuclockid(thread.ident or 0)
    start = time.perf_counter()
    go.set()
    waited = asyncio.run(_requests(app, ended.is_set, clock))
    seconds = time.perf_counter() - start
    asked.set()
    thread.join()
    return waited, seconds


async def _requests(app: NetguardMiddleware, stop: Callable[[], bool], clock: int) -> Waited:
    one, waited = scope(raw(PROXIED), path="/admin/x", raw_path=b"/admin/x"), Waited()
    last = False
    while not last:
        last = stop()  # and one more, which is the first under the new policy
        ran, own, start = time.clock_gettime(clock), time.thread_time(), time.perf_counter()
        await app(dict(one), nothing, discard)
        await asyncio.sleep(0)  # the loop looks at its sockets
        end = time.perf_counter()
        waited.append(((end - start) * 1e3, (time.clock_gettime(clock) - ran) * 1e3, (time.thread_time() - own) * 1e3))
    return waited
