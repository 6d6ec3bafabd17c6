"""A rate limit, compiled: from what a request is counted by to the operations that count it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal

from netguard.bodies import Body
from netguard.cookie_attributes import prefix_of
from netguard.cookies import Cookies
from netguard.count_sources import By, Cookie
from netguard.counters import Op
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.errors import ConfigError
from netguard.keys import Keys, Sealing, framed
from netguard.memo import Memo
from netguard.messages import Request
from netguard.networks import NetworkSet
from netguard.rate_answers import Quota
from netguard.rate_limit import RateLimit
from netguard.rates import Rate
from netguard.rules.paths import Exemptions

Values = tuple[str, ...]

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_NOBODY: Final = Request("", "", {})
_NOTHING: Final = Body(b"", None)


class Limit:
    """One rate limit, compiled: from what is counted to the operations that count it."""

    __slots__ = (
        "_distinct", "_exempt", "_exempt_clients", "_member", "_ops", "_rates", "config", "name", "needs_user",
        "quotas", "reads_body", "sources", "spares_some", "steady", "tag",
    )  # fmt: skip

    def __init__(self, config: RateLimit, keys: Keys, cookies: Cookies | Literal[False] = False) -> None:
        self.config = config
        self.name = config.label()
        self.sources = tuple([_kept(source, cookies) for source in config.sources()])
        self.quotas = tuple(_quotas(config))
        self._distinct = tuple([_kept(source, cookies) for source in config.distinct_sources()])
        self._rates = tuple(self._counted(keys))
        self.tag = keys.begun("tag", size=8)  # of framed values: what has it lives together
        self._member = keys.begun("member", self.name, size=8)
        self.reads_body = any(source.reads_body for source in (*self.sources, *self._distinct))
        self.needs_user = any(source.needs_user for source in (*self.sources, *self._distinct))
        self._exempt = Exemptions("RateLimit.exempt", config.exempt)
        self._exempt_clients = NetworkSet(config.exempt_clients)
        self._ops: Memo[Values, tuple[Op, ...]] = Memo(self.made)
        self.spares_some = bool(self._exempt or self._exempt_clients) or self.reads_body
        self.steady = not (callable(config.cost) or self._distinct)  # the same operations for the same values

    def spares(self, request: Request) -> bool:
        """Whether this request is not counted."""
        if self._exempt_clients and request.client is not None and request.client in self._exempt_clients:
            return True
        if self._exempt and self._exempt.cover(request):
            return True
        return self.reads_body and has_no_body(request)

    def members(self, request: Request, body: Body, user: object) -> Values | None:
        """The values that are told apart, where the limit counts different ones. Raises Unreadable."""
        if not self._distinct:
            return None
        return tuple([source.same(source.found(request, body, user)) for source in self._distinct])

    def same(self, found: Values) -> Values:
        """One spelling for all that counts as the same."""
        return tuple([source.same(text) for source, text in zip(self.sources, found, strict=True)])

    def given(self, values: Sequence[object]) -> Values:
        """What is counted where code says by what. Raises ConfigError where it says more or less than ``by`` does."""
        return _given(f"limit {self.name!r} counts by", self.sources, values)

    def given_members(self, member: object) -> Values | None:
        """The same for a limit that counts different values; a tuple where these are of several sources."""
        values = () if member is None else member if isinstance(member, tuple) else (member,)
        found = _given(f"limit {self.name!r}: member=... is what it tells apart,", self._distinct, values)
        return found if self._distinct else None

    def ops(self, values: Values, cost: int | None = None, members: Values | None = None) -> tuple[Op, ...]:
        """The operations that count these values; ``cost`` where it is not the policy's own, none for 0."""
        if members is not None:
            return tuple(self._different(values, members))
        if cost is None:
            return self._ops[values]
        raw = framed(values)
        return tuple(self.counters(raw, self.tag(raw), cost)) if cost > 0 else ()

    def cost_of(self, request: Request) -> int | None:
        """What a callable says that this request costs; None where the policy says it itself."""
        if isinstance(self.config.cost, int):
            return None
        cost = self.config.cost(request)
        if type(cost) is not int or cost < 0:
            raise ConfigError(
                f"limit {self.name!r}: cost={self.config.cost!r} gave {cost!r}: whole numbers from 0 count"
            )
        return cost

    def made(self, values: Values) -> tuple[Op, ...]:
        """What counts these values at the policy's own cost; not remembered."""
        raw = framed(values)
        return tuple(self.counters(raw, self.tag(raw)))

    def counters(self, raw: bytes, tag: bytes, cost: int | None = None) -> Iterator[Op]:
        """What counts framed values with this tag; ``cost`` where it is not the policy's own."""
        config, report = self.config, self.config.mode == "report"
        if cost is None:
            cost = config.cost if isinstance(config.cost, int) else 1
        for key, rate, step, burst in self._rates:
            if config.window == "strict":
                yield Log(
                    key=key(raw), tag=tag, limit=rate.amount, period=rate.period, cost=min(cost, rate.amount),
                    report=report, on_outage=config.on_outage,
                )  # fmt: skip
            else:
                yield Gcra(
                    key=key(raw), tag=tag, step=step, burst=burst, cost=min(cost, burst),
                    report=report, on_outage=config.on_outage,
                )  # fmt: skip

    def _different(self, values: Values, members: Values) -> Iterator[Op]:
        config, raw = self.config, framed(values)
        tag, member = self.tag(raw), self._member(framed(members))
        for key, rate, _, _ in self._rates:
            yield Distinct(
                key=key(raw), tag=tag, member=member, limit=rate.amount, period=rate.period,
                report=config.mode == "report", on_outage=config.on_outage,
            )  # fmt: skip

    def _counted(self, keys: Keys) -> Iterator[tuple[Sealing, Rate, int, int]]:
        """Each rate with what makes its keys, its step and its burst."""
        # A policy that is reloaded with another kind of counter must not meet the states of this one.
        kind = "distinct" if self._distinct else self.config.window
        for rate in self.config.rates():
            key = keys.begun("limit", kind, self.name, str(rate.seconds))
            yield key, rate, -(-rate.period // rate.amount), self.config.burst or rate.amount


def _kept(source: By, cookies: Cookies | Literal[False]) -> By:
    """The source; a cookie by the name that browsers know it by, too."""
    if not (cookies and isinstance(source, Cookie)):
        return source
    return replace(source, prefix=prefix_of(cookies, source.name.decode()))


def has_no_body(request: Request) -> bool:
    """Whether a request has no field to count by: the page with the form must not use up what sending it may."""
    get = request.headers.get
    announced = get(b"content-length") or get(b"transfer-encoding") or get(b"content-type")
    return request.method in SAFE and not announced


def _quotas(config: RateLimit) -> Iterator[Quota]:
    for name, rate in zip(config.quota_names(), config.rates(), strict=True):
        yield Quota(name, rate.amount, rate.seconds)


def _given(where: str, sources: Sequence[By], values: Sequence[object]) -> Values:
    if len(values) != len(sources):
        names = ", ".join(map(str, sources)) or "nothing"
        raise ConfigError(f"{where} {names}: give {len(sources)} value(s), not {len(values)}")
    return tuple([source.same(_said(where, source, value)) for source, value in zip(sources, values, strict=True)])


def _said(where: str, source: By, value: object) -> str:
    """What code says of a source: text or a number, None for what is missing, and any user."""
    if source.needs_user:
        return source.found(_NOBODY, _NOTHING, value)
    if value is not None and not isinstance(value, str | int):  # the text of an object is other for each object
        raise ConfigError(f"{where} {source}: give its text, not {value!r}")
    return "" if value is None else str(value)
