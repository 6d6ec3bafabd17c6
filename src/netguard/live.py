"""Policies that change without a restart: read anew when their files change, checked first, swapped in one step."""

from __future__ import annotations

import os
import signal as signals
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import sleep
from typing import Any, Final
from weakref import WeakMethod

from netguard.errors import ConfigError
from netguard.events import Sinks, logger
from netguard.live_sources import Stamp, check_seconds, check_source, failures, listed, lists_of, of_file, stamp
from netguard.plan import Plan
from netguard.policy import Policy

_SETTLES: Final = 0.2  # seconds: a file that is still being written is not read
_PAUSES: Final = 0.0001  # seconds: longer than 0, so that another thread comes first
_WAKES: Final = 1000  # milliseconds between two looks whether to stop


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
        check_source(source)
        check_seconds(every)
        self._source = source
        self._every = every
        self._own = [Path(one) for one in listed(watch)]
        self._lists: tuple[Path, ...] = ()  # of networks, also of a policy that was rejected
        self._checks: list[Callable[[Plan], object]] = []
        self._one_at_a_time, self._starting = Lock(), Lock()
        self._wake: SimpleQueue[None] = SimpleQueue()  # which a signal may put into at any moment
        self._woken_by_signals = False
        self._asked = self._answered = 0  # how many signals came, and how many of them a look has answered
        self._thread: Thread | None = None
        self._watcher = _watcher()  # here, since a fork amid an import in a thread would leave its lock held for ever
        self._seen = self._stamps()  # before they are read, so that what changes meanwhile is read again
        self._plan = Plan(self._read())
        _after_fork(WeakMethod(self._forked))

    @property
    def plan(self) -> Plan:
        """The plan in force now."""
        return self._plan

    @property
    def policy(self) -> Policy:
        """The policy in force now."""
        return self._plan.policy

    def for_request(self) -> Plan:
        """The plan in force now; the first request of a process starts the thread that looks at the files."""
        if self._thread is None and (self._every or self._woken_by_signals):
            self._start()
        return self._plan

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

        SIGHUP belongs to most servers. What handled the signal before still does. Raises ConfigError for what is no
        signal, or none that can be handled here.
        """

        def woken(received: int, frame: Any) -> None:
            self._asked += 1
            self._wake.put(None)
            if callable(before):
                before(received, frame)

        try:
            before = signals.getsignal(number)
            signals.signal(number, woken)
        except (OSError, TypeError, ValueError) as error:
            mend = "name one as signal.SIGUSR2, in the main thread"
            raise ConfigError(f"LivePolicy.reload_on: {number!r} cannot be handled ({error}): {mend}") from error
        self._woken_by_signals = True
        self._start()

    def look(self) -> bool:
        """Look whether files changed, and read the policy if so; whether another one is in force now. Never raises."""
        asked, found = self._asked, self._stamps()
        if asked == self._answered and found == self._seen:
            return False
        while (settled := self._after_a_while()) != found:
            found = settled
        with self._one_at_a_time:
            self._answered, self._seen = asked, found  # also where it is rejected: until the next change
            try:
                self._swap()
            except ConfigError:  # which is told
                return False
            return True

    def _after_a_while(self) -> dict[Path, Stamp]:
        sleep(_SETTLES)
        return self._stamps()

    def _swap(self) -> None:
        """Put what the source says now in force, and tell it. Raises ConfigError, told too, where that is rejected."""
        old = self._plan
        sinks = Sinks(old.policy.events)
        try:
            with failures(self._name()):
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
        """The policy that the source says now; from here on its network lists are watched."""
        policy = self._made(self._source) if callable(self._source) else of_file(self._source)
        self._lists = tuple(lists_of(policy))
        fresh = self._stamps()  # of lists that nobody saw before, and that are read after this
        self._seen = {path: self._seen.get(path, found) for path, found in fresh.items()}
        return policy

    def _made(self, source: Callable[[], Policy]) -> Policy:
        with failures(self._name()):
            policy = source()
        if not isinstance(policy, Policy):
            raise ConfigError(f"LivePolicy: {self._name()} gave {policy!r}, which is no Policy")
        return policy

    def _name(self) -> str:
        return str(self._source) if isinstance(self._source, str | Path) else getattr(self._source, "__qualname__", "")

    def _files(self) -> Iterator[Path]:
        if isinstance(self._source, str | Path):
            yield Path(self._source)
        yield from self._own
        yield from self._lists

    def _stamps(self) -> dict[Path, Stamp]:
        return {path: stamp(path) for path in self._files()}

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._watch, name="netguard policy", daemon=True)
                self._thread.start()

    def _forked(self) -> None:
        """A thread does not come along into a forked process: the next request starts another."""
        self._thread, self._wake = None, SimpleQueue()
        self._one_at_a_time, self._starting = Lock(), Lock()

    def _watch(self) -> None:
        for _ in self._moments():
            self.look()

    def _moments(self) -> Iterator[object]:
        """Yields whenever it is time to look, without end."""
        watch = self._watcher
        while True:
            if watch is None or not self._every:
                self._wait()
                yield None
                continue
            try:
                yield from self._told(watch)
            except (OSError, RuntimeError) as error:  # such as fewer watches than the system has left
                logger.warning("watchfiles cannot watch, and files are looked at every %s s: %s", self._every, error)
                watch = None

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
                       raise_interrupt=False, recursive=False):  # fmt: skip
            yield None
            if files != list(self._files()):
                return


def _watcher() -> Callable[..., Iterator[object]] | None:
    try:
        found: Callable[..., Iterator[object]] = import_module("watchfiles").watch
    except ModuleNotFoundError:
        return None
    return found


def _hand_on(old: Policy, new: Policy) -> None:
    """Give a policy, and its tenants by name, the counters of this process and its key."""
    object.__setattr__(new, "shared", old.shared)
    if old.tenants and new.tenants:
        for name in old.tenants.policies.keys() & new.tenants.policies.keys():
            _hand_on(old.tenants.policies[name], new.tenants.policies[name])


def _give_way() -> None:
    """Let requests run between two steps of building."""
    sleep(_PAUSES)


def _after_fork(call: WeakMethod[Callable[[], None]]) -> None:
    """Call it in each child as long as there is whose method it is."""

    def forked() -> None:
        alive = call()
        if alive is not None:
            alive()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forked)
