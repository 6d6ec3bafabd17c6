"""A bounded memory of a pure function's answers: no client can make it grow."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_PARTS = 32  # how many times as wide a tuple may be
WIDEST = 128  # characters or bytes of a key; longer ones are computed each time


def _width(key: object) -> int:
    if isinstance(key, str | bytes):
        return len(key)
    return sum(map(_width, key)) // _PARTS if isinstance(key, tuple) else 0


class Memo(dict[K, V]):
    """``memo[key]`` is ``function(key)``; at most ``size`` answers are kept, then it starts anew.

    Safe under threads: each step is one dict operation, and a lost answer is only computed again.
    """

    __slots__ = ("_function", "_size")

    def __init__(self, function: Callable[[K], V], size: int = 1024) -> None:
        super().__init__()
        self._function = function
        self._size = size

    def __missing__(self, key: K) -> V:
        value = self._function(key)
        if _width(key) > WIDEST:
            return value
        if len(self) >= self._size:
            self.clear()
        self[key] = value
        return value
