"""Hashing beside the event loop: at most so many at once, a bounded number that waits, the rest refused at once."""

from __future__ import annotations

from asyncio import wrap_future
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from os import getpid
from threading import Lock
from typing import Any, Final, TypeVar

from netguard.errors import Busy
from netguard.messages import Refusal
from netguard.rate_answers import retry_after

T = TypeVar("T")

_SOON: Final = 1_000_000  # microseconds: a full queue is worked off in less


def busy(detail: str) -> Busy:
    """The error for what must come again later."""
    return Busy(detail, Refusal("passwords", "passwords.busy", 503, detail, (retry_after(_SOON),), wait=_SOON))


class Queue:
    """Runs calls in threads of its own, ``workers`` at once; ``waiting`` more may wait, what comes then raises Busy.

    Each process has threads of its own, made when they are first needed: safe under servers that load the app and fork.
    """

    __slots__ = ("_counters", "_most", "_workers")

    def __init__(self, workers: int, waiting: int) -> None:
        self._workers = workers
        self._most = waiting
        self._counters: dict[int, _Counter] = {}  # by process

    def run(self, call: Callable[[], T]) -> T:
        """What the call returns or raises; this thread waits for it."""
        job = self._counter().enter(call)
        try:
            result: T = job.result()
            return result
        finally:
            job.cancel()  # where the wait was interrupted

    async def arun(self, call: Callable[[], T]) -> T:
        """The same; where it is cancelled, a call that has not begun never does."""
        return await wrap_future(self._counter().enter(call))

    def _counter(self) -> _Counter:
        pid = getpid()
        counter = self._counters.get(pid)
        return counter or self._counters.setdefault(pid, _Counter(self._workers, self._most))


class _Job(Future[Any]):
    """A call and what comes of it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__()
        self._call: Callable[[], Any] | None = call

    def run(self) -> None:
        """Make the call, unless it was cancelled or given up before."""
        call = self._begun()
        if call is None:
            return
        try:
            self.set_result(call())
        except BaseException as error:  # it is raised where the result is asked for
            self.set_exception(error)

    def give_up(self, error: Exception) -> None:
        """Raise this where the result is asked for, and never make the call."""
        if self._begun() is not None:
            self.set_exception(error)

    def _begun(self) -> Callable[[], Any] | None:
        call, self._call = self._call, None  # a password lives no longer than it must
        return call if not self.done() and self.set_running_or_notify_cancel() else None


class _Counter:
    """Who runs and who waits in one process."""

    __slots__ = ("_lock", "_most", "_pool", "_running", "_waiting", "_workers")

    def __init__(self, workers: int, waiting: int) -> None:
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="netguard-passwords")
        self._running: set[_Job] = set()
        self._waiting: deque[_Job] = deque()
        self._workers = workers
        self._most = waiting

    def enter(self, call: Callable[[], Any]) -> _Job:
        """Begin the call or let it wait. Raises Busy where it may do neither."""
        job = _Job(call)
        job.add_done_callback(self._leave)
        if self._runs_now(job):
            self._start(job)
        return job

    def _runs_now(self, job: _Job) -> bool:
        """Whether it may run at once; else it waits."""
        with self._lock:
            if len(self._running) < self._workers:
                self._running.add(job)
                return True
            if len(self._waiting) >= self._most:
                raise busy(f"{self._most} passwords wait for their hash already")
            self._waiting.append(job)
            return False

    def _start(self, job: _Job) -> None:
        try:
            self._pool.submit(self._work, job)
        except RuntimeError as error:  # no thread can be had, or the process is ending
            self._give_up(job, error)

    def _work(self, job: _Job | None) -> None:
        while job is not None:
            job.run()
            job = self._after(job)

    def _give_up(self, job: _Job | None, error: RuntimeError) -> None:
        """Nobody may wait for a thread that never comes."""
        while job is not None:
            job.give_up(busy(f"no thread for a password's hash: {error}"))
            job = self._after(job)

    def _after(self, job: _Job) -> _Job | None:
        """Whose turn it is after that one."""
        with self._lock:
            if job not in self._running:  # given up
                return None
            self._running.discard(job)
            if not self._waiting:
                return None
            following = self._waiting.popleft()
            self._running.add(following)
            return following

    def _leave(self, job: Any) -> None:
        """Free the place of one that was cancelled while it waited."""
        if job.cancelled():
            with self._lock:
                if job in self._waiting:
                    self._waiting.remove(job)
