"""A part of a memory store's keys, with a lock and a bound of its own."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import Final

from netguard.counters import State, ends

SHARD: Final = 512  # keys at most: a sweep of one takes some 50 µs
_FEWEST: Final = 64  # keys before the first sweep
_SPARE: Final = 16  # a full shard waits until a sixteenth of it has ended: no sweep for each new key


class Shard:
    """States by key; what has ended makes room when room is asked for. Whoever looks at them holds the lock."""

    __slots__ = ("lock", "retry_at", "room", "states", "sweep_at")

    def __init__(self, room: int) -> None:
        self.lock = Lock()
        self.states: dict[Hashable, State] = {}
        self.room = room
        self.sweep_at = min(_FEWEST, room)
        self.retry_at = 0  # no sweep before

    def make_room(self, now: int, count: int) -> None:
        """Forget what has ended, where so many new keys ask for its room; ``states`` is another one then."""
        if len(self.states) + count > self.sweep_at and now >= self.retry_at:
            self._sweep(now)

    def _sweep(self, now: int) -> None:
        # `ends`, unrolled: a request waits for this.
        live = {k: state for k, state in self.states.items() if (state if type(state) is int else state[0]) > now}
        free, spare = self.room - len(live), self.room // _SPARE
        self.states = live
        self.sweep_at = min(self.room, max(_FEWEST, 2 * len(live)))
        self.retry_at = sorted(map(ends, live.values()))[spare - free] if free <= spare < free + len(live) else 0
