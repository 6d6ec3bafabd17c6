"""Clients that ask at the same time: connections that stay open, as many of them to each process of a server."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from support.load import WITHIN
from support.servers import HOST, Process

MANY: Final = 200
_AT_A_TIME: Final = 40  # connections that are tried: which process takes one is up to the system
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_PROCESS: Final = re.compile(rb"\r\nx-process: (\d+)\r\n", re.IGNORECASE)


class _Connection(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def ask(self, request: bytes) -> None:
        self.writer.write(request)

    async def head(self) -> bytes:
        """The head of the answer; its body is read, and dropped."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        await self.reader.readexactly(int(_found(_LENGTH, head)))
        return head


class Crowd:
    """``MANY`` clients of a server."""

    def __init__(self, runner: asyncio.Runner, server: Process, processes: int) -> None:
        self._runner = runner
        self._clients: list[_Connection] = runner.run(_shared_out(server.port, processes))

    def statuses(self, path: str, key: str) -> Counter[int]:
        """What they get where each request is on its way before the first answer is read."""
        return Counter(status(head) for head in self.heads([_get(path, key)] * MANY))

    def heads(self, requests: Sequence[bytes]) -> list[bytes]:
        """The heads of the answers, in the same way: each request by a client of its own."""
        return self._runner.run(self._asked(requests))

    async def _asked(self, requests: Sequence[bytes]) -> list[bytes]:
        clients = self._clients[: len(requests)]
        for client, request in zip(clients, requests, strict=True):
            client.ask(request)
        return await asyncio.gather(*(client.head() for client in clients))

    def leave(self) -> None:
        self._runner.run(_closed(self._clients))


@contextmanager
def crowd(server: Process, processes: int) -> Iterator[Crowd]:
    """Clients for the time of a block."""
    with asyncio.Runner() as runner:
        clients = Crowd(runner, server, processes)
        yield clients
        clients.leave()


async def _shared_out(port: int, processes: int) -> list[_Connection]:
    """Connections, until each process has its share."""
    share = MANY // processes
    clients: dict[bytes, list[_Connection]] = {}
    async with asyncio.timeout(WITHIN):
        while len(clients) < processes or min(map(len, clients.values())) < share:
            tried = await asyncio.gather(*(_connected(port) for _ in range(_AT_A_TIME)))
            for process, client in tried:
                clients.setdefault(process, []).append(client)
            for taken in clients.values():
                await _closed(taken[share:])
                del taken[share:]
    return [client for taken in clients.values() for client in taken]


async def _connected(port: int) -> tuple[bytes, _Connection]:
    client = _Connection(*await asyncio.open_connection(HOST, port))
    client.ask(_get("/"))
    return _found(_PROCESS, await client.head()), client


def status(head: bytes) -> int:
    return int(head.split(b" ", 2)[1])


def _get(path: str, key: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost:1\r\nX-Key: {key}\r\n\r\n".encode()


async def _closed(clients: list[_Connection]) -> None:
    for client in clients:
        client.writer.close()
    await asyncio.gather(*(client.writer.wait_closed() for client in clients), return_exceptions=True)


def _found(pattern: re.Pattern[bytes], head: bytes) -> bytes:
    match = pattern.search(head)
    assert match, head
    return match[1]
