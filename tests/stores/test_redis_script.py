"""The script in a real server: how often it is called, what it leaves there, and what it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from netguard.counters import Clear, GiveBack, Op, Revoke
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows
from netguard.errors import ConfigError, StoreError
from netguard.messages import Taken
from netguard.stores.redis import RedisStore, wire
from support.redis import PATIENT, asked, calls, redis_server, uri
from support.remote import Face, async_face, sync_face
from support.servers import Process

S = 1_000_000  # microseconds
KEY = b"0123456789abcdef"


@pytest.fixture(scope="module")
def alone() -> Iterator[Process]:
    """A server for one test at a time: its numbers are looked at."""
    with redis_server() as process:
        yield process


@pytest.fixture
def store(alone: Process) -> Iterator[RedisStore]:
    asked(alone, "FLUSHALL")
    store = RedisStore(uri(alone) + PATIENT)
    yield store
    store.close()


def gcra(key: bytes = KEY, burst: int = 3) -> Gcra:
    return Gcra(key=key, step=10 * S, burst=burst)


def of_each_kind() -> list[Op]:
    return [
        gcra(),
        Log(key=b"log", limit=3, period=60 * S),
        Distinct(key=b"distinct", member=b"ann", limit=3, period=60 * S),
        Windows(key=b"windows", windows=((3, 60 * S), (9, 600 * S))),
        Streak(key=b"streak", limit=3, keep=60 * S),
    ]


@pytest.mark.parametrize("number", [1, 5, 100])
def test_a_take_is_one_call_whatever_it_counts(alone: Process, store: RedisStore, number: int) -> None:
    ops = [*of_each_kind(), *(gcra(b"%d" % n) for n in range(number))][:number]
    store.take(ops)  # the first one loads the script, and connects
    before = {name: calls(alone, name) for name in ("evalsha", "eval", "mget", "get", "time")}
    store.take(ops)
    asyncio.run(store.atake(ops))
    store.peek(ops)
    store.settle([Clear(op.key) for op in ops])
    after = {name: calls(alone, name) for name in before}
    assert after == {**before, "evalsha": before["evalsha"] + 4, "mget": before["mget"] + 4, "time": before["time"] + 4}


@pytest.mark.parametrize("face", [sync_face, async_face])
def test_thousands_of_operations(alone: Process, store: RedisStore, face: Face) -> None:
    ops = [gcra(b"%d" % place, burst=1) for place in range(5000)]
    store.peek(ops[:1])  # loads the script
    before = calls(alone)
    taken = face(store, "take", ops)
    assert [told[:3] for told in taken.counts] == [(0, 0, 10 * S)] * 5000
    assert not face(store, "peek", ops).ok
    assert calls(alone) - before == 2
    face(store, "settle", [GiveBack(op, told[3]) for op, told in zip(ops, taken.counts, strict=True)])
    assert asked(alone, "DBSIZE") < 5000
    assert face(store, "peek", ops).ok
    face(store, "settle", [Clear(op.key) for op in ops])
    assert asked(alone, "DBSIZE") == 0


def test_takes_at_once_share_calls_of_so_many_keys(alone: Process, store: RedisStore) -> None:
    takes = [[gcra(b"%d %d" % (take, place)) for place in range(100)] for take in range(50)]

    async def all_of_them() -> list[Taken]:
        await store.atake(takes[0])  # loads the script
        asked(alone, "CONFIG", "RESETSTAT")
        return await asyncio.gather(*[store.atake(ops) for ops in takes])

    assert all(taken.ok for taken in asyncio.run(all_of_them()))
    assert calls(alone) == 1 + 25  # two each, but for the one that finds nobody under way


def test_what_is_refused_or_only_asked_writes_nothing(alone: Process, store: RedisStore) -> None:
    ops = of_each_kind()
    for _ in range(3):
        store.take(ops)
    before = calls(alone, "set"), calls(alone, "del")
    assert not store.take(ops).ok
    store.peek(ops)
    assert (calls(alone, "set"), calls(alone, "del")) == before


def test_each_key_is_one_string_that_ends_with_what_it_counts(alone: Process, store: RedisStore) -> None:
    ops = of_each_kind()
    resets = [reset for _, _, reset, _ in store.take(ops).counts]
    for op, reset in zip(ops, resets, strict=True):
        name = b"netguard:" + op.key
        assert asked(alone, "TYPE", name) == b"string"
        assert reset / 1000 - 20_000 < asked(alone, "PTTL", name) <= reset / 1000 + 3
    assert asked(alone, "DBSIZE") == len(ops)


def test_a_key_is_gone_when_it_means_nothing(alone: Process, store: RedisStore) -> None:
    op = Gcra(key=KEY, step=1000, burst=1)
    for _ in range(50):
        store.take([op])
    while asked(alone, "DBSIZE"):
        pass
    assert store.take([op]).counts[0][:3] == (0, 0, 1000)


@pytest.mark.parametrize("op", of_each_kind(), ids=lambda op: type(op).__name__)
def test_what_is_given_back_to_the_last_leaves_no_key(alone: Process, store: RedisStore, op: Op) -> None:
    taken = store.take([op])
    store.settle([GiveBack(op, taken.counts[0][3])])
    assert asked(alone, "DBSIZE") == 0


def test_the_server_forgets_the_script(alone: Process, store: RedisStore) -> None:
    assert store.take([gcra()]).ok
    asked(alone, "SCRIPT", "FLUSH")
    assert store.take([gcra()]).ok
    asked(alone, "SCRIPT", "FLUSH")
    assert asyncio.run(store.atake([gcra()])).ok
    asked(alone, "SCRIPT", "FLUSH")
    store.settle([Clear(KEY)])
    asked(alone, "SCRIPT", "FLUSH")
    asyncio.run(store.asettle([Clear(KEY)]))
    assert store.take([gcra()]).counts[0][0] == 2


@pytest.mark.parametrize("before", of_each_kind(), ids=lambda op: type(op).__name__)
@pytest.mark.parametrize("kind", [Gcra, Log, Distinct, Windows, Streak])
def test_what_another_kind_left_means_nothing(store: RedisStore, before: Op, kind: type[Op]) -> None:
    """A policy may have changed how a rule counts."""
    (after,) = [op for op in of_each_kind() if isinstance(op, kind)]
    first = store.peek([after]).counts[0][:3]
    object.__setattr__(before, "key", after.key)
    store.take([before])
    store.settle([GiveBack(after, 0)] if not isinstance(before, kind) else [Clear(after.key)])
    assert store.take([after]).counts[0][:3] == first


@pytest.mark.parametrize("foreign", [b"", b"text", b"\x01", b"\x04short"])
def test_a_foreign_value_breaks_nothing_for_long(alone: Process, store: RedisStore, foreign: bytes) -> None:
    """Nobody else writes there; if so, clearing mends it."""
    asked(alone, "SET", "netguard:windows", foreign)
    store.settle([Clear(b"windows")])
    assert store.take([of_each_kind()[3]]).ok


def test_a_key_of_another_type_is_overwritten(alone: Process, store: RedisStore) -> None:
    asked(alone, "HSET", b"netguard:" + KEY, "a", "b")
    assert store.take([gcra()]).counts[0][0] == 2
    assert store.take([gcra()]).counts[0][0] == 1


def test_prefixes_keep_apps_apart(alone: Process, store: RedisStore) -> None:
    other = RedisStore(uri(alone) + PATIENT, prefix="other")
    assert [one.take([gcra(burst=1)]).ok for one in (store, other, store, other)] == [True, True, False, False]
    assert sorted(asked(alone, "KEYS", "*")) == [b"netguard:" + KEY, b"other:" + KEY]
    other.close()


@pytest.mark.parametrize("prefix", ["netguard", "netguard:netguard", "*", "?[a-z]", "net\\\\guard", "^$.+|()"])
def test_what_is_held_is_that_of_this_prefix(alone: Process, prefix: str) -> None:
    asked(alone, "FLUSHALL")
    others = ["netguard:more", "netguard:netguard", "x", "q", "net-guard", "netguard", ""]
    for other in {*others} - {prefix}:
        asked(alone, "SET", other.encode() + b":" + KEY, "not of this one")
        asked(alone, "SET", other.encode() + b":{2d}:" + KEY, "nor this")
    store = RedisStore(uri(alone) + PATIENT, prefix=prefix)
    assert list(store.held()) == []
    store.take([gcra()])
    assert list(store.held()) == [KEY]
    store.close()


def test_a_revocation_is_one_string_that_ends_with_it(alone: Process, store: RedisStore) -> None:
    op = Revocation(key=KEY, issued=29_000_000, keep=60 * S)
    assert store.take([op]).ok
    assert asked(alone, "DBSIZE") == 0
    store.settle([Revoke(op)])
    before = calls(alone, "set"), calls(alone, "del")
    assert not store.take([op]).ok
    store.settle([GiveBack(op, 0)])
    assert (calls(alone, "set"), calls(alone, "del")) == before
    assert 40_000 < asked(alone, "PTTL", b"netguard:" + KEY) <= 60_003


def test_many_names_are_read_in_calls_of_bounded_work(alone: Process, store: RedisStore) -> None:
    store.take([gcra(b"%016d" % number) for number in range(5000)])
    before = calls(alone, "scan")
    assert len(set(store.held())) == 5000
    assert calls(alone, "scan") - before >= 5


def test_what_cannot_be_listed_is_an_error() -> None:
    with pytest.raises(StoreError):
        RedisStore("redis://localhost:1").held()


@pytest.mark.parametrize("prefix", ["", "a b", "{a}", "é", "a\n"])
def test_a_prefix_that_cannot_be(prefix: str) -> None:
    with pytest.raises(ConfigError, match="prefix="):
        RedisStore("redis://localhost", prefix=prefix)


def test_a_full_server_writes_nothing_and_says_so(alone: Process, store: RedisStore) -> None:
    ops = [gcra(), gcra(b"other")]
    store.take(ops)
    before = store.peek(ops).counts[0][0]
    asked(alone, "CONFIG", "SET", "maxmemory", 1)
    try:
        with pytest.raises(StoreError, match="maxmemory"):
            store.take(ops)
        with pytest.raises(StoreError, match="maxmemory"):
            asyncio.run(store.atake(ops))
        assert store.peek(ops).counts[0][0] == before
    finally:
        asked(alone, "CONFIG", "SET", "maxmemory", 0)
    assert store.take(ops).counts[0][0] == before


def test_a_server_that_may_not_write_says_so_and_is_found_again(alone: Process, store: RedisStore) -> None:
    async def refused() -> None:
        with pytest.raises(StoreError, match="replica"):
            await store.atake([gcra()])
        asked(alone, "REPLICAOF", "NO", "ONE")
        assert (await store.atake([gcra()])).ok

    asked(alone, "REPLICAOF", "127.0.0.1", 1)
    try:
        with pytest.raises(StoreError, match="replica"):
            store.take([gcra()])
        asyncio.run(refused())
        assert store.take([gcra()]).ok
    finally:
        asked(alone, "REPLICAOF", "NO", "ONE")


def test_the_largest_numbers_are_exact(alone: Process) -> None:
    now = 2**53 - 1 - 3 * 10**15
    store = RedisStore(uri(alone) + PATIENT, clock=lambda: now * 1000)
    op = Gcra(key=b"large", step=10**15 + 1, burst=2)
    assert store.take([op]).counts == ((1, 0, 10**15 + 1, now),)
    assert store.take([op]).counts == ((0, 0, 2 * 10**15 + 2, now),)
    assert store.take([op]).counts == ((0, 10**15 + 1, 2 * 10**15 + 2, now),)
    store.close()


@pytest.mark.parametrize("answer", [None, b"", b"OK", "text", 1, b"\x01" * 41])
def test_an_answer_that_is_not_the_scripts_is_an_error(answer: object) -> None:
    asked_for = wire.group(wire.TAKE, [gcra()], lambda op: wire.bulk(op.key))
    with pytest.raises(StoreError, match="not what the script answers"):
        wire.verdicts([asked_for], answer)
