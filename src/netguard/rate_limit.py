"""Rate limits: the section of a policy, and what it counts for a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Final, Literal

from netguard.checks import UNSET, listing, one_of, section, whole
from netguard.count_sources import By, Given, client
from netguard.counted_by import sources
from netguard.counters import OnOutage
from netguard.errors import ConfigError
from netguard.messages import Request
from netguard.networks import NetworkSet
from netguard.patterns import Pattern
from netguard.rates import Rate, parse_rates
from netguard.rules import Mode
from netguard.rules.paths import Exemptions

Cost = int | Callable[[Request], int]

_NAME: Final = re.compile(r"[ !#-\[\]-~]{1,80}")  # what a structured field's string holds without escapes
_MOST_STAMPS: Final = 1000
_MOST: Final = 1_000_000_000
_LONGEST: Final = 3_110_400_000  # seconds: a hundred years; microseconds on any store's clock stay whole


def check_names(limits: Sequence[RateLimit]) -> None:
    """Refuse two limits of one name, which would share a counter, or of one name as clients are told."""
    names = [quota for limit in limits for quota in {limit.label(), *limit.quota_names()}]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"Policy.limits: two limits are {name!r}: give each a name= of its own")


@section
class RateLimit:
    """At most so many requests: ``RateLimit("100/minute; 2000/hour")``; the first one too many is answered 429.

    ``on`` names routes by guarding patterns (default: all, with one counter for all of them); an empty list is for
    code that asks by ``name``. ``by`` is what has a counter of its own: ``client`` (default), ``form("email")``,
    ``json_field``, ``header``, ``cookie``, ``user``, a callable of the request, or a tuple of these. ``cost`` is what a
    request takes, or a callable of it. A rate admits ``burst`` at once (default: its count), then one every period /
    count: any stretch t admits at most burst + rate * t. ``window="strict"`` admits never more than the count, up to
    1,000, in any period. ``distinct`` counts different values of a field instead of requests. ``tell="always"`` sends
    RateLimit fields with every answer, ``legacy_fields`` adds X-RateLimit-*. ``exempt`` lists paths, ``exempt_clients``
    networks that are not counted. Where the store is out, ``on_outage`` counts in this process ("local"), lets pass
    ("allow") or answers 503 ("refuse").
    """

    rate: str = field(kw_only=False)
    on: str | Sequence[str] = UNSET
    by: object = UNSET
    cost: Cost = 1
    burst: int | None = None
    window: Literal["smooth", "strict"] = "smooth"
    distinct: object = None
    name: str = ""
    tell: Literal["refused", "always"] = "refused"
    legacy_fields: bool = False
    exempt: Sequence[str] = ()
    exempt_clients: Sequence[str] = ()
    mode: Mode = "enforce"
    on_outage: OnOutage = "local"

    def __post_init__(self) -> None:
        one_of("RateLimit.mode", self.mode, ("enforce", "report"))
        one_of("RateLimit.on_outage", self.on_outage, ("local", "allow", "refuse"))
        one_of("RateLimit.window", self.window, ("smooth", "strict"))
        one_of("RateLimit.tell", self.tell, ("refused", "always"))
        one_of("RateLimit.legacy_fields", self.legacy_fields, (True, False))
        for pattern in self.patterns() or ():
            Pattern.parse("RateLimit.on", pattern)
        Exemptions("RateLimit.exempt", self.exempt)
        NetworkSet(listing("RateLimit.exempt_clients", self.exempt_clients, str))
        self._check_quota()
        name: object = self.label() if self.name == "" else self.name
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ConfigError(f"RateLimit.name: {name!r}: give it a short name of printable ASCII, without quotes")

    def _check_quota(self) -> None:
        self.distinct_sources()
        fewest = min(rate.amount for rate in self.rates())
        if self.burst is not None:
            whole("RateLimit.burst", self.burst, 1, _MOST)
            if max(self.burst * rate.seconds / rate.amount for rate in self.rates()) > _LONGEST:
                raise ConfigError(f"RateLimit.burst: {self.burst} takes over a hundred years to come back: write less")
        if not callable(self.cost):
            whole("RateLimit.cost", self.cost, 1, self.burst or fewest)
        if self.window == "strict" and max(rate.amount for rate in self.rates()) > _MOST_STAMPS:
            raise ConfigError(f"RateLimit.window: 'strict' keeps a stamp for each request: at most {_MOST_STAMPS}")
        if self.burst is not None and (self.window == "strict" or self.distinct is not None):
            raise ConfigError("RateLimit.burst: only window='smooth' without distinct has a burst: leave it out")
        if self.distinct is not None and (self.window == "strict" or self.cost != 1):
            raise ConfigError("RateLimit.distinct: it counts values, exactly and each once: leave window and cost out")
        if self.distinct is not None and fewest > _MOST_STAMPS:
            raise ConfigError(f"RateLimit.distinct: it keeps each value: at most {_MOST_STAMPS}")

    def rates(self) -> tuple[Rate, ...]:
        """The rates, parsed."""
        return parse_rates("RateLimit", self.rate)

    def patterns(self) -> tuple[str, ...] | None:
        """The patterns of ``on``; None for all routes."""
        if self.on is UNSET:
            return None
        return (self.on,) if isinstance(self.on, str) else listing("RateLimit.on", self.on, str)

    def sources(self) -> tuple[By, ...]:
        """What has a counter of its own."""
        if self.by is UNSET:
            return (Given(),) if self.patterns() == () else (client,)
        return sources("RateLimit.by", self.by)

    def distinct_sources(self) -> tuple[By, ...]:
        """Whose different values are counted, where any are."""
        return () if self.distinct is None else sources("RateLimit.distinct", self.distinct)

    def quota_names(self) -> tuple[str, ...]:
        """The name of each rate, as clients are told."""
        rates = self.rates()
        return (self.label(),) if len(rates) == 1 else tuple(f"{self.label()} {rate.seconds}s" for rate in rates)

    def label(self) -> str:
        """The name, or what the rule says of itself."""
        return self.name or f"{', '.join(self.patterns() or ['all'])} by {', '.join(map(str, self.sources()))}"


# Deliveries to the receiver of violation reports; browsers gather what a page has to tell for up to a minute.
REPORTS: Final = RateLimit("60/minute", on=[], by=client, name="violation reports")
