"""Passwords for views: hashing that blocks nobody, verification that upgrades, rules, and the list of breached ones."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from functools import partial
from inspect import iscoroutinefunction
from time import time
from typing import TYPE_CHECKING, Any, Final, Literal

from netguard.awaited import Awaited
from netguard.checks import check_secrets, one_of, section, whole
from netguard.errors import ConfigError, WeakPassword
from netguard.events import logger
from netguard.passwords.breached import Breaches, Client
from netguard.passwords.rules import MOST, Rules, fits, fitting
from netguard.passwords.verdict import WRONG, Verdict
from netguard.passwords.waiting import Queue

if TYPE_CHECKING:
    from netguard.passwords.hashing import Hasher, LegacyCheck

__all__ = ["Passwords", "Verdict", "WeakPassword"]

_DAY: Final = 86_400  # seconds
_OWASP: Final = ((47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5))  # KiB, iterations: equally strong
_UNASKED: Final = "Passwords: write `await passwords.averify(...)`; without await, nothing was verified"


@section
class Passwords:
    """Argon2id with what OWASP's Password Storage Cheat Sheet asks for, and the rules of NIST SP 800-63B-4, 3.1.1.2.

    ``memory`` is KiB. ``peppers`` are secrets kept outside the database, at least 32 characters each: the first hashes,
    all verify. ``legacy`` maps prefixes of other hashes, as ``"$2b$"``, to a function of (stored, password) -> bool.
    At most ``workers`` hashes are made at once (default: as many as cores), ``waiting`` more wait, and what comes then
    raises Busy. ``minimum``, ``minimum_with_second_factor`` and ``maximum`` are characters. ``breached`` is the path of
    a list of SHA-1 hashes ordered by hash, or a client, sync or async, from five characters of a digest to the lines of
    its range; ``on_breached_failure`` says what ``check`` does where that fails. ``expire_days`` is for those who must.
    ``clock`` gives seconds since the epoch.
    """

    memory: int = 19_456
    iterations: int = 2
    parallelism: int = 1
    peppers: Sequence[str] = field(default=(), repr=False)
    legacy: Mapping[str, LegacyCheck] = field(default_factory=dict)
    workers: int | None = None
    waiting: int = 32
    minimum: int = 15
    minimum_with_second_factor: int = 8
    maximum: int = 256
    breached: str | os.PathLike[str] | Client | None = None
    on_breached_failure: Literal["accept", "refuse"] = "accept"
    expire_days: int | None = None
    clock: Callable[[], float] = time
    _hasher: Hasher = field(init=False, repr=False, compare=False)
    _queue: Queue = field(init=False, repr=False, compare=False)
    _rules: Rules = field(init=False, repr=False, compare=False)
    _breaches: Breaches | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check_cost()
        self._check_rules()
        object.__setattr__(self, "peppers", check_secrets("Passwords.peppers", self.peppers))
        _check_legacy(self.legacy)
        object.__setattr__(self, "_hasher", _hasher(self))
        object.__setattr__(self, "_queue", Queue(self.workers or _cores(), self.waiting))
        lengths = self.minimum, self.minimum_with_second_factor, self.maximum
        object.__setattr__(self, "_rules", Rules(*lengths))
        object.__setattr__(self, "_breaches", None if self.breached is None else Breaches(self.breached))

    def _check_cost(self) -> None:
        whole("Passwords.parallelism", self.parallelism, 1, 64)
        whole("Passwords.memory", self.memory, 8 * self.parallelism, 4_194_304)
        whole("Passwords.iterations", self.iterations, 1, 1000)
        if self.workers is not None:
            whole("Passwords.workers", self.workers, 1, 256)
        whole("Passwords.waiting", self.waiting, 0, 10_000)
        if not any(self.memory >= memory and self.iterations >= times for memory, times in _OWASP):
            logger.warning("Passwords: memory=%d, iterations=%d is for tests alone", self.memory, self.iterations)

    def _check_rules(self) -> None:
        whole("Passwords.maximum", self.maximum, 64, MOST)
        whole("Passwords.minimum", self.minimum, 8, self.maximum)
        whole("Passwords.minimum_with_second_factor", self.minimum_with_second_factor, 8, self.minimum)
        one_of("Passwords.on_breached_failure", self.on_breached_failure, ("accept", "refuse"))
        if self.expire_days is not None:
            whole("Passwords.expire_days", self.expire_days, 1, 3650)

    def hash(self, password: str) -> str:
        """The hash to store, at most 128 characters. Raises Busy, and WeakPassword for what ``check`` never saw."""
        return self._queue.run(partial(self._hasher.hash, fitting(password)))

    async def ahash(self, password: str) -> str:
        """The same, off the event loop."""
        return await self._queue.arun(partial(self._hasher.hash, fitting(password)))

    def verify(self, stored: str | None, password: object) -> Verdict:
        """Whether this is the password; None for an account that is not there, which takes as long. Raises Busy.

        What is stored and cannot be read is wrong and logged, what is no text or far too long is wrong at once.
        """
        if not fits(password):
            return WRONG
        return self._queue.run(partial(self._hasher.verify, stored, password))

    def averify(self, stored: str | None, password: object) -> Awaitable[Verdict]:
        """The same, off the event loop; to be awaited before it says anything."""
        return Awaited(self._averify(stored, password), _UNASKED)

    async def _averify(self, stored: str | None, password: object) -> Verdict:
        if not fits(password):
            return WRONG
        return await self._queue.arun(partial(self._hasher.verify, stored, password))

    def check(self, password: object, *, second_factor: bool = False, forbidden: Iterable[str | None] = ()) -> None:
        """Raises WeakPassword where this may not be chosen. ``forbidden`` are the account's name, address and the like.

        For new passwords only: who has an older one must be let in to change it.
        """
        chosen = self._rules.check(password, second_factor, forbidden)
        if self._breaches:
            self._judge(self._breaches.hold(chosen))

    async def acheck(
        self, password: object, *, second_factor: bool = False, forbidden: Iterable[str | None] = ()
    ) -> None:
        """The same, the list of breached passwords asked off the event loop."""
        chosen = self._rules.check(password, second_factor, forbidden)
        if self._breaches:
            self._judge(await self._breaches.ahold(chosen))

    def _judge(self, breached: bool | None) -> None:
        if breached:
            raise WeakPassword("this password is in lists that attackers try first: choose another one", "breached")
        if breached is None and self.on_breached_failure == "refuse":
            raise WeakPassword("the list of breached passwords cannot be asked now: try again later", "unchecked")

    def expired(self, changed_at: datetime | None) -> bool:
        """Whether a password that was set then must be changed; never, unless ``expire_days`` is set.

        None, for nobody knows when, has expired. Raises ValueError for a time without its zone.
        """
        if self.expire_days is None:
            return False
        if changed_at is None:
            return True
        if changed_at.tzinfo is None:
            raise ValueError(
                f"changed_at: {changed_at!r} has no time zone; changed_at.replace(tzinfo=UTC) may be meant"
            )
        return self.clock() - changed_at.timestamp() >= self.expire_days * _DAY


def _hasher(config: Passwords) -> Hasher:
    try:
        from netguard.passwords.hashing import Cost, Hasher
    except ImportError as error:
        raise ConfigError("Passwords needs argon2-cffi: pip install 'netguard[passwords]'") from error
    return Hasher(Cost(config.memory, config.iterations, config.parallelism), config.peppers, config.legacy)


def _check_legacy(legacy: Mapping[Any, Any]) -> None:
    for prefix, check in legacy.items():
        if not isinstance(prefix, str) or not prefix or prefix.startswith("$argon2"):
            raise ConfigError(f"Passwords.legacy: {prefix!r} is no prefix of another hash, such as '$2b$'")
        if not callable(check) or iscoroutinefunction(check):
            raise ConfigError(f"Passwords.legacy: {prefix!r} needs a function of (stored, password), not {check!r}")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
