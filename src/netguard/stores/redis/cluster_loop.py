"""Calls of one event loop to a Cluster: one for each tag of a take, at the same time; takes of one tag share calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.exceptions import RedisError

from netguard.counters import GiveBack, Op, Settlement
from netguard.errors import StoreError
from netguard.messages import Taken
from netguard.stores.redis.address import Address
from netguard.stores.redis.connections import FOREIGN, close_pool, failed, loop_pool
from netguard.stores.redis.deadline import Deadline
from netguard.stores.redis.lanes import Lane
from netguard.stores.redis.loop import pooled, run, slots_of
from netguard.stores.redis.parts import chosen, split, taken_alone, together
from netguard.stores.redis.slots import AGAIN, Node, Route, Slots
from netguard.stores.redis.wire import TAKE, Arguments, Group, Name, arguments, group, settling, verdicts

T = TypeVar("T")


class ClusterLoop:
    """Where one part of a take refuses, what the others took goes back."""

    def __init__(self, address: Address, name: Name, clock: Callable[[], int] | None) -> None:
        self._name = name
        self._clock = clock
        self._nodes = _Nodes(address)
        self.close = self._nodes.close
        self._lanes: dict[bytes, Lane] = {}

    async def take(self, mode: int, ops: Sequence[Op]) -> Taken:
        parts = split(ops)
        if len(parts) == 1:
            return await self._part(mode, ops)
        found = await asyncio.gather(*[self._part(mode, chosen(ops, part)) for part in parts], return_exceptions=True)
        if mode == TAKE and not all(isinstance(one, Taken) and one.ok for one in found):
            await self._undo(taken_alone(ops, parts, found))
        return together(parts, _answers(found))

    async def settle(self, ops: Sequence[Settlement]) -> None:
        asked = [few for part in split(ops) for few in settling(chosen(ops, part), self._name)]
        calls = [self._nodes.call(arguments([one], self._clock)) for one in asked]
        _answers(await asyncio.gather(*calls, return_exceptions=True))

    async def _part(self, mode: int, ops: Sequence[Op]) -> Taken:
        tag = ops[0].tag
        lane = self._lanes.get(tag)
        if lane is None:
            lane = self._lanes[tag] = Lane(self._takes, lambda: self._lanes.pop(tag, None))
        return await lane.ask(group(mode, ops, self._name))

    async def _undo(self, ops: Sequence[GiveBack]) -> None:
        try:
            await self.settle(ops)
        except StoreError:  # what cannot be given back stays taken: stricter, never looser
            pass

    async def _takes(self, groups: Sequence[Group]) -> Sequence[Taken]:
        return verdicts(groups, await self._nodes.call(arguments(groups, self._clock), AGAIN))


class _Nodes:
    """Connections to each node, and who has which slot."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._slots = Slots(address.hosts)
        self._pools: dict[Node, Any] = {}
        self._learning = asyncio.Lock()

    async def call(self, arguments: Arguments, again: int = 0) -> object:
        """What the script answers, wherever its keys are."""
        route = Route(self._slots, arguments.keys, again)
        try:
            async with Deadline(self._address.connect_timeout + self._address.read_timeout):
                while True:
                    await self._learn()
                    node = route.node()
                    try:
                        return await self._on(node, lambda one: run(one, arguments, asking=route.asking))
                    except RedisError as error:
                        route.after(error, node)
        except FOREIGN as error:
            raise failed(self._address, error) from error

    async def close(self) -> None:
        for pool in self._pools.values():
            await close_pool(pool)

    async def _learn(self) -> None:
        if not self._slots.stale:
            return
        async with self._learning:
            if self._slots.stale:
                await self._learned()

    async def _learned(self) -> None:
        *others, last = self._slots.nodes()
        for node in others:
            try:
                return self._slots.learn(await self._on(node, slots_of), node)
            except RedisError:  # the next one may answer
                self._slots.lost(node)
        return self._slots.learn(await self._on(last, slots_of), last)

    async def _on(self, node: Node, ask: Callable[[Any], Awaitable[object]]) -> object:
        pool = self._pools.get(node)
        if pool is None:
            pool = self._pools[node] = loop_pool(self._address.at(node))
        try:
            return await pooled(pool, ask)
        except asyncio.CancelledError:  # by the deadline, as a rule
            self._slots.lost(node)
            raise


def _answers(found: Sequence[T | BaseException]) -> list[T]:
    """All of them, or the first error."""
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if not isinstance(one, BaseException)]
