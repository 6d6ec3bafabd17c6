"""A time-out that does not blame the server for a busy event loop."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final

_TURNS: Final = 4  # of the loop, which bring an answer from the socket to the task that awaits it


class Deadline:
    """``asyncio.timeout`` of so many seconds, and some turns of the loop: what had arrived by then is read first."""

    __slots__ = ("_loop", "_seconds", "_timeout", "_timer", "_turns")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turns = _TURNS
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._timeout.__aenter__()
        self._timer: asyncio.Handle = self._loop.call_later(self._seconds, self._late)

    def _late(self) -> None:
        self._turns -= 1
        if self._turns:
            self._timer = self._loop.call_soon(self._late)
        else:
            self._timeout.reschedule(self._loop.time())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        await self._timeout.__aexit__(kind, error, traceback)
