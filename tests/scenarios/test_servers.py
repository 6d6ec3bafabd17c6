"""The rows in which a server matters: real uvicorn and gunicorn, over plain http and TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from scenarios.wire import protected, said
from support.certificates import Certificate
from support.servers import Process, ServerName, serve

HOST = "Host: booking.example"
# netguard is the one resolver of forwarding headers; gunicorn believes X-Forwarded-Proto from 127.0.0.1 unless told.
SERVERS: list[tuple[ServerName, str, list[str]]] = [
    ("uvicorn", "scenarios.server_apps:app", []),
    ("gunicorn", "scenarios.server_apps:wsgi", ["--worker-class", "sync", "--forwarded-allow-ips", ""]),
]
FORWARDED = ["X-Forwarded-For: 127.0.0.9, 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: booking.example"]


@pytest.fixture(scope="module", params=SERVERS, ids=lambda server: server[0])
def tls(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[Process]:
    name, app, options = request.param
    with serve(name, app, cert=certificate, options=options) as server:
        yield server


@pytest.fixture(scope="module", params=SERVERS, ids=lambda server: server[0])
def plain(request: pytest.FixtureRequest) -> Iterator[Process]:
    name, app, options = request.param
    with serve(name, app, options=options) as server:
        yield server


@pytest.fixture(scope="module", params=SERVERS, ids=lambda server: server[0])
def proxied(request: pytest.FixtureRequest) -> Iterator[Process]:
    name, app, options = request.param
    with serve(name, app, env={"BEHIND_A_PROXY": "1"}, options=options) as server:
        yield server


def test_tls_is_https(tls: Process, trust: ssl.SSLContext) -> None:
    reply = said(tls, "GET / HTTP/1.1", HOST, trust=trust)
    assert reply.status == 200
    assert b"https" in reply.body
    assert protected(reply)


def test_plain_http_is_redirected(plain: Process) -> None:
    reply = said(plain, "POST /book?a=%ff HTTP/1.1", HOST, "Content-Length: 3", body=b"a=1")
    assert reply.status == 308
    assert reply.values("location") == ["https://booking.example/book?a=%ff"]
    assert reply.values("cache-control") == ["no-store"]
    assert protected(reply, https=False)


def test_raw_bytes_in_the_query_are_encoded(plain: Process) -> None:
    reply = said(plain, "GET /a?q=\xff HTTP/1.1", HOST)
    assert reply.status in {308, 400}, "redirected, or refused by the server itself"
    assert all(value.isascii() for value in reply.values("location"))


def test_http_1_0_without_host(plain: Process, tls: Process, trust: ssl.SSLContext) -> None:
    for reply in (said(plain, "GET / HTTP/1.0"), said(tls, "GET / HTTP/1.0", trust=trust)):
        assert reply.status == 400
        assert reply.values("x-content-type-options") == ["nosniff"]


def test_http_1_0_without_host_on_a_health_path(plain: Process) -> None:
    if plain.name == "uvicorn":
        assert said(plain, "GET /alive HTTP/1.0").status == 200


def test_foreign_host(tls: Process, trust: ssl.SSLContext) -> None:
    reply = said(tls, "GET / HTTP/1.1", "Host: evil.example", trust=trust)
    assert reply.status == 400
    assert protected(reply)
    assert b"evil" not in reply.body


@pytest.mark.parametrize("second", ["evil.example", "booking.example"])
def test_duplicate_host(tls: Process, trust: ssl.SSLContext, second: str) -> None:
    assert said(tls, "GET / HTTP/1.1", HOST, f"Host: {second}", trust=trust).status == 400


@pytest.mark.parametrize("host", ["a.com/evil?", "<x>", "a@b", "booking.example:99999", "[::12", "b\xfccher.example"])
def test_malformed_host(plain: Process, host: str) -> None:
    reply = said(plain, "GET / HTTP/1.1", f"Host: {host}")
    assert reply.status == 400
    assert reply.values("location") == []


def test_duplicate_sec_fetch_site(tls: Process, trust: ssl.SSLContext) -> None:
    lines = ["POST / HTTP/1.1", HOST, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site", "Content-Length: 0"]
    reply = said(tls, *lines, trust=trust)
    assert reply.status == 403
    assert protected(reply)


def test_two_cookies_stay_two(tls: Process, trust: ssl.SSLContext) -> None:
    reply = said(tls, "GET /cookies HTTP/1.1", HOST, trust=trust)
    cookies = reply.values("set-cookie")
    assert [cookie[:4] for cookie in cookies] == ["a=1;", "b=2;"]
    assert all("Secure" in cookie and "HttpOnly" in cookie and "samesite" in cookie.lower() for cookie in cookies)
    assert reply.values("x-powered-by") == []


def test_body_arrives(tls: Process, trust: ssl.SSLContext) -> None:
    sent = bytes(range(256)) * 300
    reply = said(tls, "POST /body HTTP/1.1", HOST, f"Content-Length: {len(sent)}", body=sent, trust=trust)
    assert reply.body == sent


def test_head_has_the_headers_and_no_body(tls: Process, trust: ssl.SSLContext) -> None:
    for line, status in (("HEAD / HTTP/1.1", 200), ("HEAD /unchanged HTTP/1.1", 304)):
        reply = said(tls, line, HOST, trust=trust)
        assert (reply.status, reply.body) == (status, b"")
        assert protected(reply)


def test_refused_head_has_no_body(tls: Process, trust: ssl.SSLContext) -> None:
    reply = said(tls, "HEAD / HTTP/1.1", "Host: evil.example", trust=trust)
    assert (reply.status, reply.body) == (400, b"")


def test_not_modified(tls: Process, trust: ssl.SSLContext) -> None:
    reply = said(tls, "GET /unchanged HTTP/1.1", HOST, 'If-None-Match: "1"', trust=trust)
    assert (reply.status, reply.body) == (304, b"")
    assert protected(reply)


def test_exception_is_500_with_the_headers(tls: Process, trust: ssl.SSLContext) -> None:
    reply = said(tls, "GET /crash HTTP/1.1", HOST, trust=trust)
    assert reply.status == 500
    assert protected(reply)
    assert b"a bug of the app" not in reply.body
    said(tls, "GET / HTTP/1.1", HOST, trust=trust)  # served after what came of the first was logged
    assert "a bug of the app" in tls.log()


def test_exception_after_the_start_is_the_server_s(tls: Process, trust: ssl.SSLContext) -> None:
    reply = said(tls, "GET /crash-later HTTP/1.1", HOST, trust=trust)
    assert reply.status == 200
    assert protected(reply)
    assert reply.body == b"first"
    assert not reply.whole, "an answer that was cut short must not look whole"


def test_proxy_headers_of_a_stranger(plain: Process) -> None:
    reply = said(plain, "GET / HTTP/1.1", "Host: localhost:1", *FORWARDED)
    assert reply.status == 308, "X-Forwarded-Proto was not believed"
    assert "proxies=['127.0.0.1']" in plain.log()


def test_proxy_headers_of_a_trusted_peer(proxied: Process) -> None:
    reply = said(proxied, "GET / HTTP/1.1", "Host: inner:8000", *FORWARDED)
    assert reply.status == 200
    assert protected(reply)
    assert b"203.0.113.7" in reply.body
    assert b"booking.example" in reply.body
    assert b"127.0.0.1" in reply.body, "the peer"
    assert b"127.0.0.9" not in reply.body
    assert b"forwarded" not in reply.body.lower()


def test_trusted_proxy_that_says_http_is_redirected(proxied: Process) -> None:
    reply = said(proxied, "GET /x HTTP/1.1", HOST, "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: http")
    assert reply.status == 308
    assert reply.values("location") == ["https://booking.example/x"]
