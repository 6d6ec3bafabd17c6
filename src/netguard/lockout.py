"""Lockouts: the section of a policy that says which requests are logins, and how often one may try."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field, replace
from typing import Any, Final, Literal

from netguard.checks import UNSET, listing, one_of, section, whole
from netguard.count_sources import By, JSONField
from netguard.counted_by import sources
from netguard.counters import OnOutage
from netguard.errors import ConfigError
from netguard.outcomes import Proof, Reported, success_of
from netguard.patterns import Pattern
from netguard.rates import Rate, parse_rates
from netguard.rules import Mode

_NAME: Final = re.compile(r"[a-z][a-z0-9 _-]{0,39}")
_MOST_TRIES: Final = 100_000
_MOST_VALUES: Final = 1000  # each is kept


def check_lockouts(lockouts: Sequence[Lockout]) -> None:
    """Refuse two lockouts that would share counters."""
    names = [(lockout.name, lockout.factor == "second") for lockout in lockouts]
    for name, second in names:
        if names.count((name, second)) > 1:
            raise ConfigError(f"Policy.lockout: two lockouts are {name!r}: give each a name= of its own")


@section
class Lockout:
    """Lock an account after wrong passwords: a try is taken before the password is checked, a success gives it back.

    ``on`` names the routes that check a password, by guarding patterns; an empty list is for code that asks
    ``Logins.attempt``. ``username`` is where the name stands: ``form("username")``, ``json_field``, ``basic``, a
    callable of the request, or a list of these of which a request has one. ``tries`` are windows from the first try
    on: the last try of one locks for its whole period. They count by account, or with ``per="account+client"`` by the
    pair; ``client_tries`` count a client's failures over all accounts ("": they do not). ``success`` says what proves
    a login, and has no default. After ``cap`` failures in a row (0: never), forgotten ``cap_days`` after the last, only
    known devices may try until the account is unlocked (NIST SP 800-63B-4, 3.2.2). ``devices`` gives a browser that
    logged in a signed cookie, good for ``device_days``, with tries of its own. ``factor`` is "first" where a second
    factor follows, which alone makes a device known, and "second" for the route that checks it, with counters of its
    own. ``second_factor_tries`` are those of ``Logins.second_factor``. ``distinct_names`` different accounts of one
    client, and ``distinct_clients`` different clients of one account, are told, or with ``distinct_mode="enforce"``
    refused; "" counts none. ``show_names`` lets events show account names, which are pseudonyms otherwise.
    """

    on: str | Sequence[str] = UNSET
    username: object = UNSET
    success: Any = UNSET  # a way of ``outcomes``, or a callable of the request and the answer
    tries: str = "5/15 minutes; 20/day"
    client_tries: str = "100/15 minutes"
    second_factor_tries: str = "5/15 minutes; 20/day"
    per: Literal["account", "account+client"] = "account"
    cap: int = 100
    cap_days: int = 30
    devices: bool = True
    device_days: int = 180
    factor: Literal["only", "first", "second"] = "only"
    distinct_names: str = "30/hour"
    distinct_clients: str = "30/hour"
    distinct_mode: Mode = "report"
    show_names: bool = False
    name: str = "login"
    mode: Mode = "enforce"
    on_outage: OnOutage = "local"
    sources: tuple[By, ...] = field(default=(), init=False, repr=False, compare=False)
    proof: Proof = field(default=lambda request, answer: False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, known in (
            ("mode", ("enforce", "report")),
            ("distinct_mode", ("enforce", "report")),
            ("on_outage", ("local", "allow", "refuse")),
            ("per", ("account", "account+client")),
            ("factor", ("only", "first", "second")),
            ("devices", (True, False)),
            ("show_names", (True, False)),
        ):
            one_of(f"Lockout.{name}", getattr(self, name), known)
        if not _NAME.fullmatch(str(self.name)):
            raise ConfigError(f"Lockout.name: {self.name!r}: write a short name in lower case, such as 'login'")
        for pattern in self.patterns():
            Pattern.parse("Lockout.on", pattern)
        self._check_numbers()
        object.__setattr__(self, "sources", self._sources())
        object.__setattr__(self, "proof", self._proof())

    def patterns(self) -> tuple[str, ...]:
        """The patterns of ``on``. Raises ConfigError where it is missing."""
        if self.on is UNSET:
            raise ConfigError("Lockout.on: name the route that checks passwords, as in on='POST /login' (code: on=[])")
        return (self.on,) if isinstance(self.on, str) else listing("Lockout.on", self.on, str)

    def windows(self, tries: str) -> tuple[tuple[int, int], ...]:
        """What ``tries`` says, as (limit, period in microseconds); none for ""."""
        return tuple((rate.amount, rate.period) for rate in parse_rates("Lockout.tries", tries)) if tries else ()

    def distinct(self, written: str) -> tuple[Rate, ...]:
        """The rates of ``distinct_names`` or ``distinct_clients``; none where nothing is counted."""
        return parse_rates("Lockout.distinct_names, Lockout.distinct_clients", written) if written else ()

    def _check_numbers(self) -> None:
        for name in ("tries", "client_tries", "second_factor_tries"):
            tries = getattr(self, name)
            for rate in parse_rates(f"Lockout.{name}", tries) if tries or name != "client_tries" else ():
                whole(f"Lockout.{name}", rate.amount, 1, _MOST_TRIES)
        for written in (self.distinct_names, self.distinct_clients):
            for rate in self.distinct(written):
                whole("Lockout.distinct_names, Lockout.distinct_clients", rate.amount, 1, _MOST_VALUES)
        whole("Lockout.cap", self.cap, 0, _MOST_TRIES)
        whole("Lockout.cap_days", self.cap_days, 1, 3660)
        whole("Lockout.device_days", self.device_days, 1, 3660)

    def _sources(self) -> tuple[By, ...]:
        if self.username is UNSET:
            if self.patterns():
                raise ConfigError(
                    "Lockout.username: say where the name stands: username=form('username'), json_field(...) or basic"
                )
            return ()
        found = sources("Lockout.username", self.username)
        for source in found:
            if source.needs_user:
                raise ConfigError("Lockout.username: who logs in is nobody yet: write form('username')")
        return tuple(replace(one, strict=True) if isinstance(one, JSONField) else one for one in found)

    def _proof(self) -> Proof:
        if self.success is UNSET and not self.patterns():
            return Reported().bound(())
        return success_of("Lockout.success", self.success).bound(self.patterns())
