"""What stands between the steps and a storage of `limits`: its clients, their errors, their time-outs."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from netguard.errors import ConfigError, StoreError
from netguard.stores.limits_dialects import Memcached
from netguard.stores.limits_steps import Call
from netguard.stores.limits_storage import LimitsStorage
from support.hand_storage import AsyncHandStorage, Counters, HandStorage
from support.remote import Clock, Face, gcra, passed


@pytest.fixture
def counters(clock: Clock) -> Counters:
    HandStorage.counters = Counters(clock)
    return HandStorage.counters


def opened(uri: str, clock: Clock) -> LimitsStorage:
    return LimitsStorage(uri, now=clock, clock=lambda: clock.now / 1e9)


@pytest.mark.parametrize("verb", ["take", "peek"])
def test_every_error_is_a_store_error(face: Face, counters: Counters, clock: Clock, verb: str) -> None:
    store = opened("hand://user:secret@localhost:1", clock)
    counters.error = OSError("at user:secret@localhost")
    with pytest.raises(StoreError) as caught:
        face(store, verb, [gcra()])
    assert str(caught.value) == "the hand storage does not answer (OSError)"
    assert caught.value.__cause__ is counters.error


def test_many_slow_calls_are_one_time_out(counters: Counters, clock: Clock) -> None:
    store = opened("hand://", clock)
    counters.takes = 0.2
    with pytest.raises(StoreError, match="TimeoutError"):
        store.take([gcra(key=bytes([n]) * 16) for n in range(10)])
    assert len(counters.calls) == 2


@pytest.mark.anyio
async def test_an_async_storage_that_never_answers_is_a_time_out(
    counters: Counters, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(storage: AsyncHandStorage, key: str, expiry: int, amount: int = 1) -> int:
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(AsyncHandStorage, "incr", never)
    with pytest.raises(StoreError, match="TimeoutError"):
        async with asyncio.timeout(30):
            await opened("hand://", clock).atake([gcra()])


def test_each_event_loop_has_its_own_client(counters: Counters, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[AsyncHandStorage] = []

    async def incr(storage: AsyncHandStorage, key: str, expiry: int, amount: int = 1) -> int:
        seen.append(storage)
        return 1

    async def twice(store: LimitsStorage) -> None:
        await store.atake([gcra()])
        await store.atake([gcra()])

    monkeypatch.setattr(AsyncHandStorage, "incr", incr)
    store = opened("hand://", clock)
    asyncio.run(twice(store))
    asyncio.run(twice(store))
    assert seen[0] is seen[1]
    assert seen[2] is seen[3]
    assert seen[0] is not seen[2]


def test_without_an_async_client_the_sync_one_runs_in_a_thread(
    counters: Counters, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[threading.Thread] = []

    def get(storage: HandStorage, key: str) -> int:
        ran.append(threading.current_thread())
        return 0

    monkeypatch.setattr(HandStorage, "get", get)
    assert asyncio.run(opened("sync://", clock).apeek([gcra()])).ok
    assert ran != [threading.main_thread()]


def test_a_store_without_a_sync_client_says_so(counters: Counters, clock: Clock) -> None:
    store = opened("async+coroutine://", clock)
    assert asyncio.run(store.atake([gcra()])).ok
    with pytest.raises(StoreError) as caught:
        store.take([gcra()])
    assert "write its address without 'async+'" in str(caught.value.__cause__)


def test_a_forked_process_opens_its_own_client(
    counters: Counters, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[HandStorage] = []

    def get(storage: HandStorage, key: str) -> int:
        seen.append(storage)
        return 0

    monkeypatch.setattr(HandStorage, "get", get)
    store = opened("hand://", clock)
    store.peek([gcra()])
    monkeypatch.setattr(os, "getpid", lambda: -1)
    store.peek([gcra()])
    store.peek([gcra()])
    assert seen[0] is not seen[1]
    assert seen[1] is seen[2]


def test_both_addresses_name_the_same_counters(face: Face, counters: Counters, clock: Clock) -> None:
    assert passed(face, opened("async+hand://", clock), gcra(5), 3) == 3
    assert passed(face, opened("hand://", clock), gcra(5)) == 2


@pytest.mark.parametrize(("seconds", "life"), [(60, 61), (2_591_999, 2_592_000)])
def test_memcached_keeps_a_counter_a_second_longer(clock: Clock, seconds: int, life: int) -> None:
    HandStorage.counters = Counters(clock)
    Memcached(HandStorage()).start(Call("add", "name", seconds))
    assert HandStorage.counters.values["name"] == (1, clock.now / 1e9 + life)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("needy://", "store: needy:// needs a client: pip install --upgrade no_such_client"),
        ("needy+new://", "store: needy+new:// needs a client: pip install --upgrade pytest"),
        ("memcache://h:1", "store: nothing is known of memcache://; did you mean 'memcached'?"),
        ("async+memcache://h:1", "store: nothing is known of async+memcache://; did you mean 'memcached'?"),
        ("memcached://user:secret@h", "store: the address after memcached:// cannot be read: write memcached://host:port"),
        ("memcached://u:se/cret@h:1", "store: the address after memcached:// cannot be read: write memcached://host:port"),
    ],
)  # fmt: skip
def test_a_wrong_address_is_a_configuration_error_without_its_password(uri: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        LimitsStorage(uri)
    assert str(caught.value) == message
    assert caught.value.__suppress_context__
