"""Whether a store is asked: not while it is out, but for one request now and then that tries it again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from types import TracebackType
from typing import Final

from netguard.counters import News
from netguard.errors import StoreError

_LOST: Final = 10_000_000_000  # nanoseconds after which a probe that nobody heard of again holds up no other
_BACK: Final = News("store.back", "the store answers again: it counts for all processes", False)


class Breaker:
    """Closed while the store answers; the first StoreError opens it, the first probe that passes closes it.

    ``out`` is whether it is open.

    While it is open, a probe goes out after ``pause`` seconds, half or one and a half of it, so that many processes
    do not come at once; never two of them at a time. Each transition is in ``news`` once, whatever is in flight: a call
    from before a transition changes nothing after it. ``clock`` gives nanoseconds.
    """

    __slots__ = ("_clock", "_closed", "_epoch", "_lock", "_news", "_pause", "_probe_at", "_uniform", "out")

    def __init__(
        self,
        news: deque[News],
        *,
        pause: float,
        clock: Callable[[], int],
        uniform: Callable[[float, float], float],
    ) -> None:
        self._news = news
        self._pause = pause
        self._clock = clock
        self._uniform = uniform
        self._lock = Lock()
        self._epoch = 0  # one more with each transition: odd while the store is out
        self._closed = Call(self, 0)  # what all share until the next transition
        self.out = False
        self._probe_at = 0

    def call(self, *, probes: bool) -> Call | None:
        """A call that may be made now, to be entered with ``with``; None where the store must not be asked.

        Only what ``probes`` is let through while the store is out: a full or read-only one still answers what it
        need not write, which proves nothing.
        """
        epoch = self._epoch
        if epoch % 2 == 0:
            return self._closed
        return Call(self, epoch) if probes and self._is_due(epoch) else None

    def _is_due(self, epoch: int) -> bool:
        now = self._clock()
        if now < self._probe_at:
            return False
        with self._lock:
            if now < self._probe_at or epoch != self._epoch:
                return False
            self._probe_at = now + _LOST
            return True

    def passed(self, epoch: int) -> None:
        """The store answered a call of that epoch."""
        with self._lock:
            if epoch == self._epoch and epoch % 2:
                self._closed = Call(self, epoch + 1)  # before anybody may ask for it
                self._epoch, self.out = epoch + 1, False
                self._news.append(_BACK)

    def failed(self, epoch: int, error: BaseException | None) -> None:
        """A call of that epoch got no answer; without ``error`` it proves nothing, so that another one must try."""
        with self._lock:
            if epoch != self._epoch or (error is None and epoch % 2 == 0):
                return
            self._probe_at = self._clock() + int(self._pause * self._uniform(0.5, 1.5) * 1e9)
            if epoch % 2 == 0:
                self._epoch, self.out = epoch + 1, True
                self._news.append(News("store.out", f"{error}: each rule does what its on_outage says", True))


class Call:
    """One call to a store, in a ``with`` block: a StoreError ends the block and goes no further.

    ``proves`` is what a probe says of the store: that it is back, if it answers at all.
    """

    __slots__ = ("_breaker", "_epoch", "proves")

    def __init__(self, breaker: Breaker, epoch: int) -> None:
        self._breaker = breaker
        self._epoch = epoch
        self.proves = True

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            if self._epoch % 2:
                self._breaker.passed(self._epoch) if self.proves else self._breaker.failed(self._epoch, None)
            return False
        out = isinstance(error, StoreError)
        self._breaker.failed(self._epoch, error if out else None)
        return out
