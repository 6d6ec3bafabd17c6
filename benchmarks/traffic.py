"""The apps and the requests that every subject measures, and how to drive them without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from itertools import cycle, islice
from typing import Any

from benchmarks.measure import Run
from netguard import Policy

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Environ = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
StartResponse = Callable[..., Callable[[bytes], object]]
ASGIApp = Callable[..., Awaitable[None]]  # whatever a package takes for one
WSGIApp = Callable[..., Iterable[bytes]]
RawHeaders = list[tuple[bytes, bytes]]

POLICY = Policy(hosts=["booking.example"], proxies=["10.0.0.0/8"])

# What a browser's request carries behind a proxy: seven fields.
PROXIED = {
    "host": "booking.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-encoding": "gzip, deflate, br, zstd",
    "cookie": "session=eyJ1c2VyIjo3fQ.aMkD1w.5cVqUqI0Qm3yF1kq8m0Vq6Vb2aE",
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
}
DIRECT = {name: value for name, value in PROXIED.items() if not name.startswith("x-forwarded")}

# The headers of the preset `web`, as somebody would write them by hand.
TWELVE = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'; upgrade-insecure-requests",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
    "origin-agent-cluster": "?1",
    "x-dns-prefetch-control": "off",
    "x-permitted-cross-domain-policies": "none",
    "x-xss-protection": "0",
}


def raw(fields: dict[str, str]) -> RawHeaders:
    """Fields as ASGI carries them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]


def scope(headers: RawHeaders, **changes: Any) -> Scope:
    """An ASGI scope as uvicorn makes it, from a proxy at 10.0.0.9 over http."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("10.0.0.5", 8000),
        "client": ("10.0.0.9", 4711),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": "/courts",
        "raw_path": b"/courts",
        "query_string": b"",
        "headers": headers,
        **changes,
    }


def environ(fields: dict[str, str], **changes: Any) -> Environ:
    """A WSGI environ as gunicorn makes it, from a proxy at 10.0.0.9 over http."""
    sent = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in fields.items()}
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/courts",
        "QUERY_STRING": "",
        "RAW_URI": "/courts",
        "SERVER_NAME": "10.0.0.5",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "gunicorn",
        "REMOTE_ADDR": "10.0.0.9",
        "REMOTE_PORT": "4711",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **sent,
        **changes,
    }


def repeated(*templates: MutableMapping[str, Any]) -> Iterator[dict[str, Any]]:
    """These scopes or environs for ever, each time as a new dict, as a server would make them."""
    return (dict(template) for template in cycle(templates))


class Loop:
    """One event loop for all ASGI variants of a subject."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def __enter__(self) -> Loop:
        self._runner.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.close()

    def run(self, app: ASGIApp, scopes: Iterator[Scope]) -> Run:
        """What gives requests to an ASGI app one after the other."""

        async def requests(number: int) -> None:
            for one in islice(scopes, number):
                await app(one, nothing, discard)

        return lambda number: self._runner.run(requests(number))

    def answer(self, app: ASGIApp, one: Scope) -> tuple[int, RawHeaders]:
        """Status and headers of one request, to check that what is measured is what is meant."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        async def request() -> None:
            await app(one, nothing, keep)

        self._runner.run(request())
        return messages[0]["status"], list(messages[0]["headers"])


async def nothing() -> Message:
    """What a request without a body brings."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def discard(message: Message) -> None:
    """A send that goes nowhere."""


def run_wsgi(app: WSGIApp, environs: Iterator[Environ]) -> Run:
    """What gives requests to a WSGI app one after the other."""

    def requests(number: int) -> None:
        for one in islice(environs, number):
            app(one, started)

    return requests


def answer_wsgi(app: WSGIApp, one: Environ) -> tuple[int, list[tuple[str, str]]]:
    """Status and headers of one request to a WSGI app."""
    heads: list[tuple[int, list[tuple[str, str]]]] = []

    def keep(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        heads.append((int(status[:3]), list(headers)))
        return heads.append  # type: ignore[return-value]

    app(one, keep)
    return heads[0]


def started(status: str, headers: object, exc_info: object = None) -> Callable[[bytes], object]:
    """A start_response that goes nowhere."""
    return bytes


def expect(answer: tuple[int, list[Any]], status: int, headers: int) -> None:
    """Stop where an app does not answer as the subject supposes: its figures would mean something else."""
    got = (answer[0], len(answer[1]))
    if got != (status, headers):
        raise SystemExit(f"expected status {status} with {headers} headers, got {got[0]} with {got[1]}")
