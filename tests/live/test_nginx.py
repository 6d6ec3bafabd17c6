"""A real nginx with TLS, configured as the docs say, in front of a real uvicorn: what netguard makes of its word."""

from __future__ import annotations

import json
import os
import shlex
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect
from websockets.typing import Origin

from netguard import Policy
from netguard.cli.main import main
from netguard.events import SecurityEvent
from netguard.explanation import asked
from netguard.starlette import NetguardMiddleware
from support import docs
from support.certificates import Certificate
from support.outside import require
from support.servers import HOST, reserve, run

PAGE = "how-to/behind-a-proxy.md"
NAME = "booking.example"
CLIENT = "127.0.0.2"  # the client's own address, other than nginx's
WITHIN = 30  # seconds
SITE, UNIX = docs.blocks(PAGE, "nginx")
TCP_PASS, UNIX_PASS = "proxy_pass http://127.0.0.1:8000;", UNIX.strip()
PLANTED = {
    "X-Forwarded-For": "198.51.100.9",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "Forwarded": "for=198.51.100.9;proto=http;host=evil.example",
    "X-Real-IP": "198.51.100.9",
}
AROUND = """
daemon off;
pid nginx.pid;
error_log stderr;
worker_processes 1;
{user}
events {{ }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{site}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """A running nginx, and the events of the app behind it."""

    http: int
    https: int
    trust: ssl.SSLContext
    events: list[SecurityEvent]

    def connected(self, scheme: str) -> socket.socket:
        """A connection from the client's address."""
        port = self.https if scheme == "https" else self.http
        plain = socket.create_connection((HOST, port), WITHIN, source_address=(CLIENT, 0))
        return self.trust.wrap_socket(plain, server_hostname=NAME) if scheme == "https" else plain

    def ask(self, scheme: str, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
        connection = HTTPConnection(NAME)
        connection.sock = self.connected(scheme)
        try:
            connection.request(method, path, headers={"Host": NAME, **(headers or {})})
            return Answer.read(connection.getresponse())
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def read(cls, response: HTTPResponse) -> Answer:
        return cls(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def json(self) -> Any:
        return json.loads(self.body)


async def seen(request: Request) -> JSONResponse:
    left = [name for name in request.headers if name.startswith("x-") or name == "forwarded"]
    client = request.client.host if request.client else None
    return JSONResponse({"scheme": request.url.scheme, "host": request.url.hostname, "client": client, "left": left})


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


def names() -> list[dict[str, Any]]:
    """What each Python block of the page defines."""
    return [docs.run(PAGE, [block], Policy=Policy) for block in docs.blocks(PAGE)]


@contextmanager
def application(policy: Policy, listening: socket.socket) -> Iterator[None]:
    """The app on uvicorn, on a socket that listens already: no connection comes too early."""
    app = Starlette(routes=[Route("/seen", seen, methods=["GET", "POST"]), WebSocketRoute("/echo", echo)])
    app.add_middleware(NetguardMiddleware, policy=policy)
    server = uvicorn.Server(uvicorn.Config(app, proxy_headers=False, log_config=None, lifespan="off"))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(WITHIN)


@contextmanager
def nginx(folder: Path, cert: Certificate, passed: str) -> Iterator[tuple[int, int]]:
    """nginx with the page's own lines, of which ports, certificate and the app's address are filled in."""
    with reserve() as http, reserve() as https:
        site = _filled(
            SITE,
            {
                "listen 80;": f"listen {HOST}:{http};",
                "listen 443 ssl;": f"listen {HOST}:{https} ssl;",
                "/etc/ssl/booking.example.pem": str(cert.chain),
                "/etc/ssl/booking.example.key": str(cert.key),
                TCP_PASS: passed,
            },
        )
        user = "user root;" if os.geteuid() == 0 else ""  # else its workers could not reach the test's folder
        (folder / "nginx.conf").write_text(AROUND.format(user=user, site=site))
        command = [require("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        with run(command, port=https, tls=True):
            yield http, https


def _filled(text: str, values: dict[str, str]) -> str:
    for written, value in values.items():
        assert text.count(written) == 1, written
        text = text.replace(written, value)
    return text


@pytest.fixture(scope="module", params=["tcp", "unix"])
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[Front]:
    """nginx in front of the app, over TCP and over a unix socket."""
    require("nginx")
    folder = tmp_path_factory.mktemp("nginx")
    over_tcp, over_unix, *_ = (block["policy"] for block in names()[:2])
    policy = over_tcp if request.param == "tcp" else over_unix
    events: list[SecurityEvent] = []
    with socket.socket(socket.AF_INET if request.param == "tcp" else socket.AF_UNIX) as listening:
        listening.bind((HOST, 0) if request.param == "tcp" else str(folder / "app.sock"))
        listening.listen()
        if request.param == "tcp":
            passed = TCP_PASS.replace("8000", str(listening.getsockname()[1]))
        else:
            passed = UNIX_PASS.replace("/run/booking.sock", str(folder / "app.sock"))
        with (
            application(replace(policy, events=[events.append]), listening),
            nginx(folder, certificate, passed) as (http, https),
        ):
            yield Front(http=http, https=https, trust=certificate.client_context(), events=events)


@pytest.mark.needs("nginx")
@pytest.mark.parametrize("planted", [{}, PLANTED], ids=["as-it-is", "planted"])
def test_the_app_sees_the_client_and_https(front: Front, planted: dict[str, str]) -> None:
    answer = front.ask("https", "/seen", planted)
    assert answer.status == 200
    assert answer.json() == {"scheme": "https", "host": NAME, "client": CLIENT, "left": []}
    assert answer.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"


@pytest.mark.needs("nginx")
@pytest.mark.parametrize("planted", [{}, {**PLANTED, "X-Forwarded-Proto": "https"}], ids=["as-it-is", "planted"])
def test_http_is_redirected_once(front: Front, planted: dict[str, str]) -> None:
    moved = front.ask("http", "/seen?day=1", planted, method="POST")
    assert (moved.status, moved.headers["location"]) == (308, f"https://{NAME}/seen?day=1")
    assert "strict-transport-security" not in moved.headers
    assert front.ask("https", moved.headers["location"].removeprefix(f"https://{NAME}"), planted).status == 200


@pytest.mark.needs("nginx")
def test_another_host_is_refused(front: Front) -> None:
    assert front.ask("https", "/seen", {"Host": "evil.example"}).status == 400
    assert front.events[-1].code == "hosts.foreign"
    assert front.events[-1].client == CLIENT


@pytest.mark.needs("nginx")
def test_the_origin_check_sees_the_public_address(front: Front) -> None:
    assert front.ask("https", "/seen", {"Origin": f"https://{NAME}"}, method="POST").status == 200
    assert front.ask("https", "/seen", {"Origin": f"http://{NAME}"}, method="POST").status == 403


@pytest.mark.needs("nginx")
def test_websockets_pass(front: Front) -> None:
    origin = Origin(f"https://{NAME}")
    with (
        front.connected("https") as secure,
        connect(f"ws://{NAME}/echo", sock=secure, origin=origin) as websocket,  # TLS is the connection's already
    ):
        websocket.send("hello")
        assert websocket.recv(WITHIN) == "hello"


@pytest.mark.needs("nginx")
def test_an_unlisted_proxy_is_told_with_the_mend(certificate: Certificate, tmp_path: Path) -> None:
    events: list[SecurityEvent] = []
    with socket.create_server((HOST, 0)) as listening:
        passed = TCP_PASS.replace("8000", str(listening.getsockname()[1]))
        with (
            application(Policy(hosts=[NAME], events=[events.append]), listening),
            nginx(tmp_path, certificate, passed) as (http, https),
        ):
            front = Front(http=http, https=https, trust=certificate.client_context(), events=events)
            assert front.ask("https", "/seen").status == 308, "the loop that the page describes"
    told = [event for event in events if event.code == "proxies.unlisted"]
    assert len(told) == 1
    assert f"proxies=['{HOST}']" in told[0].detail


def test_every_policy_of_the_page_is_valid() -> None:
    assert [sorted(block.keys() & {"policy", "aws", "google"}) for block in names()] == [
        ["policy"],
        ["policy"],
        ["aws", "google"],
    ]


def test_google_s_own_address_is_walked_over() -> None:
    google = names()[2]["google"]
    fields = {
        "Host": NAME,
        "X-Forwarded-For": "198.51.100.9, 198.51.100.7, 203.0.113.80",
        "X-Forwarded-Proto": "https",
    }
    request = asked(google, "GET /", fields, peer="35.191.0.3", scheme="http")
    assert (request.client, request.scheme) == ("198.51.100.7", "https")


def test_explain_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.toml").write_text(docs.blocks("starlette.md", "toml")[0])
    command, _, printed = docs.blocks(PAGE, "console")[0].partition("\n")
    _, *words = shlex.split(command.removeprefix("$ "))
    assert CliRunner().invoke(main, words).output == printed
