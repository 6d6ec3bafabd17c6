"""How long an event loop stands still while sixteen people log in at once: hashes made beside it, and inline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from statistics import median, quantiles
from time import perf_counter

from argon2 import PasswordHasher

from benchmarks.measure import Row
from netguard.passwords import Passwords

_LOGINS = 16
_TICK = 0.001  # seconds between two looks at the clock
_BAR = 10.0  # milliseconds
_PASSWORD = "correct horse battery staple"  # of nobody

Login = Callable[[], Awaitable[object]]


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    passwords = Passwords()
    stored = passwords.hash(_PASSWORD)
    inline = PasswordHasher(time_cost=passwords.iterations, memory_cost=passwords.memory, parallelism=1)

    async def beside() -> object:
        return await passwords.averify(stored, _PASSWORD)

    async def blocking() -> object:
        return inline.verify(stored, _PASSWORD)

    times = max(rounds // 10, 5)
    for what, login, bar in (("beside the loop", beside, _BAR), ("inline", blocking, None)):
        lags, took = _measured(login, times)
        yield _lag(f"{_LOGINS} logins at once, {what}: lag of the loop, p99", lags, bar)
        yield Row(what=f"{_LOGINS} logins at once, {what}: until all are in", value=median(took), unit="ms")
    yield _alone(passwords, stored, times)


def _measured(login: Login, times: int) -> tuple[list[list[float]], list[float]]:
    """The lags of each round, and how long it took; milliseconds."""
    measured = [asyncio.run(_round(login)) for _ in range(times)]
    return [lags for lags, _ in measured], [took for _, took in measured]


async def _round(login: Login) -> tuple[list[float], float]:
    lags: list[float] = []
    ticking = asyncio.create_task(_ticks(lags))
    await asyncio.sleep(_TICK)
    start = perf_counter()
    await asyncio.gather(*[login() for _ in range(_LOGINS)])
    took = perf_counter() - start
    await asyncio.sleep(2 * _TICK)  # a loop that stood still tells so afterwards
    ticking.cancel()
    return lags, took * 1000


async def _ticks(lags: list[float]) -> None:
    while True:
        due = perf_counter() + _TICK
        await asyncio.sleep(_TICK)
        lags.append((perf_counter() - due) * 1000)


def _lag(what: str, rounds: list[list[float]], bar: float | None) -> Row:
    parts = [_p99(lags) for lags in rounds]
    everything = [lag for lags in rounds for lag in lags]
    note = f"longest {max(everything):,.1f} ms, {len(everything)} looks"
    return Row(what=what, value=_p99(everything), unit="ms", bar=bar, low=min(parts), high=max(parts), note=note)


def _p99(lags: list[float]) -> float:
    return quantiles(lags, n=100, method="inclusive")[-1]


def _alone(passwords: Passwords, stored: str, times: int) -> Row:
    took = []
    for guess in (stored, None) * times:
        start = perf_counter()
        passwords.verify(guess, "a wrong guess")
        took.append((perf_counter() - start) * 1000)
    known, unknown = median(took[::2]), median(took[1::2])
    return Row(
        what="a wrong login, unknown name against known", value=unknown / known, unit="x", note=f"{known:.1f} ms"
    )
