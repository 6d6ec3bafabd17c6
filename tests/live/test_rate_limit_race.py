"""Exactly as many as the limit says, on real servers, however many requests come at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from support.load import until
from support.redis import PATIENT, redis_server
from support.servers import HOST, Process, ServerName, reserve, serve

from .crowd import MANY, Crowd, crowd
from .race_apps import LIMIT

TIMES = 20
EXACTLY = {200: LIMIT, 429: MANY - LIMIT}
EAGER = {"SWITCH_INTERVAL": "1e-6"}  # seconds: threads change places at nearly every step
TESTS = Path(__file__).parents[1]
KEYS = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One of the apps, as it is served."""

    server: ServerName
    processes: int = 1
    redis: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    paths: Sequence[str] = ("/one", "/several")  # under one limit, and under five of all kinds

    @contextmanager
    def clients(self, store: str) -> Iterator[Crowd]:
        app = {"uvicorn": "asgi", "gunicorn": "wsgi"}[self.server]
        stay = {"uvicorn": ["--no-access-log", "--timeout-keep-alive", "60"], "gunicorn": ["--keep-alive", "60"]}
        env = {"NETGUARD_STORE": store, "NETGUARD_SECRETS": "the-secret-of-a-test-and-long-enough", **self.env}
        options = ["--workers", str(self.processes), *stay[self.server]]
        with (
            serve(self.server, f"live.race_apps:{app}", path=[TESTS], env=env, options=options) as process,
            crowd(process, self.processes) as clients,
        ):
            yield clients


SITES = {
    "uvicorn-four-processes-redis": Site(server="uvicorn", processes=4, redis=True),
    "gunicorn-four-processes-redis": Site(server="gunicorn", processes=4, redis=True),
    "gunicorn-four-processes-redis-eager": Site(
        server="gunicorn", processes=4, redis=True, env=EAGER, paths=["/several"]
    ),
    "uvicorn-memory": Site(server="uvicorn"),
    "gunicorn-threads-memory": Site(server="gunicorn"),
    "gunicorn-threads-memory-eager": Site(server="gunicorn", env=EAGER, paths=["/several"]),
}


@pytest.fixture(scope="module")
def redis() -> Iterator[Process]:
    with redis_server() as server:
        yield server


def address(port: int) -> str:
    return f"redis://{HOST}:{port}{PATIENT}"


def fresh() -> str:
    """What nobody was counted by before."""
    return f"client-{next(KEYS)}"


@pytest.mark.parametrize("name", SITES)
def test_exactly_the_limit_passes(name: str, request: pytest.FixtureRequest) -> None:
    site = SITES[name]
    store = address(request.getfixturevalue("redis").port) if site.redis else "memory://"
    with site.clients(store) as clients:
        for path in site.paths:
            assert [clients.statuses(path, fresh()) for _ in range(TIMES)] == [EXACTLY] * TIMES


@pytest.mark.parametrize("name", ["uvicorn-four-processes-redis", "gunicorn-four-processes-redis"])
def test_a_redis_that_forgot_admits_one_further_burst(name: str) -> None:
    """It is restarted without persistence; until it is back, these limits refuse."""
    known = fresh()
    with reserve() as port, SITES[name].clients(address(port)) as clients:
        with redis_server(port=port):
            assert clients.statuses("/several", known) == EXACTLY
        assert set(clients.statuses("/several", fresh())) == {503}
        with redis_server(port=port):
            until(lambda: clients.statuses("/wide", known) == {200: MANY})
            assert sum(clients.statuses("/several", known)[200] for _ in range(3)) <= LIMIT
            assert clients.statuses("/several", fresh()) == EXACTLY
