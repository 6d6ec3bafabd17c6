"""What a storage of `limits` counts for an operation: windows of whole seconds, one counter each."""

from __future__ import annotations

from typing import Final, NamedTuple

from netguard.counters import Op
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows

SECOND: Final = 1_000_000  # microseconds


class Window(NamedTuple):
    """One counter of an operation."""

    name: str
    limit: int
    seconds: int


class Shape(NamedTuple):
    """What an operation counts: the windows, by how much; the lock's name for tries, the member's for values.

    Where there is ``issued``, the one window holds what was revoked until when, and 1: nothing there means nothing.
    """

    windows: tuple[Window, ...]
    cost: int
    lock: str = ""
    member: str = ""
    issued: int | None = None

    @property
    def longest(self) -> int:
        """Microseconds."""
        return max(window.seconds for window in self.windows) * SECOND


def shape(prefix: str, op: Op) -> Shape:
    """What stands for an operation."""
    name = prefix + op.key.hex()
    match op:
        case Gcra():
            return Shape((_window(name, 0, op.burst, op.burst * op.step),), op.cost)
        case Log():  # Half of it in each: no stretch of a period sees more than two windows.
            return Shape((_window(name, 0, max(op.cost, (op.limit + 1) // 2), op.period),), op.cost)
        case Distinct():
            return Shape((_window(name, 0, op.limit, op.period),), 1, member=f"{name}:m{op.member.hex()}")
        case Windows():
            windows = tuple(_window(name, i, limit, period) for i, (limit, period) in enumerate(op.windows))
            return Shape(windows, 1, lock=f"{name}:lock")
        case Streak():
            return Shape((_window(name, 0, op.limit, op.keep),), 1, lock=f"{name}:lock")
        case Revocation():
            return Shape((_window(name, 0, 1, op.keep),), 0, issued=op.issued)
        case _:
            raise TypeError(f"{type(op).__name__} is no operation that this store knows")


def _window(name: str, index: int, limit: int, period: int) -> Window:
    seconds = max(1, -(-(period - 1000) // SECOND))  # a period that is made of steps is some microseconds too long
    return Window(f"{name}:{index}", max(limit, limit * seconds * SECOND // period), seconds)
