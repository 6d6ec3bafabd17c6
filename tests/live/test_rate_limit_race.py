"""Exactly as many as the limit says, on real servers, however many requests come at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from support.load import until
from support.redis import redis_server
from support.servers import Process, reserve

from .crowd import MANY
from .race_apps import LIMIT
from .race_sites import SHARED, SITES, address

TIMES = 20
EXACTLY = {200: LIMIT, 429: MANY - LIMIT}
APPS = "live.race_apps"
PATHS = ["/one", "/several"]  # under one limit, and under five of all kinds
KEYS = count()


@pytest.fixture(scope="module")
def redis() -> Iterator[Process]:
    with redis_server() as server:
        yield server


def fresh() -> str:
    """What nobody was counted by before."""
    return f"client-{next(KEYS)}"


@pytest.mark.parametrize("name", SITES)
def test_exactly_the_limit_passes(name: str, request: pytest.FixtureRequest) -> None:
    site = SITES[name]
    store = address(request.getfixturevalue("redis").port) if site.redis else "memory://"
    with site.clients(APPS, store) as clients:
        for path in PATHS[1:] if "SWITCH_INTERVAL" in site.env else PATHS:
            assert [clients.statuses(path, fresh()) for _ in range(TIMES)] == [EXACTLY] * TIMES


@pytest.mark.parametrize("name", SHARED)
def test_a_redis_that_forgot_admits_one_further_burst(name: str) -> None:
    """It is restarted without persistence; until it is back, these limits refuse."""
    known = fresh()
    with reserve() as port, SITES[name].clients(APPS, address(port)) as clients:
        with redis_server(port=port):
            assert clients.statuses("/several", known) == EXACTLY
        assert set(clients.statuses("/several", fresh())) == {503}
        with redis_server(port=port):
            until(lambda: clients.statuses("/wide", known) == {200: MANY})
            assert sum(clients.statuses("/several", known)[200] for _ in range(3)) <= LIMIT
            assert clients.statuses("/several", fresh()) == EXACTLY
