"""What lockouts count: tries within windows, tries without a success between them, and what was revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeGuard

from netguard.counters import NOTHING, Judged, OnOutage

Window = tuple[int, int, int]  # its start, what is taken in it, and the end of its lock

_NONE: Final[Window] = (0, 0, 0)


@dataclass(slots=True, kw_only=True)  # not frozen, as what follows: see `Gcra`
class Windows:
    """Tries within several windows, (limit, period) each, from the first try on; the last one locks for its period.

    A stretch shorter than a period admits at most 2 * limit - 2. The try that locks is taken: it needs no second call.
    """

    key: bytes
    tag: bytes = b""
    windows: tuple[tuple[int, int], ...]
    report: bool = False
    on_outage: OnOutage = "local"

    def judge(self, state: tuple[Any, ...] | None, now: int) -> Judged:
        before = state[1:] if self._fits(state) else (_NONE,) * len(self.windows)
        after: list[Window] = []
        lefts: list[int] = []
        locked = ends = now
        for (start, taken, until), (limit, period) in zip(before, self.windows, strict=True):
            if start > now or until > now + period:  # the clock went back
                return self.judge(self._timely(before, now), now)
            if until > locked:
                locked = until
            if not taken or until or start + period <= now:  # a lock that is over ends its window too
                start, taken = now, 0
            left = limit - taken - 1
            end = (start if left > 0 else now) + period
            after.append((start, taken + 1, 0 if left > 0 else end))
            lefts.append(left)
            if end > ends:
                ends = end
        if locked > now:
            return True, (0, locked - now, locked - now, now), state
        return False, (min(lefts), 0, ends - now, now), (ends, *after)

    def _timely(self, before: Sequence[Window], now: int) -> tuple[Any, ...]:
        """The state where none began later than now, and no lock lasts longer than from now on."""
        each = zip(before, self.windows, strict=True)
        kept = tuple(
            [(min(start, now), taken, min(until, now + period)) for (start, taken, until), (_, period) in each]
        )
        return (self._ends(kept), *kept)

    def _fits(self, state: tuple[Any, ...] | None) -> TypeGuard[tuple[Any, ...]]:
        """Whether there is a state, and it has these windows: a policy may have changed them."""
        return state is not None and len(state) == len(self.windows) + 1

    def _ends(self, after: Sequence[Window]) -> int:
        return max(max(until, start + p) for (start, _, until), (_, p) in zip(after, self.windows, strict=True))

    def returned(self, state: tuple[Any, ...] | None, generation: int, now: int) -> tuple[Any, ...] | None:
        """A window that began after that try keeps what it has; a lock falls where less than its limit is left."""
        if not self._fits(state):
            return None
        kept = tuple((s, t - 1, 0) if s <= generation and t else (s, t, u) for s, t, u in state[1:])
        return (self._ends(kept), *kept) if any(taken for _, taken, _ in kept) else None

    def share(self, part: float) -> Windows:
        return replace(self, windows=tuple((max(1, int(n * part)), period) for n, period in self.windows))


@dataclass(slots=True, kw_only=True)
class Streak:
    """Tries without a success between them: past ``limit`` all are refused, until none came for ``keep``."""

    key: bytes
    tag: bytes = b""
    limit: int
    keep: int
    report: bool = False
    on_outage: OnOutage = "local"

    def judge(self, state: tuple[int, int] | None, now: int) -> Judged:
        ends, taken = state if state and state[0] > now else (now, 0)
        if taken >= self.limit:
            ends = min(ends, now + self.keep)  # later only where the clock went back
            return True, (0, ends - now, ends - now, now), (ends, taken)
        return False, (self.limit - taken - 1, 0, self.keep, now), (now + self.keep, taken + 1)

    def returned(self, state: tuple[int, int] | None, generation: int, now: int) -> tuple[int, int] | None:
        return (state[0], state[1] - 1) if state and state[1] > 1 else None

    def share(self, part: float) -> Streak:
        return self  # a process that counts alone has seen no streak but its own


@dataclass(slots=True, kw_only=True)
class Revocation:
    """Refuses what was ``issued`` no later than its key was revoked; a take writes nothing, wherever the clock goes.

    ``issued`` is a whole number on any clock of those who issue. As the operation of ``Revoke``, it revokes all that
    was issued until then, for ``keep`` microseconds.
    """

    key: bytes
    tag: bytes = b""
    issued: int
    keep: int
    report: bool = False
    on_outage: OnOutage = "local"

    def judge(self, state: tuple[int, int] | None, now: int) -> Judged:
        if state is None or state[0] <= now or state[1] < self.issued:
            return False, (1, 0, 0, NOTHING), state
        return True, (0, state[0] - now, state[0] - now, NOTHING), state

    def returned(self, state: tuple[int, int] | None, generation: int, now: int) -> tuple[int, int] | None:
        return state  # nothing was taken

    def revoked(self, state: tuple[int, int] | None, now: int) -> tuple[int, int]:
        """The state in which all that was issued until then is revoked."""
        before = state[1] if state and state[0] > now else self.issued
        return now + self.keep, max(self.issued, before)

    def share(self, part: float) -> Revocation:
        return self
