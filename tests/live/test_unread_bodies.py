"""Who is over a limit is refused though not a byte of the body ever comes, on real servers and a real Redis."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as client

from support.redis import PATIENT, redis_server
from support.servers import HOST, Process, ServerName, serve

APPS: dict[str, tuple[ServerName, str]] = {
    "uvicorn": ("uvicorn", "asgi"), "gunicorn": ("gunicorn", "wsgi"), "django": ("gunicorn", "django"),
}  # fmt: skip
TESTS = Path(__file__).parents[1]
BODY = b"email=ann%40club.example"
WITHIN = 20  # seconds, on a busy machine; a server that waits for the body never answers


@pytest.fixture(scope="module")
def redis() -> Iterator[Process]:
    with redis_server() as server:
        yield server


@contextmanager
def site(name: str, store: str) -> Iterator[Process]:
    server, app = APPS[name]
    env = {"NETGUARD_STORE": store, "NETGUARD_SECRETS": "the-secret-of-a-test-and-long-enough", "TEST_NAME": name}
    with serve(server, f"live.unread_apps:{app}", path=[TESTS], env=env) as process:
        yield process


def answer(port: int, body: bytes, *fields: str) -> bytes:
    """All that the server says to a head that announces a body, and to as much of it as is sent."""
    lines = ["POST /mail HTTP/1.1", f"Host: localhost:{port}", "Content-Type: application/x-www-form-urlencoded"]
    head = "\r\n".join([*lines, f"Content-Length: {len(BODY)}", "Connection: close", *fields, "", ""])
    with socket.create_connection((HOST, port), WITHIN) as connection:
        connection.sendall(head.encode() + body)
        return connection.recv(65_536)


def takes(redis: Process) -> int:
    with client.Redis(HOST, redis.port) as asked:
        return sum(told["calls"] for name, told in asked.info("commandstats").items() if "eval" in name)


@pytest.mark.parametrize("name", APPS)
def test_a_refused_body_is_not_waited_for_and_redis_is_not_asked(name: str, redis: Process) -> None:
    with site(name, f"redis://{HOST}:{redis.port}{PATIENT}") as server:
        assert answer(server.port, BODY).startswith(b"HTTP/1.1 200 ")
        assert answer(server.port, BODY).startswith(b"HTTP/1.1 429 ")
        before = takes(redis)
        assert answer(server.port, b"").startswith(b"HTTP/1.1 429 ")
        assert takes(redis) == before > 0


@pytest.mark.parametrize("name", APPS)
def test_in_memory_the_second_one_is_refused_unread(name: str) -> None:
    with site(name, "memory://") as server:
        assert answer(server.port, BODY).startswith(b"HTTP/1.1 200 ")
        assert answer(server.port, b"").startswith(b"HTTP/1.1 429 ")


def test_who_asks_whether_to_send_it_is_told_no(redis: Process) -> None:
    """uvicorn says 100 Continue when the body is asked for (RFC 9110, 10.1.1)."""
    with site("uvicorn", "memory://") as server:
        assert answer(server.port, BODY, "Expect: 100-continue").startswith(b"HTTP/1.1 100 ")
        assert answer(server.port, BODY).startswith(b"HTTP/1.1 429 ")
        assert answer(server.port, b"", "Expect: 100-continue").startswith(b"HTTP/1.1 429 ")
