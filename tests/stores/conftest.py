"""What the tests of stores share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from netguard.counters import Store
from netguard.stores.memory import MemoryStore
from netguard.stores.outage import Guarded
from netguard.stores.redis import RedisStore
from stores.doors import Door, Loop, Threads
from support.redis import PATIENT, Sentinels, cluster_uri, redis_cluster, redis_sentinels, redis_server, uri
from support.remote import Clock, Face, Remote, async_face, sync_face
from support.servers import Process

_PREFIXES = count()


@pytest.fixture(params=[pytest.param(sync_face, id="sync"), pytest.param(async_face, id="async")])
def face(request: pytest.FixtureRequest) -> Face:
    """Each test runs for both."""
    chosen: Face = request.param
    return chosen


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remote(clock: Clock) -> Remote:
    return Remote(clock)


@pytest.fixture
def store(clock: Clock, remote: Remote) -> Guarded:
    """Half a quota while it is out; a probe after half a second."""
    return Guarded(remote, clock=clock, uniform=lambda low, high: low)


@pytest.fixture(scope="session")
def server() -> Iterator[Process]:
    """A Redis that tests share: nobody stops it, or counts on its being empty."""
    with redis_server() as process:
        yield process


@pytest.fixture(scope="session")
def valkey() -> Iterator[Process]:
    with redis_server(program="valkey-server") as process:
        yield process


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, ...]]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as nodes:
        yield nodes


@pytest.fixture(scope="session")
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    with redis_sentinels(tmp_path_factory.mktemp("sentinels")) as watched:
        yield watched


@pytest.fixture
def prefix() -> str:
    """One for each test, so that none meets what another left."""
    return f"test-{next(_PREFIXES)}"


def _opened(kind: str, request: pytest.FixtureRequest, clock: Clock, prefix: str) -> Store:
    address: dict[str, Callable[[], str]] = {
        "redis": lambda: uri(request.getfixturevalue("server")),
        "valkey": lambda: uri(request.getfixturevalue("valkey")),
        "cluster": lambda: cluster_uri(request.getfixturevalue("cluster")),
        "sentinel": lambda: str(request.getfixturevalue("sentinels").uri),
    }
    if kind == "memory":
        return MemoryStore(clock=clock)
    return RedisStore(address[kind]() + PATIENT, prefix=prefix, clock=clock)


@pytest.fixture(params=["memory", "redis", "valkey", "cluster", "sentinel"])
def any_store(request: pytest.FixtureRequest, clock: Clock, prefix: str) -> Iterator[Store]:
    """Every store, with nothing in it, by a clock that is set by hand."""
    store = _opened(request.param, request, clock, prefix)
    yield store
    if isinstance(store, RedisStore):
        store.close()


@pytest.fixture(params=[pytest.param(Threads, id="sync"), pytest.param(Loop, id="async")])
def door(request: pytest.FixtureRequest, any_store: Store) -> Iterator[Door]:
    """Every store, as threads and as event loops come to it."""
    made: Door = request.param(any_store)
    yield made
    made.close()
