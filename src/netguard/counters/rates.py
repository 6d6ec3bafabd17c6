"""What rate limits count: GCRA, a log of stamps, and different values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from netguard.counters import Judged, OnOutage
from netguard.messages import Count


@dataclass(slots=True, kw_only=True)  # not frozen: one is made for each new client, and freezing doubles that
class Gcra:
    """The generic cell rate algorithm: one number, the theoretical arrival time; ``burst`` at once, one a ``step``.

    A stretch of t microseconds admits at most burst + t / step (ITU-T I.371, annex A, as a virtual schedule).
    """

    key: bytes
    tag: bytes = b""
    step: int
    burst: int
    cost: int = 1
    report: bool = False
    on_outage: OnOutage = "local"
    adds: int = field(init=False, repr=False, compare=False)  # of time, by this step
    most: int = field(init=False, repr=False, compare=False)  # of time, ahead of now

    def __post_init__(self) -> None:
        self.adds = self.cost * self.step
        self.most = self.burst * self.step

    def judge(self, state: int | None, now: int) -> Judged:
        base = now if state is None or state < now else state
        new = base + self.adds
        room = self.most - new + now
        if room < 0:
            return True, (max(0, (room + self.adds) // self.step), -room, base - now, now), state
        return False, self.count(new, now), new

    def count(self, new: int, now: int) -> Count:
        """What is told of a step that passed and wrote this state."""
        ahead = new - now
        return (self.most - ahead) // self.step, 0, ahead, now

    def returned(self, state: int | None, generation: int) -> int | None:
        return None if state is None else state - self.adds

    def share(self, part: float) -> Gcra:
        burst = max(self.cost, int(self.burst * part))
        return replace(self, burst=burst, step=int(self.step / part))


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log of stamps: never more than ``limit`` in any ``period``, at the price of a stamp for each."""

    key: bytes
    tag: bytes = b""
    limit: int
    period: int
    cost: int = 1
    report: bool = False
    on_outage: OnOutage = "local"

    def judge(self, state: tuple[int, ...] | None, now: int) -> Judged:
        stamps = _live(state, now - self.period)
        over = len(stamps) + self.cost - self.limit
        if over > 0:
            wait = stamps[over - 1] + self.period - now
            return True, (self.limit - len(stamps), wait, stamps[-1] + self.period - now, now), state
        stamps += (now,) * self.cost
        return False, (-over, 0, self.period, now), (now + self.period, *stamps)

    def returned(self, state: tuple[int, ...] | None, generation: int) -> tuple[int, ...] | None:
        if state is None:
            return None
        stamps = list(state[1:])
        for _ in range(self.cost):
            if generation in stamps:
                stamps.remove(generation)
        return (stamps[-1] + self.period, *stamps) if stamps else None

    def share(self, part: float) -> Log:
        return replace(self, limit=max(self.cost, int(self.limit * part)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """How many different members a key has seen within ``period``: a new one past ``limit`` is refused.

    The generation of a member that was there before is -1: there is nothing to give back.
    """

    key: bytes
    tag: bytes = b""
    member: bytes
    limit: int
    period: int
    report: bool = False
    on_outage: OnOutage = "local"

    def judge(self, state: tuple[Any, ...] | None, now: int) -> Judged:
        seen = {one[0]: one for one in (state or (0,))[1:] if one[1] > now - self.period}
        again = self.member in seen
        if not again and len(seen) >= self.limit:
            stamps = [stamp for _, stamp, _ in seen.values()]
            return True, (0, min(stamps) + self.period - now, max(stamps) + self.period - now, now), state
        seen[self.member] = self.member, now, again
        generation = -1 if again else now
        return False, (self.limit - len(seen), 0, self.period, generation), (now + self.period, *seen.values())

    def returned(self, state: tuple[Any, ...] | None, generation: int) -> tuple[Any, ...] | None:
        """Who brought a member cannot take it from those who came with it again."""
        if state is None:
            return None
        kept = [one for one in state[1:] if one != (self.member, generation, False)]
        return (state[0], *kept) if kept else None

    def share(self, part: float) -> Distinct:
        return replace(self, limit=max(1, int(self.limit * part)))


def _live(state: tuple[int, ...] | None, since: int) -> tuple[int, ...]:
    return tuple(stamp for stamp in (state or ())[1:] if stamp > since)
