"""What a decision costs on a real Redis, beside ``limits.aio``, and how long a request waits for one that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from time import perf_counter_ns, process_time_ns

from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter

from benchmarks import limits_outage
from benchmarks.limits import ENOUGH, prepared
from benchmarks.measure import Figure, Rounds, Row, cost, ratio
from benchmarks.redis_server import RedisServer, redis_server
from netguard.counters import Store
from netguard.stores import open_store
from netguard.stores.redis import RedisStore

Ask = Callable[[int], Awaitable[object]]  # one decision about a client, by number
Samples = dict[str, list[float]]

_MANY = 50
_CROWD = 500
_WALL, _CPU = "wall time", "client CPU"


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject; none where there is no server to start."""
    with redis_server() as server:
        if server is None:
            print("no redis-server here, nothing measured; to get it: apt-get install redis-server")
            return
        with asyncio.Runner() as runner:
            yield from _called(runner, server)
            yield from _compared(runner, server, max(rounds // 4, 5))
            errors = runner.run(_errors(server.uri))
        yield Row(what=f"errors, {_CROWD} concurrent, five times", value=errors, unit="entries", bar=0)
        yield from limits_outage.rows(server)


def _called(runner: asyncio.Runner, server: RedisServer) -> Iterator[Row]:
    """How often Redis is called for a take, by the server's own count."""
    for number in (1, 3, 10):
        calls = runner.run(_calls(server, number))
        yield Row(what=f"calls of Redis for a take of {number}", value=calls, unit="calls", bar=1)


async def _calls(server: RedisServer, number: int) -> float:
    store, takes = RedisStore(server.uri), 100
    ops = [prepared(f"of {place}") for place in range(number)]
    await store.atake(ops)
    before = server.calls()
    for _ in range(takes):
        await store.atake(ops)
    return (server.calls() - before) / takes


def _compared(runner: asyncio.Runner, server: RedisServer, rounds: int) -> Iterator[Row]:
    """Decisions of one client alone, of many at once, and of a flood that is refused."""
    store = open_store(server.uri)
    peer = FixedWindowRateLimiter(RedisStorage(f"async+{server.uri}", implementation="redispy"))
    wide, none_left = parse(f"{ENOUGH}/hour"), parse("1/hour")
    passing = {"netguard": _ours(store, ENOUGH), "limits.aio": _theirs(peer, wide)}
    refused = {"netguard": _ours(store, 1), "limits.aio": _theirs(peer, none_left)}
    alone = _timed(runner, passing, concurrent=1, numbers=(200, 200), rounds=rounds)
    many = _timed(runner, passing, concurrent=_MANY, numbers=(5000, 1000), rounds=rounds)
    flood = _timed(runner, refused, concurrent=_MANY, numbers=(20_000, 1000), rounds=rounds)
    if store.news:
        raise SystemExit(f"expected a store that answers, got {store.news[0].detail}")
    yield from _rows("alone", alone, {_WALL: 1.0})
    yield from _rows(f"{_MANY} concurrent", many, {_WALL: 1 / 8, _CPU: 1 / 10})
    yield from _rows(f"{_MANY} concurrent, all refused", flood, {_WALL: 1 / 25})


def _rows(case: str, measured: Rounds, bars: Mapping[str, float]) -> Iterator[Row]:
    for clock in (_WALL, _CPU):
        ours, theirs = cost(f"netguard, {clock}"), cost(f"limits.aio, {clock}")
        yield measured.row(f"{case}: {clock} of a decision", ours, "µs", note=_rate(clock, measured, ours))
        yield measured.row(
            f"{case}: {clock} of a decision, limits.aio", theirs, "µs", note=_rate(clock, measured, theirs)
        )
        yield measured.row(f"{case}: {clock}, netguard / limits.aio", ratio(ours, theirs), "x", bar=bars.get(clock))


def _rate(clock: str, measured: Rounds, figure: Figure) -> str:
    if clock != _WALL:
        return ""
    return f"{1e6 / measured.row('', figure, 'µs').value:,.0f} decisions a second"


def _ours(store: Store, burst: int) -> Ask:
    ops = [(prepared(f"{burst} {number}", burst=burst),) for number in range(_MANY)]
    return lambda client: store.atake(ops[client])


def _theirs(limiter: FixedWindowRateLimiter, item: RateLimitItem) -> Ask:
    return lambda client: limiter.hit(item, f"203.0.113.{client}")


def _timed(
    runner: asyncio.Runner, asks: Mapping[str, Ask], *, concurrent: int, numbers: Sequence[int], rounds: int
) -> Rounds:
    """Rounds of so many decisions of each: wall and CPU time of this process, in microseconds for one decision."""
    samples: Samples = {f"{name}, {clock}": [] for name in asks for clock in (_WALL, _CPU)}
    for turn in range(rounds + 1):
        for (name, ask), number in zip(asks.items(), numbers, strict=True):
            wall, cpu = perf_counter_ns(), process_time_ns()
            runner.run(_crowd(ask, concurrent, number // concurrent))
            if turn:  # the first one connects
                samples[f"{name}, {_WALL}"].append((perf_counter_ns() - wall) / number / 1000)
                samples[f"{name}, {_CPU}"].append((process_time_ns() - cpu) / number / 1000)
    return Rounds(samples)


async def _crowd(ask: Ask, concurrent: int, each: int) -> None:
    async def client(number: int) -> None:
        for _ in range(each):
            await ask(number)

    await asyncio.gather(*(client(number) for number in range(concurrent)))


async def _errors(uri: str) -> int:
    """Errors of a store that nothing guards, each time from a cold start."""
    found = 0
    for _ in range(5):
        store = RedisStore(uri)
        ops = [(prepared(f"of {number}"),) for number in range(_CROWD)]
        answers = await asyncio.gather(*(store.atake(op) for op in ops * 5), return_exceptions=True)
        found += sum(isinstance(answer, BaseException) for answer in answers)
        await store.aclose()
    return found
