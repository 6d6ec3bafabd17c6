"""Many takes of one event loop in few calls: what comes while a call is under way goes together in the next one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from netguard.errors import StoreError
from netguard.messages import Taken
from netguard.stores.redis.connections import Unreachable
from netguard.stores.redis.wire import Group

_MOST: Final = 256  # keys in a call of several groups: about half a millisecond of the server's time

Call = Callable[[Sequence[Group]], Awaitable[Sequence[Taken]]]
Waiting = tuple[Group, "asyncio.Future[Taken]"]


class Lane:
    """One call at a time. A take that finds the lane idle goes at once, by itself; nobody waits for company.

    ``idle`` is called when nobody is left.
    """

    __slots__ = ("_busy", "_call", "_idle", "_task", "_waiting")

    def __init__(self, call: Call, idle: Callable[[], object] = lambda: None) -> None:
        self._busy = False
        self._call = call
        self._idle = idle
        self._waiting: deque[Waiting] = deque()
        self._task: asyncio.Task[None] | None = None  # or the loop would forget it

    def ask(self, group: Group) -> Awaitable[Taken]:
        """The verdict of a group, to be awaited at once. Raises StoreError."""
        if not self._busy:
            return self._alone(group)
        future: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._waiting.append((group, future))
        return future

    async def _alone(self, group: Group) -> Taken:
        self._busy = True
        try:
            return (await self._call((group,)))[0]
        except Unreachable as error:
            self._give_up(error)
            raise
        finally:  # also where this one is cancelled: the others wait for their own
            if self._waiting:
                self._task = asyncio.get_running_loop().create_task(self._drain())
            else:
                self._end()

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._serve(self._next())
                await asyncio.sleep(0)  # who was answered may ask again, and shares the next call
        finally:
            self._end()
            self._give_up(StoreError("the event loop ends"))

    def _next(self) -> Sequence[Waiting]:
        """As many as a call may have keys, and one at least."""
        batch: list[Waiting] = []
        keys = 0
        while self._waiting and (not batch or keys + self._waiting[0][0][0] <= _MOST):
            batch.append(self._waiting.popleft())
            keys += batch[-1][0][0]
        return batch

    def _end(self) -> None:
        self._busy = False
        self._idle()

    async def _serve(self, batch: Sequence[Waiting]) -> None:
        wanted = [one for one in batch if not one[1].done()]  # the others were cancelled
        if not wanted:
            return
        try:
            answers = await self._call([group for group, _ in wanted])
            for (_, future), taken in zip(wanted, answers, strict=True):
                if not future.done():
                    future.set_result(taken)
        except StoreError as error:
            _fail(wanted, error)
            if isinstance(error, Unreachable):
                self._give_up(error)
        except BaseException:
            _fail(wanted, StoreError("the call was broken off"))
            raise

    def _give_up(self, error: StoreError) -> None:
        """Nobody waits longer than one time-out: those behind a call that got no answer share its error."""
        waiting = list(self._waiting)
        self._waiting.clear()
        _fail(waiting, error)


def _fail(waiting: Sequence[Waiting], error: StoreError) -> None:
    for _, future in waiting:
        if not future.done():
            own = type(error)(*error.args)  # each has a traceback of its own
            own.__cause__ = error.__cause__
            future.set_exception(own)
            future.exception()  # seen: no log of an error that nobody fetched, where its task was cancelled
