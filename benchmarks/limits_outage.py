"""How long a request waits at most while its Redis is stopped: a black hole that takes connections and says nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from threading import Event, Thread
from time import perf_counter_ns, sleep

from benchmarks import wsgi
from benchmarks.asgi import bare
from benchmarks.measure import Row
from benchmarks.redis_server import RedisServer
from benchmarks.traffic import PROXIED, discard, environ, nothing, raw, scope, started
from netguard import Policy, RateLimit
from netguard.asgi import NetguardMiddleware
from netguard.wsgi import NetguardMiddleware as WSGINetguardMiddleware

_TASKS = 50
_THREADS = 8
_RUNNING = 0.3  # seconds before
_STOPPED = 4.0  # seconds: an outage, and some probes
_THINKS = 0.005  # seconds between two requests of one client
_BAR = 360  # milliseconds: the default time-outs, 100 to connect and 250 to read, and the request itself


def rows(server: RedisServer) -> Iterator[Row]:
    """The longest request under either driver."""
    logging.disable()  # an outage is logged, and so are the limits that count alone
    try:
        asgi, threads = asyncio.run(_asgi(server)), _wsgi(server)
    finally:
        logging.disable(logging.NOTSET)
    yield Row(what=f"Redis stopped: longest request of {_TASKS} at a time, ASGI", value=asgi, unit="ms", bar=_BAR)
    yield Row(what=f"Redis stopped: longest request of {_THREADS} threads, WSGI", value=threads, unit="ms", bar=_BAR)


def _policy(server: RedisServer, told: list[str]) -> Policy:
    return Policy(
        hosts=["booking.example"],
        proxies=["10.0.0.0/8"],
        limits=[RateLimit("100000000/minute")],
        store=server.uri,
        secrets=["of the benchmarks, and long enough for any check"],
        events=[lambda event: told.append(event.code)],
    )


async def _asgi(server: RedisServer) -> float:
    told: list[str] = []
    delays: list[int] = []
    app, request = NetguardMiddleware(bare, _policy(server, told)), scope(raw(PROXIED))

    async def client() -> None:
        while True:
            start = perf_counter_ns()
            await app(dict(request), nothing, discard)
            delays.append(perf_counter_ns() - start)
            await asyncio.sleep(_THINKS)

    clients = [asyncio.create_task(client()) for _ in range(_TASKS)]
    await asyncio.sleep(_RUNNING)
    _stop(server, told, delays)
    await asyncio.sleep(_STOPPED)
    longest = _longest(server, told, delays)
    for one in clients:
        one.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    return longest


def _wsgi(server: RedisServer) -> float:
    told: list[str] = []
    delays: list[int] = []
    end = Event()
    app, request = WSGINetguardMiddleware(wsgi.bare, _policy(server, told)), environ(PROXIED)

    def client() -> None:
        while not end.wait(_THINKS):
            start = perf_counter_ns()
            app(dict(request), started)
            delays.append(perf_counter_ns() - start)

    clients = [Thread(target=client) for _ in range(_THREADS)]
    for one in clients:
        one.start()
    sleep(_RUNNING)
    _stop(server, told, delays)
    sleep(_STOPPED)
    longest = _longest(server, told, delays)
    end.set()
    for one in clients:
        one.join()
    return longest


def _stop(server: RedisServer, told: list[str], delays: list[int]) -> None:
    if told:
        raise SystemExit(f"expected a store that answers, got {told}")
    server.pause()
    delays.clear()


def _longest(server: RedisServer, told: list[str], delays: list[int]) -> float:
    longest = max(delays) / 1_000_000
    server.go_on()
    if "store.out" not in told:
        raise SystemExit("expected requests that meet a store which does not answer")
    return longest
