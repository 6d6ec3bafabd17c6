"""What a rate limit on the memory store costs: one hit, a whole request, a million keys, and many threads at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Barrier, Thread
from typing import Literal

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from benchmarks import limits_keys
from benchmarks.asgi import bare
from benchmarks.measure import Row, Run, added, cost, interleaved, ratio
from benchmarks.traffic import PROXIED, ASGIApp, Loop, expect, raw, repeated, scope
from netguard import Policy, RateLimit
from netguard.asgi import NetguardMiddleware
from netguard.counters.rates import Gcra
from netguard.stores.memory import MemoryStore

HOUR = 3_600_000_000  # microseconds
ENOUGH = 1_000_000_000  # more than any run takes
_THREADS = 8
_CLIENTS = 2000  # more than the operations that a limit remembers
_RATES = ("100000000/minute", "200000000/hour", "300000000/day")


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    yield from _hits(rounds)
    yield from _requests(rounds)
    yield Row(what=f"admitted above the limit, {_THREADS} threads", value=_above(1000), unit="entries", bar=0)
    yield from limits_keys.rows()


def prepared(name: str, *, burst: int = ENOUGH) -> Gcra:
    """One operation, as a limit by the client makes it."""
    return Gcra(key=name.encode().rjust(16, b"k"), tag=b"a client", step=HOUR // burst or 1, burst=burst)


def _hits(rounds: int) -> Iterator[Row]:
    """A hit that passes, each library with what it keeps between requests made before."""
    store, storage = MemoryStore(), MemoryStorage()
    measured = interleaved(
        {
            "one": _taking(store, [prepared("one")]),
            "three": _taking(store, [prepared(name) for name in ("minute", "hour", "day")]),
            "fixed": _hitting(FixedWindowRateLimiter(storage)),
            "sliding": _hitting(SlidingWindowCounterRateLimiter(storage)),
        },
        rounds=rounds,
        number=2000,
    )
    one = cost("one")
    yield measured.row("a hit, MemoryStore.take", one, "µs", note="prototypes: 0.47")
    yield measured.row("three limits at once, MemoryStore.take", cost("three"), "µs")
    yield measured.row("a hit, limits fixed window", cost("fixed"), "µs", note="prototypes: 3.7")
    yield measured.row("a hit, limits sliding window", cost("sliding"), "µs", note="prototypes: 7.4")
    yield measured.row("a hit, netguard / limits fixed window", ratio(one, cost("fixed")), "x", bar=1 / 6)
    yield measured.row("a hit, netguard / limits sliding window", ratio(one, cost("sliding")), "x", bar=1 / 12)


def _taking(store: MemoryStore, ops: Sequence[Gcra]) -> Run:
    ops = tuple(ops)

    def run(number: int) -> None:
        take = store.take
        for _ in range(number):
            take(ops)

    return run


def _hitting(limiter: RateLimiter) -> Run:
    item = parse(f"{ENOUGH}/hour")

    def run(number: int) -> None:
        hit = limiter.hit
        for _ in range(number):
            hit(item, "203.0.113.7")

    return run


def _requests(rounds: int) -> Iterator[Row]:
    """Whole requests, by one client and by more than are remembered."""
    here = scope(raw(PROXIED))
    clients = [scope(raw({**PROXIED, "x-forwarded-for": f"203.0.{n >> 8}.{n & 255}"})) for n in range(_CLIENTS)]
    apps: dict[str, ASGIApp] = {
        "bare": bare,
        "none": NetguardMiddleware(bare, _policy()),
        "one": NetguardMiddleware(bare, _policy(*_RATES[:1])),
        "three": NetguardMiddleware(bare, _policy(*_RATES)),
        "told": NetguardMiddleware(bare, _policy(*_RATES[:1], tell="always")),
    }
    with Loop() as loop:
        for name, app in apps.items():
            expect(loop.answer(app, dict(here)), 200, {"bare": 2, "told": 16}.get(name, 14))
        runs = {name: loop.run(app, repeated(here)) for name, app in apps.items()}
        runs |= {f"{name}, clients": loop.run(apps[name], repeated(*clients)) for name in ("none", "one", "three")}
        measured = interleaved(runs, rounds=rounds, number=500)
    one, three = cost("one"), cost("three")
    yield measured.row("bare app", cost("bare"), "µs", note="prototypes: 0.69; how fast this machine is")
    yield measured.row("+ netguard without a limit", added("none"), "µs")
    yield measured.row("+ one limit by the client", added("one", "none"), "µs")
    yield measured.row("+ three limits by the client", added("three", "none"), "µs")
    yield measured.row("+ one limit that tells its fields", added("told", "none"), "µs")
    yield measured.row(f"+ one limit, {_CLIENTS} clients in turn", added("one, clients", "none, clients"), "µs")
    yield measured.row(f"+ three limits, {_CLIENTS} clients in turn", added("three, clients", "none, clients"), "µs")
    yield measured.row("whole request, three limits / one", ratio(three, one), "x", bar=1.3)


def _policy(*rates: str, tell: Literal["refused", "always"] = "refused") -> Policy:
    limits = [RateLimit(rate, name=rate.replace("/", " a "), tell=tell) for rate in rates]
    return Policy(hosts=["booking.example"], proxies=["10.0.0.0/8"], limits=limits)


def _above(limit: int) -> int:
    """How many more pass than may, of eight times as many that come at once."""
    store, op = MemoryStore(), prepared("threads", burst=limit)
    passed, together = count(), Barrier(_THREADS)

    def thread() -> None:
        together.wait()
        for _ in range(limit):
            if store.take((op,)).ok:
                next(passed)

    with _eager():
        threads = [Thread(target=thread) for _ in range(_THREADS)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    return next(passed) - limit


@contextmanager
def _eager() -> Iterator[None]:
    """Threads that change places at nearly every step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
