"""What a store has just refused, kept in this process: a flood costs no round trip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from netguard.counters import NOTHING, Op
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Streak, Windows
from netguard.messages import Count, Taken

_BRIEF: Final = 1_000_000_000  # nanoseconds: an unlock in another process is seen this soon


class _Denial(NamedTuple):
    key: bytes
    quota: tuple[Any, ...]
    cost: int
    until: int  # nanoseconds on this process's clock, as what follows
    ready: int
    reset: int
    left: int


Asked = tuple[int, int]  # when a store was asked, and what was forgotten until then


class Denials:
    """Refusals of at most ``size`` keys, a power of two, each until its wait is over; a lock's, or all, ``brief``.

    Every key has one place, which a later one may take: nothing grows under attack, nothing is swept, and no lock is
    held. Keys are keyed hashes, so that nobody can aim at another's place. ``clock`` gives nanoseconds.
    """

    __slots__ = ("_brief", "_clock", "_forgotten", "_mask", "_numbers", "_places")

    def __init__(self, clock: Callable[[], int], size: int = 65_536, *, brief: bool = False) -> None:
        self._brief = brief
        self._places: list[_Denial | None] = [None] * size
        self._mask = size - 1
        self._clock = clock
        self._numbers = count(1)
        self._forgotten = 0

    def ask(self) -> Asked:
        """What ``keep`` has to know of the time before the store was asked."""
        return self._clock(), self._forgotten

    def keep(self, ops: Sequence[Op], taken: Taken, asked: Asked) -> None:
        """Keep what was refused here until it would pass at the store; nothing where a key was forgotten meanwhile."""
        now, (at, forgotten) = self._clock(), asked
        for op, told in zip(ops, taken.counts, strict=True):
            denial = _denial(op, told, at, now, brief=self._brief)
            if denial is not None:
                place = hash(op.key) & self._mask
                self._places[place] = denial
                if forgotten != self._forgotten:  # looked at last, so that `forget` cannot come between
                    self._places[place] = None

    def forget(self, key: bytes) -> None:
        """Ask the store about this key again."""
        self._forgotten = next(self._numbers)
        place = hash(key) & self._mask
        denial = self._places[place]
        if denial is not None and denial.key == key:
            self._places[place] = None

    def answer(self, ops: Sequence[Op], *, out: bool) -> Taken | None:
        """The refusal, where it is known of one of these, whose others then count as untouched; else None.

        While the store is ``out``, only what is counted in this process is refused from here.
        """
        places, mask = self._places, self._mask
        for op in ops:
            denial = places[hash(op.key) & mask]
            if denial is not None and denial.key == op.key:
                return self._judged(ops, out)
        return None

    def _judged(self, ops: Sequence[Op], out: bool) -> Taken | None:
        now = self._clock()
        if len(ops) == 1:  # what floods are made of
            told = self._count(ops[0], now, out)
            return Taken(False, (told,)) if told else None
        known = [self._count(op, now, out) for op in ops]
        if not any(known):
            return None
        return Taken(False, tuple([told or untouched(op, now) for op, told in zip(ops, known, strict=True)]))

    def _count(self, op: Op, now: int, out: bool) -> Count | None:
        denial = self._places[hash(op.key) & self._mask]
        if denial is None or op.report or (out and op.on_outage != "local"):
            return None
        key, quota, cost, until, ready, reset, left = denial
        more = _cost(op) - cost
        if key != op.key or until <= now or more < 0 or quota != _quota(op):
            return None
        wait = -(-(ready - now) // 1000) + (more * op.step if more and type(op) is Gcra else 0)
        return left, wait, max(0, reset - now) // 1000, NOTHING


def _denial(op: Op, count: Count, asked: int, now: int, *, brief: bool) -> _Denial | None:
    left, wait, reset, _ = count
    quota = _quota(op)
    if wait <= 0 or op.report or not quota:
        return None
    held = min(wait * 1000, _BRIEF) if brief or isinstance(op, Windows | Streak) else wait * 1000
    # The store judged between `asked` and `now`: it is asked again no later than it would pass there, and the client
    # is told no time before.
    return _Denial(op.key, quota, _cost(op), asked + held, now + wait * 1000, now + reset * 1000, left)


def untouched(op: Op, now: int) -> Count:
    """The count of an operation that passes as the first of its key, at ``now`` nanoseconds."""
    _, (left, _, reset, _), _ = op.judge(None, now // 1000)
    return max(0, left), 0, reset, NOTHING


def _cost(op: Op) -> int:
    return op.cost if type(op) is Gcra else 1


def _quota(op: Op) -> tuple[Any, ...]:
    """What two operations on a key must have in common for one refusal to mean both; nothing for kinds unknown here."""
    match op:
        case Gcra():
            return Gcra, op.step, op.burst
        case Log():
            return Log, op.limit, op.period, op.cost
        case Distinct():  # a value that was seen before still passes
            return Distinct, op.member, op.limit, op.period
        case Windows():
            return Windows, op.windows
        case Streak():
            return Streak, op.limit, op.keep
        case _:
            return ()
