"""Connections that drop, that hang, and that end with their loop, to real servers."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
from collections.abc import Iterator
from threading import Thread

import pytest

from netguard.counters import Clear, Op
from netguard.counters.rates import Gcra
from netguard.errors import StoreError
from netguard.stores.redis import RedisStore
from netguard.stores.redis.clients import _ENDS
from netguard.stores.redis.connections import Unreachable
from stores.doors import Door, Loop, Threads
from support.redis import PATIENT, asked, calls, redis_server, until, uri
from support.servers import Process, reserve

HOUR = 3_600_000_000  # microseconds
IMPATIENT = "?socket_timeout=0.2&socket_connect_timeout=0.2"


def gcra(key: bytes = b"0123456789abcdef", burst: int = 1000) -> Gcra:
    return Gcra(key=key, step=HOUR, burst=burst)


def left(door: Door, op: Op) -> int:
    return door.take(op).counts[0][0]


@pytest.fixture(scope="module")
def alone() -> Iterator[Process]:
    """A server whose connections and calls are counted: for one test at a time."""
    with redis_server() as process:
        yield process


@pytest.fixture(params=[pytest.param(Threads, id="sync"), pytest.param(Loop, id="async")])
def ways(request: pytest.FixtureRequest) -> type[Threads] | type[Loop]:
    chosen: type[Threads] | type[Loop] = request.param
    return chosen


@pytest.fixture
def patient(alone: Process, prefix: str, ways: type[Threads] | type[Loop]) -> Iterator[Door]:
    store = RedisStore(uri(alone) + PATIENT, prefix=prefix)
    door = ways(store)
    yield door
    door.close()
    store.close()


def connections(server: Process) -> int:
    """How many clients there are beside the one that asks."""
    return len(asked(server, "CLIENT", "LIST", "TYPE", "normal").splitlines()) - 1


def test_a_server_that_was_restarted_is_found_again(ways: type[Threads] | type[Loop]) -> None:
    with reserve() as port:
        with redis_server(port=port) as server:
            store = RedisStore(uri(server) + PATIENT)
            door = ways(store)
            assert left(door, gcra()) == 999
            door.settle(Clear(b"opens the connection for these"))
        with pytest.raises(Unreachable) as caught:
            door.take(gcra())
        assert isinstance(caught.value.__cause__, Exception)
        with redis_server(port=port):
            door.settle(Clear(b"as if nothing had been"))
            assert [left(door, gcra()) for _ in range(2)] == [999, 998]
        with redis_server(port=port):
            assert left(door, gcra()) == 999
    door.close()
    store.close()


def test_a_connection_that_was_dropped_costs_nobody_anything(alone: Process, patient: Door) -> None:
    assert left(patient, gcra()) == 999
    patient.settle(Clear(b"opens the connection for these"))
    for count in range(998, 990, -1):
        asked(alone, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert left(patient, gcra()) == count
        asked(alone, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        patient.settle(Clear(b"another"))


def test_a_server_that_hangs_is_an_error_in_time_and_its_late_answer_nobodys(ways: type[Threads] | type[Loop]) -> None:
    with redis_server() as server:
        store = RedisStore(uri(server) + IMPATIENT)
        door = ways(store)
        until(lambda: passes(door))
        server.popen.send_signal(signal.SIGSTOP)
        try:
            for burst in (10, 20, 30):
                with pytest.raises(Unreachable):
                    door.take(gcra(b"%d" % burst, burst))
            with pytest.raises(Unreachable):
                door.settle(Clear(b"10"))
            with pytest.raises(Unreachable):
                door.peek(gcra())
        finally:
            server.popen.send_signal(signal.SIGCONT)
        until(lambda: passes(door))
        after = ways(RedisStore(uri(server) + PATIENT))
        assert [left(after, gcra(b"new %d" % burst, burst)) for burst in (40, 50, 60)] == [39, 49, 59]
        after.close()
        door.close()
        store.close()


def passes(door: Door) -> bool:
    """Whether it answers, as it should; on a busy machine it may take some tries."""
    try:
        return left(door, gcra(b"7", 7)) in range(7) or not door.take(gcra(b"7", 7)).ok
    except Unreachable:
        return False


def test_a_server_that_is_not_there(ways: type[Threads] | type[Loop]) -> None:
    with reserve() as port:
        store = RedisStore(f"redis://:a-secret@127.0.0.1:{port}")
        door = ways(store)
        with pytest.raises(Unreachable, match=f"redis://127.0.0.1:{port}: .*(refused|failed)") as caught:
            door.take(gcra())
        assert "a-secret" not in str(caught.value)
        door.close()
        store.close()


@pytest.mark.parametrize("times", [1, 3])
def test_event_loops_close_what_they_opened(alone: Process, prefix: str, times: int) -> None:
    store = RedisStore(uri(alone) + PATIENT, prefix=prefix)
    before = connections(alone)
    seen: list[int] = []

    async def once() -> None:
        await store.atake([gcra()])
        await store.asettle([Clear(b"another")])
        seen.append(connections(alone))

    for _ in range(times):
        asyncio.run(once())
        gc.collect()  # would tell of a connection that was left
        until(lambda: connections(alone) == before)
    assert seen == [before + 2] * times
    assert len(store._loops._open) == 1


def test_event_loops_of_several_threads_have_their_own_connections(alone: Process, prefix: str) -> None:
    store = RedisStore(uri(alone) + PATIENT, prefix=prefix)
    passed: list[bool] = []

    async def some() -> None:
        taken = await asyncio.gather(*[store.atake([gcra(burst=55)]) for _ in range(20)])
        passed.extend(one.ok for one in taken)

    threads = [Thread(target=lambda: asyncio.run(some())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(passed), sum(passed)) == (160, 55)


def test_a_store_that_nobody_holds_ends_with_the_loop_too(alone: Process, prefix: str) -> None:
    before = connections(alone)

    async def use() -> None:
        store = RedisStore(uri(alone) + PATIENT, prefix=prefix)
        await store.atake([gcra()])
        await store.asettle([Clear(b"another")])
        assert connections(alone) == before + 2

    for _ in range(3):
        asyncio.run(use())
        gc.collect()
        until(lambda: connections(alone) == before)
    assert len(_ENDS) <= 1


def test_closing_closes_and_a_later_call_opens_again(alone: Process, prefix: str) -> None:
    before = connections(alone)
    store = RedisStore(uri(alone) + PATIENT, prefix=prefix)

    async def use() -> None:
        for _ in range(2):
            await store.atake([gcra()])
            store.take([gcra()])
            assert connections(alone) == before + 2
            await store.aclose()
            until(lambda: connections(alone) == before)
        await store.aclose()

    asyncio.run(use())
    store.take([gcra()])
    store.close()
    until(lambda: connections(alone) == before)


def test_takes_at_the_same_time_share_calls(alone: Process, prefix: str) -> None:
    store = RedisStore(uri(alone) + PATIENT, prefix=prefix)

    async def many() -> int:
        await store.atake([gcra()])
        before = calls(alone)
        await asyncio.gather(*[store.atake([gcra(b"%d" % number), gcra()]) for number in range(200)])
        return calls(alone) - before

    assert asyncio.run(many()) == 3  # the first at once, then as many as a call takes
    assert store.peek([gcra()]).counts[0][0] == 1000 - 201 - 1
    store.close()


def test_takes_one_after_the_other_go_at_once(alone: Process, prefix: str) -> None:
    store = RedisStore(uri(alone) + PATIENT, prefix=prefix)

    async def one_by_one() -> int:
        await store.atake([gcra()])
        before = calls(alone)
        for _ in range(10):
            await store.atake([gcra()])
        return calls(alone) - before

    assert asyncio.run(one_by_one()) == 10


def test_a_client_that_goes_away_takes_nobody_with_it(alone: Process, prefix: str) -> None:
    store = RedisStore(uri(alone) + PATIENT, prefix=prefix)

    async def some_leave() -> None:
        await store.atake([gcra()])
        for leaving in range(0, 40, 3):
            tasks = [asyncio.create_task(store.atake([gcra(b"%d" % burst, burst + 1)])) for burst in range(40)]
            for _ in range(leaving % 7):
                await asyncio.sleep(0)
            tasks[leaving].cancel()
            tasks[0].cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(not isinstance(one, StoreError) for one in found)
            await store.asettle([Clear(b"%d" % burst) for burst in range(40)])
        whole = await asyncio.gather(*[store.atake([gcra(b"%d" % burst, burst + 1)]) for burst in range(40)])
        assert [taken.counts[0][0] for taken in whole] == list(range(40))

    asyncio.run(some_leave())


def test_a_busy_event_loop_is_not_blamed_on_the_server(alone: Process, prefix: str) -> None:
    store = RedisStore(uri(alone) + "?socket_timeout=0.5&socket_connect_timeout=20", prefix=prefix)

    async def busy() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(asyncio.shield(warm()), None)
        before = calls(alone)
        task = asyncio.create_task(store.atake([gcra()]))
        for _ in range(5):
            await asyncio.sleep(0)
        late = loop.time() + 1
        while loop.time() < late or calls(alone) == before:
            pass  # as a view that computes; the answer has come meanwhile
        assert (await task).ok

    async def warm() -> None:
        for _ in range(20):
            try:
                await store.atake([gcra()])
                return
            except StoreError:
                continue

    asyncio.run(busy())


def test_a_loop_may_outlive_the_end_of_its_generators(alone: Process, prefix: str) -> None:
    store = RedisStore(uri(alone) + PATIENT, prefix=prefix)
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(store.atake([gcra()])).ok
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert loop.run_until_complete(store.atake([gcra()])).ok
    loop.run_until_complete(store.aclose())
    loop.close()


FORKS = """
import asyncio, os, sys
from netguard.counters.rates import Gcra
from netguard.stores.redis import RedisStore

store = RedisStore(sys.argv[1])
one, warm = (Gcra(key=key, step=3_600_000_000, burst=burst) for key, burst in ((b"one", 5), (b"warm", 1000)))
store.take([warm])
asyncio.run(store.atake([warm]))
pipes = []
for child in range(4):
    reads, writes = os.pipe()
    if not os.fork():
        async def many():
            return await asyncio.gather(*[store.atake([one]) for _ in range(20)])
        passed = sum(taken.ok for taken in [*asyncio.run(many()), *[store.take([one]) for _ in range(20)]])
        os.write(writes, bytes([passed]))
        os._exit(0)
    pipes.append(reads)
passed = sum(store.take([one]).ok for _ in range(20))
passed += sum(os.read(reads, 1)[0] for reads in pipes)
assert store.take([warm]).counts[0][0] == 997
print(passed)
"""


def test_processes_that_were_forked_share_a_limit_exactly(alone: Process) -> None:
    for _ in range(3):
        asked(alone, "FLUSHALL")
        command = [sys.executable, "-W", "error", "-c", FORKS, uri(alone) + PATIENT]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert (done.stdout, done.stderr) == ("5\n", "")
