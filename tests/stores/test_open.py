"""What an address opens."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netguard import Policy
from netguard.errors import ConfigError
from netguard.stores import open_store, outage
from netguard.stores.limits_storage import LimitsStorage
from netguard.stores.memory import MemoryStore
from netguard.stores.outage import Guarded
from netguard.stores.redis import RedisStore
from support.hand_storage import HandStorage
from support.remote import gcra, passed, sync_face

WRITE = "write such as redis://localhost, or import first what registers it with `limits`"


@pytest.mark.parametrize("uri", ["memory://", "memory://?keys=100000"])
def test_memory_is_this_process_and_nothing_stands_before_it(uri: str) -> None:
    assert isinstance(open_store(uri), MemoryStore)


def test_memory_holds_as_many_keys_as_asked() -> None:
    store = open_store("memory://?keys=2")
    for number in range(10):
        store.take([gcra(key=number.to_bytes(16, "big"))])
    assert [news.code for news in store.news] == ["store.full"]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("memory://?keys=none", "store: memory://?keys=: a whole number from 1 to 1073741824 is meant, not 'none'"),
        ("memory://?keys=0", "store: memory://?keys=: a whole number from 1 to 1073741824 is meant, not 0"),
        ("memory://?key=5", "store: memory:// has no 'key'; did you mean 'keys'?; write memory://?keys=100000"),
        ("memry://", "store: nothing is known of memry://; did you mean 'memory'?"),
        ("redi://:secret@localhost", "store: nothing is known of redi://; did you mean 'redis'?"),
        ("sqlite:///counters", f"store: nothing is known of sqlite://; {WRITE}"),
        ("localhost:6379", f"store: nothing is known of localhost://; {WRITE}"),
    ],
)
def test_a_wrong_address_names_the_mend(uri: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(uri)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "uri",
    [
        "redis://localhost", "rediss://localhost", "unix:///run/redis.sock", "redis+unix:///run/redis.sock",
        "redis+sentinel://localhost/service", "redis+cluster://localhost", "valkey://localhost", "valkeys://localhost",
    ],
)  # fmt: skip
def test_redis_stands_behind_a_guard(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[object, ...]] = []
    monkeypatch.setattr(RedisStore, "__init__", lambda store, *given: opened.append(given))
    assert isinstance(open_store(uri), Guarded)
    assert opened == [(uri,)]


def test_any_other_storage_stands_behind_a_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[object, ...]] = []
    monkeypatch.setattr(LimitsStorage, "__init__", lambda store, *given: opened.append(given))
    assert isinstance(open_store("memcached://localhost:11211"), Guarded)
    assert opened == [("memcached://localhost:11211",)]


@pytest.mark.parametrize(
    ("uri", "gives_back"),
    [
        ("redis://localhost", False),
        ("redis+sentinel://localhost/service", False),
        ("redis+cluster://localhost", True),
        ("valkeys+cluster://localhost", True),
        ("memcached://localhost:11211", True),
    ],
)
def test_the_guard_knows_whether_a_take_is_several_steps(
    uri: str, gives_back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, object]] = []
    monkeypatch.setattr(outage, "Guarded", lambda store, **given: told.append(given))
    open_store(uri)
    assert told == [{"outage_share": 0.5, "gives_back": gives_back}]


def test_the_share_of_an_outage_is_the_guards() -> None:
    store = open_store("memcached://127.0.0.1:1", outage_share=0.2)  # nobody listens there
    assert passed(sync_face, store, gcra(10)) == 2
    assert [news.code for news in store.news] == ["store.out"]


@pytest.mark.parametrize(
    ("uri", "absent"),
    [("memory://", {"limits", "redis"}), ("redis://localhost", {"limits"}), ("memcached://localhost:1", {"redis"})],
)
def test_only_what_an_address_needs_is_imported(uri: str, absent: set[str]) -> None:
    code = f"import sys; from netguard.stores import open_store; open_store({uri!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not absent & set(done.stdout.split())


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("nonsense://x", f"Policy.store: nothing is known of nonsense://; {WRITE}"),
        ("REDISS://:secret@x", "Policy.store: nothing is known of REDISS://; did you mean 'rediss'?"),
        ("async+memcache://x", "Policy.store: nothing is known of async+memcache://; did you mean 'memcached'?"),
    ],
)
def test_the_policy_itself_refuses_what_nobody_opens(uri: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Policy(store=uri)
    assert str(caught.value) == message


@pytest.mark.parametrize("uri", ["valkeys+cluster://h", "mongodb+srv://h", "async+memcached://h", "hand://"])
def test_the_policy_takes_all_that_can_be_opened(uri: str) -> None:
    assert HandStorage.STORAGE_SCHEME == ["hand"]  # registered as it was imported
    assert Policy(store=uri).store == uri


def test_a_policy_loads_no_client_for_the_stores_that_it_knows() -> None:
    code = "import sys; from netguard import Policy; Policy(store='redis://h'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"limits", "redis", "netguard.stores"} & set(done.stdout.split())
