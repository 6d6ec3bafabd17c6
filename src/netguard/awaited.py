"""Answers to be awaited, which are no answer before."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, NoReturn, TypeVar

from netguard.errors import NetguardError

T = TypeVar("T")


class Awaited(Awaitable[T]):
    """An answer to be awaited. A coroutine is true: ``if limiter.hit(...)`` without await would let everybody pass."""

    __slots__ = ("_coming", "_mend")

    def __init__(self, coming: Coroutine[Any, Any, T], mend: str) -> None:
        self._coming = coming
        self._mend = mend

    def __await__(self) -> Generator[Any, None, T]:
        return self._coming.__await__()

    def __bool__(self) -> NoReturn:
        self._coming.close()
        raise NetguardError(self._mend)
