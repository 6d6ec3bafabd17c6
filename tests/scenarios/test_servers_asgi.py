"""What only ASGI servers do: lifespan, background tasks, streams, WebSockets, mounted sub-applications."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from scenarios.wire import Reply, chunk, connected, head, protected, said, shaken
from support.certificates import Certificate
from support.servers import Process, ServerName, serve

HOST = "Host: booking.example"


APP = "scenarios.server_apps:app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A server, and where it differs from the others, with the reason beside it in the table."""

    server: ServerName
    options: tuple[str, ...] = ()
    denies: bool = True  # whether it sends the answer to a WebSocket handshake that an app gives in its place
    loses: bool = False  # whether the connection may end in the place of a refusal


KINDS = {
    "uvicorn": Kind(server="uvicorn", options=("--ws", "websockets-sansio")),
    "uvicorn-wsproto": Kind(server="uvicorn", options=("--ws", "wsproto")),
    # Without netguard too, about one refused handshake in two hundred over TLS ends without its answer.
    "hypercorn": Kind(server="hypercorn", loses=True),
    "granian": Kind(server="granian"),
    # Has no extension `websocket.http.response`: it refuses with an empty 403 of its own.
    "gunicorn": Kind(server="gunicorn", denies=False),
}
SERVERS: list[ServerName] = ["uvicorn", "hypercorn", "granian", "gunicorn"]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture(scope="module")
def asgi(kind: Kind, certificate: Certificate) -> Iterator[Process]:
    with serve(kind.server, APP, cert=certificate, interface="asgi", options=kind.options) as server:
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


@pytest.mark.parametrize("name", SERVERS)
def test_lifespan_and_background_tasks_pass(
    name: ServerName, certificate: Certificate, trust: ssl.SSLContext, tmp_path: Path
) -> None:
    pipe = tmp_path / "notes"
    os.mkfifo(pipe)
    reading = os.fdopen(os.open(pipe, os.O_RDWR), "r")  # both ends, so that neither side waits for the other to open
    with reading:
        with serve(name, APP, cert=certificate, interface="asgi", env={"NOTES": str(pipe)}) as server:
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


@pytest.mark.parametrize(
    ("path", "origin"),
    [("/echo", "https://evil.example"), ("/closed", None), ("/nowhere", None)],
    ids=["foreign-origin", "app-closes", "no-route"],
)
def test_websocket_refusal_carries_the_headers(
    kind: Kind, asgi: Process, trust: ssl.SSLContext, path: str, origin: str | None
) -> None:
    answered = shaken(asgi, path, origin, trust)
    if answered is None:
        assert kind.loses
        return
    status, headers = answered
    names = [name for name, _ in headers]
    assert status == 403
    assert names.count("x-content-type-options") == kind.denies
    assert names.count("strict-transport-security") == kind.denies


def test_websocket_over_plain_http_is_refused() -> None:
    with serve("uvicorn", APP) as server:
        answered = shaken(server, "/echo", None)
    assert answered
    assert answered[0] == 403
    assert "location" not in dict(answered[1])


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
    with serve("uvicorn", APP, options=["--root-path", "/site"]) as server:
        reply = said(server, "GET /alive HTTP/1.0")
        assert reply.status == 200
        assert b'"root":"/site"' in reply.body
        assert said(server, "GET /x HTTP/1.1", HOST).values("location") == ["https://booking.example/site/x"]
