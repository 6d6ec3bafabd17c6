"""Many takes of one event loop in few calls: what comes while a call is under way goes together in the next one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import repeat
from typing import Final

from netguard.errors import StoreError
from netguard.messages import Taken
from netguard.stores.redis.connections import Unreachable
from netguard.stores.redis.wire import Group

_MOST: Final = 128  # groups in a call: about a millisecond of the server's time

Call = Callable[[Sequence[Group]], Awaitable[Sequence[Taken]]]
Waiting = tuple[Group, "asyncio.Future[Taken | StoreError]"]


class Lane:
    """One call at a time. A take that finds the lane idle goes at once, by itself; nobody waits for company."""

    __slots__ = ("_call", "_task", "_waiting", "busy")

    def __init__(self, call: Call) -> None:
        self.busy = False
        self._call = call
        self._waiting: deque[Waiting] = deque()
        self._task: asyncio.Task[None] | None = None  # or the loop would forget it

    async def ask(self, group: Group) -> Taken:
        """The verdict of a group. Raises StoreError."""
        if self.busy:
            return await self._answer(group)
        self.busy = True
        try:
            return (await self._call((group,)))[0]
        except Unreachable as error:
            self._give_up(error)
            raise
        finally:  # also where this one is cancelled: the others wait for their own
            self.busy = bool(self._waiting)
            if self.busy:
                self._task = asyncio.get_running_loop().create_task(self._drain())

    async def _answer(self, group: Group) -> Taken:
        future: asyncio.Future[Taken | StoreError] = asyncio.get_running_loop().create_future()
        self._waiting.append((group, future))
        answer = await future
        if isinstance(answer, StoreError):
            raise type(answer)(*answer.args) from answer.__cause__  # one of its own: each has its own traceback
        return answer

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._serve([self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))])
                await asyncio.sleep(0)  # who was answered may ask again, and shares the next call
        finally:
            self.busy = False
            self._give_up(StoreError("the event loop ends"))

    async def _serve(self, batch: Sequence[Waiting]) -> None:
        wanted = [one for one in batch if not one[1].done()]  # the others were cancelled
        answers: Sequence[Taken | StoreError] = ()
        try:
            answers = await self._call([group for group, _ in wanted]) if wanted else ()
        except StoreError as error:
            answers = [error] * len(wanted)
            if isinstance(error, Unreachable):
                self._give_up(error)
        finally:
            missing = repeat(StoreError("the call was broken off"), len(wanted) - len(answers))
            _tell([future for _, future in wanted], (*answers, *missing))

    def _give_up(self, error: StoreError) -> None:
        """Nobody waits longer than one time-out: those behind a call that got no answer share its error."""
        futures = [future for _, future in self._waiting]
        self._waiting.clear()
        _tell(futures, [error] * len(futures))


def _tell(futures: Sequence[asyncio.Future[Taken | StoreError]], answers: Sequence[Taken | StoreError]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if not future.done():
            future.set_result(answer)  # an error too: as an exception, nobody might fetch it
