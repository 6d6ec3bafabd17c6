"""A real memcached through `limits`, as it is used, and as it goes away."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from uuid import uuid4

import pytest

from netguard.counters import Clear, GiveBack, Op, Revoke
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows
from netguard.errors import StoreError
from netguard.stores.limits_storage import LimitsStorage
from netguard.stores.outage import Guarded
from support.load import Load
from support.outside import require
from support.remote import KEY, OTHER, Face, passed
from support.servers import Process, reserve, run

pytestmark = pytest.mark.needs("memcached")

HOUR = 3_600_000_000
DAY = 24 * HOUR
OPS: list[Op] = [
    Gcra(key=KEY, step=HOUR, burst=5),
    Gcra(key=KEY, step=100 * DAY, burst=5),  # memcached takes what is past 30 days for a date
    Log(key=KEY, limit=9, period=HOUR),
    Windows(key=KEY, windows=((5, HOUR), (9, DAY))),
    Windows(key=KEY, windows=((5, 100 * DAY),)),
    Streak(key=KEY, limit=5, keep=30 * DAY),
]
NAMES = ["gcra", "gcra, long", "log", "windows", "windows, long", "streak"]


@contextmanager
def serving(port: int) -> Iterator[Process]:
    """memcached refuses to run as root without a user to become."""
    command = [require("memcached"), "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "nobody"]
    with run(command, port=port) as process:
        yield process


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with reserve() as port, serving(port):
        yield port


@pytest.fixture
def store(port: int) -> Iterator[LimitsStorage]:
    """Each test counts under names of its own."""
    uri, prefix = f"memcached://127.0.0.1:{port}", f"{uuid4().hex}:"
    with closing(LimitsStorage(uri, prefix=prefix, connect_timeout=30, read_timeout=30)) as store:
        yield store


@pytest.mark.parametrize("op", OPS, ids=NAMES)
def test_the_limit_is_kept(face: Face, store: LimitsStorage, op: Op) -> None:
    assert passed(face, store, op) == 5
    ((left, wait, _, _),) = face(store, "take", [op]).counts
    assert left == 0
    assert wait > HOUR / 2


@pytest.mark.parametrize("op", OPS, ids=NAMES)
def test_a_step_is_given_back_and_a_key_is_cleared(face: Face, store: LimitsStorage, op: Op) -> None:
    assert passed(face, store, op, 4) == 4
    generation = face(store, "take", [op]).counts[0][3]
    face(store, "settle", [GiveBack(op, generation)])
    assert passed(face, store, op) == 1
    face(store, "settle", [Clear(KEY)])
    assert passed(face, store, op) == 5


def test_both_clients_count_together(store: LimitsStorage) -> None:
    async def atake() -> bool:
        return (await store.atake([OPS[0]])).ok

    assert [store.take([OPS[0]]).ok if n % 2 else asyncio.run(atake()) for n in range(6)] == [True] * 5 + [False]


def test_different_values_are_counted_each_once(face: Face, store: LimitsStorage) -> None:
    def member(number: int) -> Distinct:
        return Distinct(key=KEY, member=bytes([number]), limit=2, period=HOUR)

    assert [face(store, "take", [member(n)]).ok for n in (1, 1, 2, 1, 3, 2, 4)] == [*[True] * 4, False, True, False]
    face(store, "settle", [GiveBack(member(2), face(store, "take", [member(2)]).counts[0][3])])
    assert not face(store, "take", [member(3)]).ok  # it was there before: nothing to give back


def test_what_was_issued_until_a_revocation_is_refused(face: Face, store: LimitsStorage) -> None:
    def issued(minute: int) -> Revocation:
        return Revocation(key=KEY, issued=minute, keep=100 * DAY)

    face(store, "settle", [Revoke(issued(29_000_000))])
    face(store, "settle", [Revoke(issued(28_000_000))])
    oks = [face(store, "take", [issued(29_000_000 + more)]).ok for more in (-1, 0, 1)]
    assert oks == [False, False, True]
    assert face(store, "take", [issued(0)]).counts[0][1] > 99 * DAY
    face(store, "settle", [Clear(KEY)])
    assert face(store, "take", [issued(0)]).ok


def test_where_one_refuses_the_other_is_given_back(face: Face, store: LimitsStorage) -> None:
    full, other = Gcra(key=OTHER, step=HOUR, burst=1), OPS[0]
    assert face(store, "take", [other, full]).ok
    assert not face(store, "take", [other, full]).ok
    assert passed(face, store, other) == 4


@pytest.mark.parametrize("op", OPS, ids=NAMES)
def test_two_hundred_at_once_let_exactly_five_through(store: LimitsStorage, op: Op) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert sum(taken.ok for taken in pool.map(lambda _: store.take([op]), range(200))) == 5


@pytest.mark.anyio
@pytest.mark.parametrize("op", OPS, ids=NAMES)
async def test_two_hundred_tasks_let_exactly_five_through(store: LimitsStorage, op: Op) -> None:
    async def some() -> list[bool]:
        return [(await store.atake([op])).ok for _ in range(10)]

    assert sum(sum(oks) for oks in await asyncio.gather(*(some() for _ in range(20)))) == 5


def test_nobody_there_is_a_store_error(face: Face) -> None:
    with reserve() as port, pytest.raises(StoreError, match="the memcached storage does not answer"):
        face(LimitsStorage(f"memcached://127.0.0.1:{port}"), "take", [OPS[0]])


@pytest.mark.parametrize("face", ["threads", "loop"])
def test_no_request_fails_while_it_is_killed_frozen_and_restarted(face: str) -> None:
    with reserve() as port, ExitStack() as stack:
        process = stack.enter_context(serving(port))
        remote = LimitsStorage(f"memcached://127.0.0.1:{port}", connect_timeout=1, read_timeout=1)
        stack.enter_context(closing(remote))
        load = Load(Guarded(remote, pause=0.05), burst=40)
        with load.running(*([load.threads] * 6 if face == "threads" else [load.loop])):
            process.popen.send_signal(signal.SIGSTOP)
            load.tells("store.out")
            process.popen.send_signal(signal.SIGCONT)
            load.tells("store.back")
            process.popen.kill()
            process.popen.wait()
            load.tells("store.out")
            stack.enter_context(serving(port))
            load.tells("store.back")
        assert load.errors == []
        assert 0 < load.admitted <= 2 * 40 + 20
        assert not load.store.news
