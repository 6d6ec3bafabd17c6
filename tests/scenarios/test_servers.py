"""The rows in which a server matters: each real server, over plain http and over https."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from scenarios.server_apps import PROXY
from scenarios.wire import Reply, protected, said
from support.certificates import Certificate
from support.servers import Interface, Process, ServerName, serve

HOST = "Host: booking.example"
FORWARDED = ["X-Forwarded-For: 127.0.0.9, 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: booking.example"]
ASGI, WSGI = "scenarios.server_apps:app", "scenarios.server_apps:wsgi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a server is run here, and where it differs from the others, with the reason beside it in the table."""

    server: ServerName
    face: Interface
    app: str
    options: tuple[str, ...] = ()
    tls: bool = True  # else https is what a proxy says
    sends_first: bool = True  # whether what an iterable gave before it raised leaves
    logs_crash: bool = True  # whether an exception after a whole answer is logged with its traceback


KINDS = {
    "uvicorn": Kind(server="uvicorn", face="asgi", app=ASGI),
    "hypercorn": Kind(server="hypercorn", face="asgi", app=ASGI),
    "granian-asgi": Kind(server="granian", face="asgi", app=ASGI),
    # Takes an exception after a whole answer for a client that went away, and logs it in debug mode only.
    "gunicorn-asgi": Kind(server="gunicorn", face="asgi", app=ASGI, logs_crash=False),
    # Believes X-Forwarded-Proto from 127.0.0.1 unless told not to, as `serve` does.
    "gunicorn": Kind(server="gunicorn", face="wsgi", app=WSGI, options=("--worker-class", "sync")),
    # Drops the connection with whatever of the answer has not left yet.
    "granian-wsgi": Kind(server="granian", face="wsgi", app=WSGI, sends_first=False),
    # Has no TLS, and removes forwarding headers unless told not to. Its options stand before the app.
    "waitress": Kind(
        server="waitress", face="wsgi", app="--no-clear-untrusted-proxy-headers", options=(WSGI,), tls=False
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One kind of server, running twice: on plain http, and with TLS where it has that."""

    kind: Kind
    plain: Process
    tls: Process | None
    trust: ssl.SSLContext

    def http(self, *lines: str, body: bytes = b"") -> Reply:
        """What a stranger is answered on the plain port."""
        return said(self.plain, *lines, body=body)

    def https(self, *lines: str, body: bytes = b"") -> Reply:
        """What a client is answered over TLS, which ends at a proxy where the server has none."""
        if self.tls is None:
            first, *rest = lines
            return self.proxied(first, "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", *rest, body=body)
        return said(self.tls, *lines, body=body, trust=self.trust)

    def proxied(self, *lines: str, body: bytes = b"") -> Reply:
        """What the proxy is answered, on the plain port too."""
        return said(self.plain, *lines, body=body, source=PROXY)

    def log(self) -> str:
        return self.plain.log() + (self.tls.log() if self.tls else "")


@pytest.fixture(scope="module", params=KINDS)
def service(request: pytest.FixtureRequest, certificate: Certificate, trust: ssl.SSLContext) -> Iterator[Service]:
    """Each server, kept for all rows."""
    kind = KINDS[request.param]
    with ExitStack() as running:
        started = [
            running.enter_context(serve(kind.server, kind.app, cert=cert, interface=kind.face, options=kind.options))
            for cert in ([None, certificate] if kind.tls else [None])
        ]
        yield Service(kind=kind, plain=started[0], tls=started[1] if kind.tls else None, trust=trust)


def test_tls_is_https(service: Service) -> None:
    reply = service.https("GET / HTTP/1.1", HOST)
    assert reply.status == 200
    assert b"https" in reply.body
    assert protected(reply)


def test_plain_http_is_redirected(service: Service) -> None:
    reply = service.http("POST /book?a=%ff HTTP/1.1", HOST, "Content-Length: 3", body=b"a=1")
    assert reply.status == 308
    assert reply.values("location") == ["https://booking.example/book?a=%ff"]
    assert reply.values("cache-control") == ["no-store"]
    assert protected(reply, https=False)


def test_raw_bytes_in_the_query_are_encoded(service: Service) -> None:
    reply = service.http("GET /a?q=\xff HTTP/1.1", HOST)
    assert reply.status in {308, 400}, "redirected, or refused by the server itself"
    assert all(value.isascii() for value in reply.values("location"))


def test_http_1_0_without_host(service: Service) -> None:
    for reply in (service.http("GET / HTTP/1.0"), service.https("GET / HTTP/1.0")):
        assert reply.status == 400
        assert reply.values("x-content-type-options") == ["nosniff"]


def test_http_1_0_without_host_on_a_health_path(service: Service) -> None:
    assert service.http("GET /alive HTTP/1.0").status == 200


def test_foreign_host(service: Service) -> None:
    reply = service.https("GET / HTTP/1.1", "Host: evil.example")
    assert reply.status == 400
    assert protected(reply)
    assert b"evil" not in reply.body


@pytest.mark.parametrize("second", ["evil.example", "booking.example"])
def test_duplicate_host(service: Service, second: str) -> None:
    assert service.https("GET / HTTP/1.1", HOST, f"Host: {second}").status == 400


@pytest.mark.parametrize("host", ["a.com/evil?", "<x>", "a@b", "booking.example:99999", "[::12", "b\xfccher.example"])
def test_malformed_host(service: Service, host: str) -> None:
    reply = service.http("GET / HTTP/1.1", f"Host: {host}")
    assert reply.status == 400
    assert reply.values("location") == []


def test_duplicate_sec_fetch_site(service: Service) -> None:
    lines = ["POST / HTTP/1.1", HOST, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site", "Content-Length: 0"]
    reply = service.https(*lines)
    assert reply.status == 403
    assert protected(reply)


def test_two_cookies_stay_two(service: Service) -> None:
    reply = service.https("GET /cookies HTTP/1.1", HOST)
    cookies = reply.values("set-cookie")
    assert [cookie[:4] for cookie in cookies] == ["a=1;", "b=2;"]
    assert all("Secure" in cookie and "HttpOnly" in cookie and "samesite" in cookie.lower() for cookie in cookies)
    assert reply.values("x-powered-by") == []


def test_body_arrives(service: Service) -> None:
    sent = bytes(range(256)) * 300
    reply = service.https("POST /body HTTP/1.1", HOST, f"Content-Length: {len(sent)}", body=sent)
    assert reply.body == sent


def test_head_has_the_headers_and_no_body(service: Service) -> None:
    for line, status in (("HEAD / HTTP/1.1", 200), ("HEAD /unchanged HTTP/1.1", 304)):
        reply = service.https(line, HOST)
        assert (reply.status, reply.body) == (status, b"")
        assert protected(reply)


def test_refused_head_has_no_body(service: Service) -> None:
    reply = service.https("HEAD / HTTP/1.1", "Host: evil.example")
    assert (reply.status, reply.body) == (400, b"")


def test_not_modified(service: Service) -> None:
    reply = service.https("GET /unchanged HTTP/1.1", HOST, 'If-None-Match: "1"')
    assert (reply.status, reply.body) == (304, b"")
    assert protected(reply)


def test_exception_is_500_with_the_headers(service: Service) -> None:
    reply = service.https("GET /crash HTTP/1.1", HOST)
    assert reply.status == 500
    assert protected(reply)
    assert b"a bug of the app" not in reply.body
    service.https("GET / HTTP/1.1", HOST)  # served after what came of the first was logged
    assert "app.exception" in service.log()
    assert ("a bug of the app" in service.log()) == service.kind.logs_crash


def test_exception_after_the_start_is_the_server_s(service: Service) -> None:
    try:
        reply = service.https("GET /crash-later HTTP/1.1", HOST)
    except (IndexError, OSError):  # no answer at all
        assert not service.kind.sends_first
        return
    assert reply.status == 200
    assert protected(reply)
    assert reply.body == b"first" or not service.kind.sends_first
    assert not reply.whole, "an answer that was cut short must not look whole"


def test_proxy_headers_of_a_stranger(service: Service) -> None:
    reply = service.http("GET / HTTP/1.1", "Host: localhost:1", *FORWARDED)
    assert reply.status == 308, "X-Forwarded-Proto was not believed"
    assert "proxies=['127.0.0.1']" in service.log()


def test_proxy_headers_of_a_trusted_peer(service: Service) -> None:
    reply = service.proxied("GET / HTTP/1.1", "Host: inner:8000", *FORWARDED)
    assert reply.status == 200
    assert protected(reply)
    assert b"203.0.113.7" in reply.body
    assert b"booking.example" in reply.body
    assert PROXY.encode() in reply.body, "the peer"
    assert b"127.0.0.9" not in reply.body
    assert b"forwarded" not in reply.body.lower()


def test_trusted_proxy_that_says_http_is_redirected(service: Service) -> None:
    reply = service.proxied("GET /x HTTP/1.1", HOST, "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: http")
    assert reply.status == 308
    assert reply.values("location") == ["https://booking.example/x"]
