"""Real Sentinels: the primary that they name, and the one that takes its place."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from netguard.counters.rates import Gcra
from netguard.errors import StoreError
from netguard.stores.redis import RedisStore
from stores.doors import Door, Loop, Threads
from support.outside import require
from support.redis import PATIENT, SERVICE, Sentinels, asked, calls, info, redis_sentinels, redis_server, until
from support.servers import HOST, reserve, run

OP = Gcra(key=b"0123456789abcdef", step=3_600_000_000, burst=1000)
each_way = pytest.mark.parametrize("ways", [pytest.param(Threads, id="sync"), pytest.param(Loop, id="async")])
Ways = type[Threads] | type[Loop]


def passes(door: Door) -> bool:
    try:
        return door.take(OP).ok
    except StoreError:
        return False


@each_way
def test_the_primary_is_asked(sentinels: Sentinels, prefix: str, ways: Ways) -> None:
    store = RedisStore(sentinels.uri + PATIENT, prefix=prefix)
    door = ways(store)
    before = calls(sentinels.primary), calls(sentinels.replica)
    assert [door.take(OP).counts[0][0] for _ in range(3)] == [999, 998, 997]
    assert (calls(sentinels.primary), calls(sentinels.replica)) == (before[0] + 3, before[1])
    door.close()
    store.close()


@each_way
def test_one_sentinel_of_the_uri_suffices(sentinels: Sentinels, prefix: str, ways: Ways) -> None:
    store = RedisStore(f"redis+sentinel://{HOST}:1,{HOST}:{sentinels.sentinels[1].port}/{SERVICE}", prefix=prefix)
    door = ways(store)
    until(lambda: passes(door))
    door.close()
    store.close()


@each_way
def test_a_service_that_nobody_knows(sentinels: Sentinels, ways: Ways) -> None:
    store = RedisStore(sentinels.uri.replace(SERVICE, "other") + PATIENT)
    door = ways(store)
    with pytest.raises(StoreError, match="No master found for 'other'"):
        door.take(OP)
    door.close()
    store.close()


def test_the_connections_to_sentinels_end_with_the_loop(sentinels: Sentinels) -> None:
    first = sentinels.sentinels[0]

    def connections() -> int:
        return len(asked(first, "CLIENT", "LIST", "TYPE", "normal").splitlines()) - 1

    async def once() -> None:
        store = RedisStore(sentinels.uri + PATIENT)
        await store.atake([OP])
        assert connections() > before

    before = connections()
    asyncio.run(once())
    until(lambda: connections() == before)


def test_after_the_primary_died_another_is_found(tmp_path: Path) -> None:
    with redis_sentinels(tmp_path) as watched:
        store = RedisStore(watched.uri)
        doors: list[Door] = [Threads(store), Loop(store)]
        until(lambda: all(passes(door) for door in doors))
        watched.primary.popen.kill()
        for door in doors:
            with pytest.raises(StoreError):
                door.take(OP)
        until(lambda: all(passes(door) for door in doors))
        assert info(watched.replica)["role"] == "master"
        for door in doors:
            door.close()
        store.close()


@each_way
def test_credentials_of_servers_and_of_sentinels(tmp_path: Path, ways: Ways) -> None:
    config = tmp_path / "sentinel.conf"
    with redis_server("--requirepass", "one") as primary, reserve() as port:
        lines = f"port {port}", "requirepass other", f"sentinel monitor {SERVICE} {HOST} {primary.port} 1"
        config.write_text("\n".join([*lines, f"sentinel auth-pass {SERVICE} one\n"]))
        with run([require("redis-server"), str(config), "--sentinel"], port=port):
            store = RedisStore(f"redis+sentinel://:one@{HOST}:{port}/{SERVICE}{PATIENT}&sentinel_password=other")
            door = ways(store)
            assert door.take(OP).ok
            door.close()
            store.close()
