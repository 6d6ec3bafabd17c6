"""What the operations mean, said once more: from the whole history of a key, not from a state."""

from __future__ import annotations

from typing import Any, NamedTuple

from netguard.counters import Op
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows

Event = tuple[int, Any]  # when it was taken or revoked, and the operation; None or Leaked for one that was given back


class Leaked(NamedTuple):
    """So much time of a step that was given back."""

    adds: int


Verdict = tuple[bool, int]  # refused, and what is left after it


def verdict(op: Op, history: list[Event], now: int) -> Verdict:
    """What a store must say of a step."""
    match op:
        case Gcra():
            return _bucket(op, history, now)
        case Log():
            return _over(op.limit - op.cost - sum(one.cost for at, one in history if at > now - op.period))
        case Distinct():
            return _over(op.limit - len({op.member} | {one.member for at, one in history if at > now - op.period}))
        case Windows():
            each = [(limit, *_window(limit, period, history, now)) for limit, period in op.windows]
            return any(until > now for _, _, until in each), min(limit - taken - 1 for limit, taken, _ in each)
        case Streak():
            return _over(op.limit - _streak(op.keep, history, now) - 1)
        case Revocation():
            refused = _is_revoked(op, history, now)
            return refused, int(not refused)
    raise TypeError(op)


def _over(left: int) -> Verdict:
    return left < 0, left


def _bucket(op: Gcra, history: list[Event], now: int) -> Verdict:
    """It leaks a unit each step: what came since any moment, less what leaked since then, must fit."""
    events = [*history, (now, op)]
    fullest = max(at - now + sum(one.adds for _, one in events[n:]) for n, (at, _) in enumerate(events))
    return fullest > op.burst * op.step, (op.burst * op.step - fullest) // op.step


def _window(limit: int, period: int, history: list[Event], now: int) -> tuple[int, int]:
    """What is taken in the window of now, and until when it is locked."""
    start, taken, until = -period, 0, 0
    for at, _ in history:
        if until or start + period <= at:
            start, taken = at, 0
        taken += 1
        until = at + period if taken >= limit else 0
    over = until <= now if until else start + period <= now
    return (0, 0) if over else (taken, until)


def _streak(keep: int, history: list[Event], now: int) -> int:
    """How many came without so long a pause between them."""
    last, taken = -keep, 0
    for at, one in [*history, (now, None)]:
        taken = (taken if last + keep > at else 0) + (one is not None)
        last = at
    return taken


def _is_revoked(op: Revocation, history: list[Event], now: int) -> bool:
    """Whether what was issued so late was ever revoked, and none has been forgotten since."""
    next_one = now
    for at, one in reversed(history):
        if at + op.keep <= next_one:
            return False
        if one.issued >= op.issued:
            return True
        next_one = at
    return False
