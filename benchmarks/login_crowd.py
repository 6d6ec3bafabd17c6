"""Clients with addresses of their own that send their requests at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

_HOST: Final = "127.0.0.1"
_WITHIN: Final = 120  # seconds


class Answer(NamedTuple):
    """What a login got: its status, whether it leads to the page behind, and the cookies that a logout leaves."""

    status: int
    logged_in: bool
    cookies: str


class Crowd:
    """Whoever asks a server on this port."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def all_at_once(self, requests: Sequence[bytes], clients: Sequence[str]) -> list[Answer]:
        """The answers; each request goes out once all are connected, before any answer is read."""
        async with asyncio.timeout(_WITHIN):
            connected = await asyncio.gather(*(self._connected(client) for client in clients))
            for (_, writer), request in zip(connected, requests, strict=True):
                writer.write(request)
            return await asyncio.gather(*(_answer(*both) for both in connected))

    async def _connected(self, client: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(_HOST, self._port, local_addr=(client, 0))


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
    head = (await reader.read()).partition(b"\r\n\r\n")[0].decode("latin-1")
    writer.close()
    status, *lines = head.split("\r\n")
    fields = [line.partition(": ")[::2] for line in lines]
    cookies = [value.partition(";")[0] for name, value in fields if name.lower() == "set-cookie"]
    kept = [cookie for cookie in cookies if not cookie.startswith("sessionid=")]
    leads = any(name.lower() == "location" and value == "/home" for name, value in fields)
    return Answer(int(status.split(" ")[1]), leads, "; ".join(kept))
