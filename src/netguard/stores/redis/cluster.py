"""Calls of threads to a Cluster: one for each tag of a take; where one refuses, what the others took goes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from redis.exceptions import RedisError

from netguard.counters import GiveBack, Op, Settlement
from netguard.errors import StoreError
from netguard.messages import Taken
from netguard.stores.redis.address import Address
from netguard.stores.redis.connections import FOREIGN, failed, thread_pool
from netguard.stores.redis.names import Listing
from netguard.stores.redis.parts import chosen, split, taken_alone, together
from netguard.stores.redis.slots import AGAIN, Node, Route, Slots
from netguard.stores.redis.threads import pooled, run, scanned, slots_of
from netguard.stores.redis.wire import PEEK, TAKE, Arguments, Name, arguments, group, settling, verdicts

T = TypeVar("T")


class ClusterThreads:
    """The parts of a take one after the other; none is taken after one that refused."""

    def __init__(self, address: Address, name: Name, clock: Callable[[], int] | None) -> None:
        self._address = address
        self._name = name
        self._clock = clock
        self._slots = Slots(address.hosts)
        self._pools: dict[Node, Any] = {}

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

    def settle(self, ops: Sequence[Settlement]) -> None:
        for part in split(ops):
            for few in settling(chosen(ops, part), self._name):
                self._call(arguments([few], self._clock))

    def held(self, listing: Listing) -> set[bytes]:
        try:
            self._learn()  # once more: who had slots may be a replica by now
            return set().union(*[self._on(node, lambda one: scanned(one, listing)) for node in self._slots.owners()])
        except FOREIGN as error:
            raise failed(self._address, error) from error

    def close(self) -> None:
        for pool in list(self._pools.values()):
            pool.disconnect()

    def _part(self, mode: int, ops: Sequence[Op]) -> Taken:
        asked = group(mode, ops, self._name)
        return verdicts([asked], self._call(arguments([asked], self._clock), AGAIN))[0]

    def _undo(self, ops: Sequence[GiveBack]) -> None:
        try:
            self.settle(ops)
        except StoreError:  # what cannot be given back stays taken: stricter, never looser
            pass

    def _call(self, arguments: Arguments, again: int = 0) -> object:
        route = Route(self._slots, arguments.keys, again)
        try:
            while True:
                if self._slots.stale:
                    self._learn()
                node = route.node()
                try:
                    return self._on(node, lambda connection: run(connection, arguments, asking=route.asking))
                except RedisError as error:
                    route.after(error, node)
        except FOREIGN as error:
            raise failed(self._address, error) from error

    def _learn(self) -> None:
        *others, last = self._slots.nodes()
        for node in others:
            try:
                return self._slots.learn(self._on(node, slots_of), node)
            except RedisError:  # the next one may answer
                self._slots.lost(node)
        return self._slots.learn(self._on(last, slots_of), last)

    def _on(self, node: Node, ask: Callable[[Any], T]) -> T:
        pool = self._pools.get(node)
        if pool is None:
            pool = self._pools.setdefault(node, thread_pool(self._address.at(node)))
        return pooled(pool, ask)
