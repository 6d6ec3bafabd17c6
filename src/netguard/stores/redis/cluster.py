"""Calls to a Cluster: one for each tag of a take; where one refuses, what the others took goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from os import getpid
from typing import Any, Final, TypeVar

from redis.exceptions import ConnectionError as Dropped
from redis.exceptions import NoScriptError

from netguard.counters import Clear, GiveBack, Op
from netguard.errors import StoreError
from netguard.messages import Taken
from netguard.stores.redis.address import Address
from netguard.stores.redis.connections import FOREIGN, failed, loop_cluster, thread_cluster
from netguard.stores.redis.deadline import Deadline
from netguard.stores.redis.lanes import Lane
from netguard.stores.redis.parts import chosen, split, tag_of, taken_alone, together
from netguard.stores.redis.wire import PEEK, SCRIPT, SHA, TAKE, Group, Name, arguments, group, settling, verdicts

T = TypeVar("T")

_AGAIN: Final = 2  # tries more of a take, for several connections may have been dropped together


class ClusterThreads:
    """A Cluster for threads: the parts of a take one after the other; none is taken after one that refused."""

    def __init__(self, address: Address, name: Name, clock: Callable[[], int] | None) -> None:
        self._address = address
        self._name = name
        self._clock = clock
        self._made: dict[int, Future[Any]] = {}  # the client, by process

    def take(self, mode: int, ops: Sequence[Op]) -> Taken:
        parts = split(ops)
        found: list[Taken] = []
        try:
            for part in parts:
                found.append(self._part(mode, chosen(ops, part)))
                if mode == TAKE and not found[-1].ok:
                    self._undo(taken_alone(ops, parts, found))
                    mode = PEEK
        except StoreError:
            if mode == TAKE:
                self._undo(taken_alone(ops, parts, found))
            raise
        return together(parts, found)

    def settle(self, ops: Sequence[Clear | GiveBack]) -> None:
        for part in split(ops):
            self._call(arguments([settling(chosen(ops, part), self._name)], self._clock))

    def close(self) -> None:
        made = self._made.pop(getpid(), None)
        if made is not None and made.done() and made.exception() is None:
            made.result().close()

    def _part(self, mode: int, ops: Sequence[Op]) -> Taken:
        asked = group(mode, ops, self._name)
        return verdicts([asked], self._call(arguments([asked], self._clock), _AGAIN))[0]

    def _undo(self, ops: Sequence[GiveBack]) -> None:
        try:
            self.settle(ops)
        except StoreError:  # what cannot be given back stays taken: stricter, never looser
            pass

    def _call(self, arguments: Sequence[bytes], again: int = 0) -> object:
        try:
            return self._asked(arguments)
        except Dropped as error:
            if not again:
                raise failed(self._address, error) from error
        except FOREIGN as error:
            raise failed(self._address, error) from error
        return self._call(arguments, again - 1)

    def _asked(self, arguments: Sequence[bytes]) -> object:
        client = self._client()
        try:
            return client.execute_command("EVALSHA", SHA, *arguments)
        except NoScriptError:
            return client.execute_command("EVAL", SCRIPT, *arguments)

    def _client(self) -> Any:
        """The client. Making it connects: one thread does, and those that come meanwhile share what comes of it."""
        mine: Future[Any] = Future()
        made = self._made.setdefault(getpid(), mine)
        if made is mine:
            try:
                made.set_result(thread_cluster(self._address))
            except BaseException as error:
                self._made.clear()  # the next call tries again
                made.set_exception(error)
        return made.result(self._address.connect_timeout + self._address.read_timeout)


class ClusterLoop:
    """A Cluster for one event loop: the parts of a take at the same time; takes of one tag share calls."""

    def __init__(self, address: Address, name: Name, clock: Callable[[], int] | None) -> None:
        self._name = name
        self._clock = clock
        self._client = _Client(address)
        self.close = self._client.close
        self._lanes: dict[bytes, Lane] = {}

    async def take(self, mode: int, ops: Sequence[Op]) -> Taken:
        parts = split(ops)
        if len(parts) == 1:
            return await self._part(mode, ops)
        found = await asyncio.gather(*[self._part(mode, chosen(ops, part)) for part in parts], return_exceptions=True)
        if mode == TAKE and not all(isinstance(one, Taken) and one.ok for one in found):
            await self._undo(taken_alone(ops, parts, found))
        return together(parts, _answers(found))

    async def settle(self, ops: Sequence[Clear | GiveBack]) -> None:
        asked = [settling(chosen(ops, part), self._name) for part in split(ops)]
        calls = [self._client.call(arguments([one], self._clock)) for one in asked]
        _answers(await asyncio.gather(*calls, return_exceptions=True))

    async def _part(self, mode: int, ops: Sequence[Op]) -> Taken:
        tag = tag_of(ops[0])
        lane = self._lanes.get(tag)
        if lane is None:
            lane = self._lanes[tag] = Lane(self._takes, lambda: self._lanes.pop(tag, None))
        return await lane.ask(group(mode, ops, self._name))

    async def _undo(self, ops: Sequence[GiveBack]) -> None:
        try:
            await self.settle(ops)
        except StoreError:  # as above
            pass

    async def _takes(self, groups: Sequence[Group]) -> Sequence[Taken]:
        return verdicts(groups, await self._client.call(arguments(groups, self._clock), _AGAIN))


class _Client:
    """redis-py's client of one event loop; it keeps connections to each node."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._client = loop_cluster(address)

    async def call(self, arguments: Sequence[bytes], again: int = 0) -> object:
        try:
            async with Deadline(self._address.connect_timeout + self._address.read_timeout):
                return await self._tried(arguments, again)
        except FOREIGN as error:
            raise failed(self._address, error) from error

    async def close(self) -> None:
        await self._client.aclose()

    async def _tried(self, arguments: Sequence[bytes], again: int) -> object:
        try:
            return await self._asked(arguments)
        except Dropped:
            if not again:
                raise
        return await self._tried(arguments, again - 1)

    async def _asked(self, arguments: Sequence[bytes]) -> object:
        try:
            return await self._client.execute_command("EVALSHA", SHA, *arguments)
        except NoScriptError:
            return await self._client.execute_command("EVAL", SCRIPT, *arguments)


def _answers(found: Sequence[T | BaseException]) -> list[T]:
    """All of them, or the first error."""
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if not isinstance(one, BaseException)]
