"""What rate limits count: GCRA, a log of stamps, and different values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from netguard.counters import NOTHING, Judged, OnOutage
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
        kept = None if state is None else min(state, now + self.most)  # full: the clock went back
        base = now if kept is None or kept < now else kept
        new = base + self.adds
        room = self.most - new + now
        if room < 0:
            return True, (max(0, (room + self.adds) // self.step), -room, base - now, now), kept
        return False, self.count(new, now), new

    def count(self, new: int, now: int) -> Count:
        """What is told of a step that passed and wrote this state."""
        ahead = new - now
        return (self.most - ahead) // self.step, 0, ahead, now

    def returned(self, state: int | None, generation: int, now: int) -> int | None:
        """What time has left of the step: the rest has leaked, and others may have come in its place."""
        left = min(self.adds, generation + self.adds - now)
        return None if state is None else state - max(0, left)

    def share(self, part: float) -> Gcra:
        burst = max(self.cost, int(self.burst * part))
        return replace(self, burst=burst, step=int(self.step / part))


@dataclass(slots=True, kw_only=True)
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
        stamps = _live(state, now, self.period)
        over = len(stamps) + self.cost - self.limit
        if over > 0:
            wait, ends = stamps[over - 1] + self.period - now, stamps[-1] + self.period
            kept = (ends, *stamps) if state and state[-1] > now else state
            return True, (self.limit - len(stamps), wait, ends - now, now), kept
        stamps += (now,) * self.cost
        return False, (-over, 0, self.period, now), (now + self.period, *stamps)

    def returned(self, state: tuple[int, ...] | None, generation: int, now: int) -> tuple[int, ...] | None:
        if state is None:
            return None
        stamps = list(state[1:])
        for _ in range(self.cost):
            if generation in stamps:
                stamps.remove(generation)
        return (stamps[-1] + self.period, *stamps) if stamps else None

    def share(self, part: float) -> Log:
        return replace(self, limit=max(self.cost, int(self.limit * part)))


@dataclass(slots=True, kw_only=True)
class Distinct:
    """How many different members a key has seen within ``period``: a new one past ``limit`` is refused.

    The generation of a member that was there before is -1: there is nothing to give back. Unless it may be ``shared``,
    a store without room refuses it.
    """

    key: bytes
    tag: bytes = b""
    member: bytes
    limit: int
    period: int
    shared: bool = True
    report: bool = False
    on_outage: OnOutage = "local"

    def judge(self, state: tuple[Any, ...] | None, now: int) -> Judged:
        member, period = self.member, self.period
        if state is None:
            return False, (self.limit - 1, 0, period, now), (now + period, (member, now, False))
        since, again = now - period, False
        others: list[tuple[bytes, int, bool]] = []
        for one, at, twice in state[1:]:
            if at > since and one != member:
                others.append((one, at if at < now else now, twice))
            elif at > since:
                again = True
        if not again and len(others) >= self.limit:
            stamps = [stamp for _, stamp, _ in others]
            wait, ends = min(stamps) + period - now, max(stamps) + period
            late = any(at > now for _, at, _ in state[1:])  # the clock went back
            return True, (0, wait, ends - now, now), (ends, *others) if late else state
        told = self.limit - len(others) - 1, 0, period, NOTHING if again else now
        return False, told, (now + period, *others, (member, now, again))

    def returned(self, state: tuple[Any, ...] | None, generation: int, now: int) -> tuple[Any, ...] | None:
        """Who brought a member cannot take it from those who came with it again."""
        if state is None:
            return None
        kept = [one for one in state[1:] if one != (self.member, generation, False)]
        return (state[0], *kept) if kept else None

    def share(self, part: float) -> Distinct:
        return replace(self, limit=max(1, int(self.limit * part)))


def _live(state: tuple[int, ...] | None, now: int, period: int) -> tuple[int, ...]:
    since = now - period
    stamps = tuple(stamp for stamp in (state or ())[1:] if stamp > since)
    if stamps and stamps[-1] > now:  # the clock went back
        return tuple(min(stamp, now) for stamp in stamps)
    return stamps
