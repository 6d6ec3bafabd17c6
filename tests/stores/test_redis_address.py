"""The URIs of Redis: what they mean, and how a wrong one is told at start-up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netguard.counters.rates import Gcra
from netguard.errors import ConfigError, StoreError
from netguard.stores import open_store
from netguard.stores.redis import RedisStore
from netguard.stores.redis.address import Address, read_address
from stores.doors import Door, Loop, Threads
from support.certificates import Certificate
from support.redis import PATIENT, redis_server
from support.servers import HOST, reserve

OP = Gcra(key=b"0123456789abcdef", step=3_600_000_000, burst=3)
each_way = pytest.mark.parametrize("ways", [pytest.param(Threads, id="sync"), pytest.param(Loop, id="async")])
Ways = Callable[[RedisStore], Door]


def read(uri: str) -> Address:
    return read_address(uri, connect_timeout=0.1, read_timeout=0.25)


def lefts(ways: Ways, uri: str) -> list[int]:
    """What is left after each of two takes."""
    store = RedisStore(uri)
    door = ways(store)
    try:
        return [door.take(OP).counts[0][0] for _ in range(2)]
    finally:
        door.close()
        store.close()


@pytest.mark.parametrize(
    ("uri", "kind", "tls", "hosts"),
    [
        ("redis://localhost", "single", False, [("localhost", 6379)]),
        ("redis://", "single", False, [("localhost", 6379)]),
        ("redis://[::1]:7000/", "single", False, [("::1", 7000)]),
        ("valkey://db.example:7000/3", "single", False, [("db.example", 7000)]),
        ("rediss://db.example", "single", True, [("db.example", 6379)]),
        ("valkeys://db.example", "single", True, [("db.example", 6379)]),
        ("redis+cluster://a:1,b", "cluster", False, [("a", 1), ("b", 6379)]),
        ("rediss+cluster://a:1,[::1]:2/0", "cluster", True, [("a", 1), ("::1", 2)]),
        ("valkey+cluster://a", "cluster", False, [("a", 6379)]),
        ("redis+sentinel://a:1,b/main", "sentinel", False, [("a", 1), ("b", 26379)]),
        ("valkeys+sentinel://a/main", "sentinel", True, [("a", 26379)]),
    ],
)
def test_where_it_is(uri: str, kind: str, tls: bool, hosts: list[tuple[str, int]]) -> None:
    address = read(uri)
    assert (address.kind, address.tls, list(address.hosts)) == (kind, tls, hosts)
    RedisStore(uri)  # redis-py takes it too


@pytest.mark.parametrize("scheme", ["unix", "redis+unix", "valkey+unix"])
def test_a_socket(scheme: str) -> None:
    address = read(f"{scheme}://user:s%40crets@/run/redis%20one.sock?db=2")
    assert (address.kind, address.path) == ("single", "/run/redis one.sock")
    assert dict(address.options) == {
        "socket_connect_timeout": 0.1,
        "socket_timeout": 0.25,
        "username": "user",
        "password": "s@crets",
        "db": 2,
    }


@pytest.mark.parametrize(
    ("uri", "options"),
    [
        ("redis://h/7", {"db": 7}),
        ("redis://h/7?db=8", {"db": 8}),
        ("redis://:p%2Fw@h", {"password": "p/w"}),
        ("redis://u:p@h?client_name=me", {"username": "u", "password": "p", "client_name": "me"}),
        ("redis://h?socket_timeout=1.5", {"socket_timeout": 1.5}),
        ("redis://h?socket_connect_timeout=2&max_connections=9", {"socket_connect_timeout": 2, "max_connections": 9}),
        ("redis://h?socket_keepalive=no", {"socket_keepalive": False}),
        ("rediss://h?ssl_cert_reqs=none&ssl_check_hostname=0", {"ssl_cert_reqs": "none", "ssl_check_hostname": False}),
        ("redis+sentinel://:p@h/s?db=4", {"password": "p", "db": 4}),
    ],
)
def test_what_it_says(uri: str, options: dict[str, Any]) -> None:
    assert dict(read(uri).options) == {"socket_connect_timeout": 0.1, "socket_timeout": 0.25, **options}


def test_sentinels_have_credentials_of_their_own() -> None:
    address = read("redis+sentinel://u:p@h:1/service?sentinel_username=s&sentinel_password=q")
    assert (address.service, dict(address.sentinel_options)) == ("service", {"username": "s", "password": "q"})
    assert address.options["password"] == "p"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("reddis://h", "'reddis' is not one of redis, .*did you mean 'redis'?"),
        ("redis:h", "write redis://, as in redis://localhost"),
        ("redis://h:no", "'h:no' is no host:port"),
        ("redis://h:99999", "'h:99999' is no host:port"),
        ("redis://[::1", "no URI"),
        ("redis://h/first", "after the host comes a database's number"),
        ("redis://a,b", r"redis\+cluster:// or redis\+sentinel://"),
        ("redis://h#x", "write '#' as %23"),
        ("redis://h?sockettimeout=1", "no option 'sockettimeout'; did you mean 'socket_timeout'?"),
        ("redis://h?decode_responses=yes", "no option 'decode_responses'"),
        ("redis://h?socket_timeout=soon", "socket_timeout is a number, not 'soon'"),
        ("redis://h?socket_timeout=0", "socket_timeout is seconds above 0, not 0.0"),
        ("redis://h?socket_connect_timeout=-1", "seconds above 0"),
        ("redis://h?socket_timeout=nan", "seconds above 0"),
        ("redis://h?socket_timeout=inf", "seconds above 0"),
        ("redis://h?socket_keepalive=maybe", "socket_keepalive is yes or no, not 'maybe'"),
        ("redis://h?ssl_ca_certs=/ca.pem", "needs TLS: write rediss in place of redis"),
        ("redis://h?sentinel_password=x", "no option 'sentinel_password'"),
        ("rediss://h?ssl_cert_reqs=perhaps", "redis-py says: .*perhaps"),
        ("redis://h?protocol=9", "redis-py says: "),
        ("unix://host/socket", "name the socket's file"),
        ("redis+unix://", "name the socket's file"),
        ("redis+sentinel://a:1,b:2", r"name the service that the Sentinels watch"),
        ("redis+sentinel:///main", "'' is no host:port"),
        ("redis+cluster://a:1,,b:2", "'' is no host:port"),
        ("redis+cluster://a/1", "a Cluster has database 0 only"),
        ("redis+cluster://a?db=1", "a Cluster has database 0 only"),
        ("redis+cluster://a/x", "after the host comes a database's number"),
    ],
)
def test_a_wrong_one_names_the_mend(uri: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        RedisStore(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "redis://user:a-secret@h:no",
        "redis://user:a-secret@h?password=a-secret&x=1",
        "redis://user:a-secret/b@h/x",
        "redis://user:a-secret#b@h",
        "redis://user:a-secret?b@h",
        "redis://h?password=b@a-secret&x=1",
        "redis://:[a-secret@h",
        "redis:user:a-secret@h",
        "reddis://user:a-secret@h",
    ],
)
def test_a_secret_is_never_shown(uri: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RedisStore(uri)
    assert "a-secret" not in str(caught.value)


@pytest.mark.parametrize("times", [{"connect_timeout": 0}, {"read_timeout": -1.0}])
def test_time_outs_are_above_zero(times: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="seconds above 0"):
        RedisStore("redis://localhost", **times)  # type: ignore[arg-type]


def test_without_redis_py_the_error_names_what_to_install() -> None:
    code = """
import sys
sys.modules["redis"] = None
from netguard.errors import ConfigError
from netguard.stores.redis import RedisStore
try:
    RedisStore("redis://localhost")
except ConfigError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "store: 'redis://localhost' needs redis-py: pip install netguard[redis]\n"


def test_every_address_opens_through_the_policys_store() -> None:
    for scheme in ("redis", "rediss", "valkey", "valkeys", "redis+cluster", "rediss+cluster", "valkey+cluster"):
        open_store(f"{scheme}://localhost")
    for uri in ("unix:///s", "redis+unix:///s", "valkey+unix:///s", "redis+sentinel://a/s", "valkeys+sentinel://a/s"):
        open_store(uri)


@each_way
def test_a_password_and_a_database(ways: Ways) -> None:
    with redis_server("--requirepass", "a secret") as server:
        address = f"{HOST}:{server.port}"
        assert lefts(ways, f"redis://:a%20secret@{address}/5{PATIENT}") == [2, 1]
        assert lefts(ways, f"redis://:a%20secret@{address}/6{PATIENT}") == [2, 1]
        assert lefts(ways, f"redis://default:a%20secret@{address}{PATIENT}&db=5") == [0, 0]
        for wrong in (f"redis://{address}", f"redis://:not-this@{address}"):
            with pytest.raises(StoreError) as caught:
                lefts(ways, wrong + PATIENT)
            assert "not-this" not in str(caught.value)


@each_way
def test_tls(certificate: Certificate, ways: Ways) -> None:
    files = {"cert-file": certificate.chain, "key-file": certificate.key, "ca-cert-file": certificate.ca}
    options = [text for name, path in files.items() for text in (f"--tls-{name}", str(path))]
    with reserve() as port, redis_server("--tls-port", str(port), "--tls-auth-clients", "no", *options):
        assert lefts(ways, f"rediss://localhost:{port}{PATIENT}&ssl_ca_certs={certificate.ca}") == [2, 1]
        with pytest.raises(StoreError, match=r"(?i)certificate"):
            lefts(ways, f"rediss://localhost:{port}{PATIENT}")


@each_way
def test_a_real_socket(tmp_path: Path, ways: Ways) -> None:
    file = tmp_path / "redis.sock"
    with redis_server("--unixsocket", str(file)):
        assert lefts(ways, f"redis+unix://{file}{PATIENT}") == [2, 1]
        assert lefts(ways, f"unix://{file}{PATIENT}&db=1") == [2, 1]
        with pytest.raises(StoreError):
            lefts(ways, f"unix://{file}.gone{PATIENT}")
