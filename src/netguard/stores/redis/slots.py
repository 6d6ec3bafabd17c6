"""Which node of a Cluster to ask: what it said last of its slots, and what an answer means for the next try."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from redis.crc import key_slot
from redis.exceptions import AskError, ConnectionError, MovedError, RedisClusterException, TimeoutError

Node = tuple[str, int]  # host and port

_SLOTS: Final = 16384
_HOPS: Final = 5  # from node to node, while slots move
_ASKED: Final = 3  # nodes, before a call gives up: each may cost its time-outs
AGAIN: Final = 1  # try more of a take whose connection was dropped


class Slots:
    """The nodes that have the slots; ``stale`` until one has told, and again where one did not answer."""

    __slots__ = ("_failed", "_first", "_owners", "stale")

    def __init__(self, first: Iterable[Node]) -> None:
        self._first = tuple(first)
        self._owners: list[Node | None] = [None] * _SLOTS
        self._failed: Node | None = None
        self.stale = True

    def nodes(self) -> list[Node]:
        """Whom to ask for the slots, in this order; last the one that did not answer."""
        known = dict.fromkeys([*[owner for owner in self._owners if owner is not None], *self._first])
        return sorted(known, key=lambda node: node == self._failed)[:_ASKED]

    def lost(self, node: Node) -> None:
        """This node did not answer: another one may have its slots."""
        self._failed = node
        self.stale = True

    def learn(self, told: Any, asked: Node) -> None:
        """Read the answer to CLUSTER SLOTS."""
        owners: list[Node | None] = [None] * _SLOTS
        for first, last, (host, port, *_), *_ in told:
            owners[first : last + 1] = [_node(host, port, asked)] * (last + 1 - first)
        self._owners = owners
        self.stale = False

    def owner(self, slot: int) -> Node:
        """The node that has it."""
        owner = self._owners[slot]
        if owner is None:
            self.stale = True
            raise RedisClusterException(f"no node has slot {slot}")
        return owner

    def owners(self) -> set[Node]:
        """All nodes that have slots, where none is missing."""
        return {self.owner(slot) for slot in range(_SLOTS)}

    def moved(self, slot: int, owner: Node) -> None:
        """One slot has another node now."""
        self._owners[slot] = owner


class Route:
    """The way of one call: ``asking`` is whether the node has to be told that it was sent there."""

    __slots__ = ("_again", "_hops", "_slot", "_slots", "_to", "asking")

    def __init__(self, slots: Slots, keys: bytes, again: int) -> None:
        self._slots = slots
        self._slot = key_slot(keys)  # by what stands in the first braces
        self._again = again
        self._hops = _HOPS
        self._to: Node | None = None
        self.asking = False

    def node(self) -> Node:
        """Where to ask now."""
        if not self.asking:
            self._to = self._slots.owner(self._slot)
        return self._to or self._slots.owner(self._slot)

    def after(self, error: Exception, asked: Node) -> None:
        """Raise the error, unless asking once more makes sense."""
        self._hops -= 1
        self.asking = type(error) is AskError
        if isinstance(error, AskError) and self._hops:
            self._to = _node(error.host, error.port, asked)
            if isinstance(error, MovedError):
                self._slots.moved(self._slot, self._to)
            return
        if isinstance(error, ConnectionError | TimeoutError):
            self._slots.lost(asked)
        if not isinstance(error, ConnectionError) or not self._again:
            raise error
        self._again -= 1


def _node(host: bytes | str | None, port: int, asked: Node) -> Node:
    """A node as another names it; one that knows no name for itself means the one that was used."""
    name = host.decode() if isinstance(host, bytes) else host
    return name or asked[0], int(port)
