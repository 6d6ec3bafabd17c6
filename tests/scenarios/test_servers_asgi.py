"""What only ASGI servers do: lifespan, background tasks, streams, WebSockets, mounted sub-applications."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from scenarios.wire import Reply, chunk, connected, head, protected, said
from support.certificates import Certificate
from support.servers import Process, serve

HOST = "Host: booking.example"


@pytest.fixture(scope="module")
def asgi(certificate: Certificate) -> Iterator[Process]:
    with serve("uvicorn", "scenarios.server_apps:app", cert=certificate) as server:
        yield server


@pytest.mark.parametrize("path", ["/stream", "/events"])
def test_chunks_arrive_before_the_end(asgi: Process, trust: ssl.SSLContext, path: str) -> None:
    with connected(asgi, trust) as file:
        file.write(f"GET {path} HTTP/1.1\r\n{HOST}\r\n\r\n".encode())
        file.flush()
        status, headers = head(file)
        assert status == 200
        assert protected(Reply(status=status, headers=headers, body=b""))
        assert chunk(file) == b"data: first\n\n"
        assert said(asgi, "GET /go-on HTTP/1.1", HOST, trust=trust).status == 200
        assert chunk(file) == b"data: second\n\n"
        assert chunk(file) == b""


def test_nonce_of_the_page_is_the_header_s(asgi: Process, trust: ssl.SSLContext) -> None:
    replies = [said(asgi, "GET /page HTTP/1.1", HOST, trust=trust) for _ in range(3)]
    nonces = [reply.body.split(b"nonce=")[1].split(b">")[0].decode() for reply in replies]
    assert len(set(nonces)) == 3
    for reply, nonce in zip(replies, nonces, strict=True):
        assert f"script-src 'self' 'nonce-{nonce}'" in reply.values("content-security-policy")[0]
        assert reply.values("cache-control") == ["private"]


def test_lifespan_and_background_tasks_pass(certificate: Certificate, trust: ssl.SSLContext, tmp_path: Path) -> None:
    pipe = tmp_path / "notes"
    os.mkfifo(pipe)
    reading = os.fdopen(os.open(pipe, os.O_RDWR), "r")  # both ends, so that neither side waits for the other to open
    with reading:
        with serve("uvicorn", "scenarios.server_apps:app", cert=certificate, env={"NOTES": str(pipe)}) as server:
            assert reading.readline() == "started\n"
            assert said(server, "GET /background HTTP/1.1", HOST, trust=trust).body == b"answered"
            assert reading.readline() == "ran\n"
        assert reading.readline() == "stopped\n"


def test_websocket_of_the_own_page(asgi: Process, trust: ssl.SSLContext) -> None:
    with connect(
        f"wss://localhost:{asgi.port}/echo", ssl=trust, origin=Origin(f"https://localhost:{asgi.port}")
    ) as socket:
        socket.send("hello")
        assert socket.recv() == "hello"


@pytest.mark.parametrize("implementation", ["websockets-sansio", "wsproto"])
@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [("/echo", "https://evil.example", 403), ("/closed", None, 403), ("/nowhere", None, 403)],
    ids=["foreign-origin", "app-closes", "no-route"],
)
def test_websocket_refusal_carries_the_headers(
    certificate: Certificate, trust: ssl.SSLContext, implementation: str, path: str, origin: str | None, status: int
) -> None:
    options = ["--ws", implementation]
    with (
        serve("uvicorn", "scenarios.server_apps:app", cert=certificate, options=options) as server,
        pytest.raises(InvalidStatus) as raised,
        connect(f"wss://localhost:{server.port}{path}", ssl=trust, origin=Origin(origin) if origin else None),
    ):
        pass
    response = raised.value.response
    assert response.status_code == status
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" in response.headers


def test_websocket_over_plain_http_is_refused() -> None:
    with (
        serve("uvicorn", "scenarios.server_apps:app") as server,
        pytest.raises(InvalidStatus) as raised,
        connect(f"ws://localhost:{server.port}/echo"),
    ):
        pass
    assert raised.value.response.status_code == 403
    assert "location" not in raised.value.response.headers


@pytest.fixture(scope="module")
def mounted() -> Iterator[Process]:
    with serve("uvicorn", "scenarios.server_apps:mounted") as server:
        yield server


def test_mounted_sub_application(mounted: Process) -> None:
    assert said(mounted, "GET /club/health HTTP/1.0").status == 200, "exempt below the root path"
    reply = said(mounted, "GET /club/seen?x=1 HTTP/1.1", HOST)
    assert reply.status == 308
    assert reply.values("location") == ["https://booking.example/club/seen?x=1"]
    assert said(mounted, "GET /club/health/.. HTTP/1.1", HOST).status == 308


def test_root_path_of_the_server() -> None:
    with serve("uvicorn", "scenarios.server_apps:app", options=["--root-path", "/site"]) as server:
        reply = said(server, "GET /alive HTTP/1.0")
        assert reply.status == 200
        assert b'"root":"/site"' in reply.body
        assert said(server, "GET /x HTTP/1.1", HOST).values("location") == ["https://booking.example/site/x"]
