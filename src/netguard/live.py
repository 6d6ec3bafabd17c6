"""Policies that change without a restart: read anew when their files change, checked first, swapped in one step."""

from __future__ import annotations

import os
import signal as signals
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import sleep
from typing import Any, Final

from netguard.errors import ConfigError
from netguard.events import Sinks
from netguard.plan import Plan
from netguard.policy import Policy

_SETTLES: Final = 0.2  # seconds: a file that is still being written is not read
_PAUSES: Final = 0.0001  # seconds: longer than 0, so that another thread comes first
_WAKES: Final = 1000  # milliseconds between two looks whether to stop

Stamp = tuple[int, int, int] | None  # of a file: modified, size, inode


class LivePolicy:
    """A policy from a TOML file, or of a callable that makes one, read anew when files change.

    ``every`` is how often files are looked at, in seconds (0: never; ``reload`` and ``reload_on`` remain); where the
    package ``watchfiles`` is installed, changes are seen at once. Watched are the TOML file, the network lists of its
    areas, and ``watch``. A policy that raises keeps the old one in force and is the event ``policy.rejected``; one that
    is swapped in is ``policy.reloaded``. Requests in flight finish under their own policy; counters and locks stay, in
    the same store. Building happens in a thread that gives way to requests, started in each process with its first
    request. Raises ConfigError where the first policy does.
    """

    def __init__(
        self, source: str | Path | Callable[[], Policy], *, every: float = 2.0, watch: Sequence[str | Path] = ()
    ) -> None:
        _check_source(source)
        _check_seconds(every)
        self._source = source
        self._every = every
        self._own = [Path(one) for one in _listed(watch)]
        self._checks: list[Callable[[Plan], object]] = []
        self._one_at_a_time = Lock()
        self._wake: SimpleQueue[None] = SimpleQueue()  # which a signal may put into at any moment
        self._woken_by_signals = False
        self._thread: Thread | None = None
        self._plan = Plan(self._read())
        self._seen = self._stamps()
        os.register_at_fork(after_in_child=self._forked)

    @property
    def plan(self) -> Plan:
        """The plan in force now."""
        return self._plan

    def for_request(self) -> Plan:
        """The plan in force now; the first request of a process starts the thread that looks at the files."""
        if self._thread is None and (self._every or self._woken_by_signals):
            self._start()
        return self._plan

    @property
    def policy(self) -> Policy:
        """The policy in force now."""
        return self._plan.policy

    def check(self, check: Callable[[Plan], object]) -> None:
        """Ask this before any other plan is swapped in; it raises ConfigError to reject it."""
        self._checks.append(check)

    def reload(self) -> None:
        """Read the policy now. Raises ConfigError where it cannot be, and the old one stays in force."""
        with self._one_at_a_time:
            self._seen = self._stamps()
            self._swap()

    def reload_on(self, number: int) -> None:
        """Read the policy when this signal comes, such as ``signal.SIGUSR1``; call it in the main thread.

        SIGHUP belongs to most servers. What handled the signal before still does.
        """
        before = signals.getsignal(number)

        def woken(received: int, frame: Any) -> None:
            self._seen = []
            self._wake.put(None)
            if callable(before):
                before(received, frame)

        self._woken_by_signals = True
        self._start()
        signals.signal(number, woken)

    def look(self) -> bool:
        """Look whether files changed, and read the policy if so; whether another one is in force now. Never raises."""
        with self._one_at_a_time:
            found = self._stamps()
            if found == self._seen:
                return False
            while (settled := self._after_a_while()) != found:
                found = settled
            self._seen = found  # also where it is rejected: until the next change
            try:
                self._swap()
            except ConfigError:  # which is told
                return False
            return True

    def _after_a_while(self) -> list[Stamp]:
        sleep(_SETTLES)
        return self._stamps()

    def _swap(self) -> None:
        old = self._plan
        sinks = Sinks(old.policy.events)
        try:
            with _failures(self._name()):
                policy = self._read()
                _hand_on(old.policy, policy)
                plan = Plan(policy, pause=_give_way)
                for check in self._checks:
                    check(plan)
        except ConfigError as error:
            sinks.tell_news("policy.rejected", f"the policy stays as it was: {error}", trouble=True)
            raise
        self._plan = plan
        sinks.tell_news("policy.reloaded", f"another policy is in force, from {self._name()}", trouble=False)

    def _read(self) -> Policy:
        if not callable(self._source):
            return Policy.from_toml(self._source)
        with _failures(self._name()):
            policy = self._source()
        if not isinstance(policy, Policy):
            raise ConfigError(f"LivePolicy: {self._name()} gave {policy!r}, which is no Policy")
        return policy

    def _name(self) -> str:
        return str(self._source) if isinstance(self._source, str | Path) else getattr(self._source, "__qualname__", "")

    def _files(self) -> Iterator[Path]:
        if isinstance(self._source, str | Path):
            yield Path(self._source)
        yield from self._own
        yield from self._plan.files()

    def _stamps(self) -> list[Stamp]:
        return [_stamp(path) for path in self._files()]

    def _start(self) -> None:
        with self._one_at_a_time:
            if self._thread is None:
                self._thread = Thread(target=self._watch, name="netguard policy", daemon=True)
                self._thread.start()

    def _forked(self) -> None:
        """A thread does not come along into a forked process: the next request starts another."""
        self._thread, self._one_at_a_time, self._wake = None, Lock(), SimpleQueue()

    def _watch(self) -> None:
        for _ in self._moments():
            self.look()

    def _moments(self) -> Iterator[object]:
        try:
            watch = import_module("watchfiles").watch
        except ModuleNotFoundError:
            watch = None
        while True:
            if watch is None or not self._every:
                self._wait()
                yield None
            else:
                yield from self._told(watch)

    def _wait(self) -> None:
        """Until it is time to look, or a signal came."""
        try:
            self._wake.get(timeout=self._every or None)
        except Empty:
            return

    def _told(self, watch: Callable[..., Iterator[object]]) -> Iterator[object]:
        """The moments in which a watcher of folders saw something, until the files are others."""
        folders = {path.parent if path.parent != Path() else Path.cwd() for path in self._files()}
        files = list(self._files())
        for _ in watch(*(folder for folder in folders if folder.is_dir()), rust_timeout=_WAKES, yield_on_timeout=True,
                       raise_interrupt=False):  # fmt: skip
            yield None
            if files != list(self._files()):
                return


@contextmanager
def _failures(name: str) -> Iterator[None]:
    """Whatever the app's callables raise as a ConfigError: a thread that died of it would look no more."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"LivePolicy: {name} failed: {type(error).__name__}: {error}") from error


def _check_source(source: object) -> None:
    if isinstance(source, Policy) or not (callable(source) or isinstance(source, str | Path)):
        raise ConfigError(f"LivePolicy: a TOML file or a callable that returns a Policy is meant, not {source!r}")


def _check_seconds(every: object) -> None:
    if isinstance(every, bool) or not isinstance(every, int | float) or not every >= 0:
        raise ConfigError(f"LivePolicy.every: seconds are meant, 0 for never, not {every!r}")


def _listed(watch: Sequence[str | Path]) -> tuple[str | Path, ...]:
    if isinstance(watch, str | Path):
        raise ConfigError(f"LivePolicy.watch: write a list, [{str(watch)!r}], not the bare path")
    return tuple(watch)


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _hand_on(old: Policy, new: Policy) -> None:
    """Give a policy, and its tenants by name, the counters of this process and its key."""
    object.__setattr__(new, "shared", old.shared)
    if old.tenants and new.tenants:
        for name in old.tenants.policies.keys() & new.tenants.policies.keys():
            _hand_on(old.tenants.policies[name], new.tenants.policies[name])


def _give_way() -> None:
    """Let requests run between two steps of building."""
    sleep(_PAUSES)
