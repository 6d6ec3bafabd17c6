"""HTTP/1 by hand, for what no client sends: duplicate and missing headers, half a request, chunk by chunk."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from support.servers import HOST, Process

PATIENCE = 30  # seconds: a machine that stalls, not a measure of speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]  # names in lower case
    body: bytes
    whole: bool = True  # whether it ended as it said that it would

    def values(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name.lower()]


@contextmanager
def connected(server: Process, trust: ssl.SSLContext | None = None, source: str = HOST) -> Iterator[BinaryIO]:
    """A connection to write requests to and read replies from."""
    with socket.create_connection((HOST, server.port), timeout=PATIENCE, source_address=(source, 0)) as plain:
        if trust is None:
            with plain.makefile("rwb") as file:
                yield file  # type: ignore[misc]  # a BufferedRWPair is a BinaryIO in all but name
            return
        with trust.wrap_socket(plain, server_hostname="localhost") as secure, secure.makefile("rwb") as file:
            yield file  # type: ignore[misc]


def said(
    server: Process, *lines: str, body: bytes = b"", trust: ssl.SSLContext | None = None, source: str = HOST
) -> Reply:
    """The reply to a request of these lines, on a connection of its own from an address of loopback."""
    with connected(server, trust, source) as file:
        request = "".join(f"{line}\r\n" for line in [*lines, "Connection: close", ""])
        file.write(request.encode("latin-1") + body)
        file.flush()
        status, headers = head(file)
        body, whole = _body(file, dict(headers))
        return Reply(status=status, headers=headers, body=body, whole=whole)


def shaken(
    server: Process, path: str, origin: str | None, trust: ssl.SSLContext | None = None
) -> tuple[int, list[tuple[str, str]]] | None:
    """The status and headers that answer a WebSocket handshake; None where the connection ends without an answer.

    By hand, since a client's reader thread may wait for ever on a TLS connection that it has closed itself.
    """
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: localhost:{server.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *([f"Origin: {origin}"] if origin else []),
        "",
        "",
    ]
    with connected(server, trust) as file:
        file.write("\r\n".join(lines).encode("ascii"))
        file.flush()
        try:
            return head(file)
        except (IndexError, OSError):
            return None


def _body(file: BinaryIO, headers: dict[str, str]) -> tuple[bytes, bool]:
    if headers.get("transfer-encoding") != "chunked":
        body = file.read()
        return body, "content-length" not in headers or len(body) == int(headers["content-length"])
    body = b""
    while piece := chunk(file):
        body += piece
    return body, piece == b""


def chunk(file: BinaryIO) -> bytes | None:
    """The next chunk; empty at the end, None where the connection ended before."""
    line = file.readline()
    if not line.endswith(b"\n"):
        return None
    piece = file.read(int(line, 16))
    file.readline()
    return piece


def head(file: BinaryIO) -> tuple[int, list[tuple[str, str]]]:
    """The status and the headers of the next reply."""
    status = int(file.readline().split()[1])
    headers = []
    while line := file.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return status, headers


def protected(reply: Reply, *, https: bool = True) -> bool:
    """Whether a reply carries the security headers, each once, HSTS over https alone, and a 304 no CSP with a nonce."""
    names = [name for name, _ in reply.headers]
    return (
        reply.values("x-content-type-options") == ["nosniff"]
        and reply.values("x-frame-options") == ["DENY"]
        and names.count("content-security-policy") == (reply.status != 304)
        and names.count("strict-transport-security") == https
    )
