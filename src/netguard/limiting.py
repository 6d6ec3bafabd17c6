"""Rate limits at work: which of them a request meets, and what their counts mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netguard.bodies import Body
from netguard.counters import NO_ROOM, UNAVAILABLE, Op
from netguard.errors import ConfigError, Unreadable
from netguard.keys import Keys
from netguard.memo import Memo
from netguard.messages import Count, RawHeaders, Refusal, Request
from netguard.patterns import PatternMap
from netguard.rate_answers import Quota, legacy_fields, quota_fields, retry_after
from netguard.rate_counting import Limit, Values
from netguard.rate_limit import RateLimit
from netguard.rules import Mode

_PROBLEM: Final = "https://iana.org/assignments/http-problem-types#quota-exceeded"
_LEAST_WAIT: Final = 1_000_000  # microseconds

Told = tuple[Limit, Quota]


class Group:
    """Limits that count by the same, so that one look gives the operations of all; one alone where its cost varies."""

    __slots__ = ("_ops", "_tells", "limits", "mode", "quotas", "reads_body", "steady")

    def __init__(self, limits: Sequence[Limit]) -> None:
        self.limits = tuple(limits)
        self.mode: Mode = limits[0].config.mode
        self.reads_body = limits[0].reads_body
        self.steady = limits[0].steady
        self.quotas: tuple[Told, ...] = tuple((limit, quota) for limit in limits for quota in limit.quotas)
        self._tells = any(limit.config.tell == "always" for limit in limits)
        self._ops: Memo[Values, tuple[Op, ...]] = Memo(self._made)

    def _made(self, found: Values) -> tuple[Op, ...]:
        return tuple(op for limit in self.limits for op in limit.ops(limit.same(found)))

    def ops(self, request: Request, body: Body, user: object) -> Sequence[Op]:
        """What a request counts as. Raises Unreadable."""
        first = self.limits[0]
        found = tuple([source.found(request, body, user) for source in first.sources])
        if self.steady:
            return self._ops[found]
        cost = first.config.cost
        members = first.members(request, body, user)
        return first.ops(first.same(found), cost(request) if callable(cost) else None, members)

    def refusal(self, counts: Sequence[Count]) -> Refusal | None:
        """The refusal of the longest wait, where any refuses."""
        for _, wait, _, _ in counts:
            if wait:
                return _refusal([(*told, count) for told, count in zip(self.quotas, counts, strict=True) if count[1]])
        return None

    def told(self, counts: Sequence[Count]) -> RawHeaders:
        """The fields of an answer that passes, of the limits that tell them."""
        if not self._tells:
            return []
        told = [(*told, count) for told, count in zip(self.quotas, counts, strict=True)]
        return _fields([(limit, quota, count) for limit, quota, count in told if limit.config.tell == "always"])


class LimitShare:
    """One request's part in a group of limits."""

    __slots__ = ("_group", "_request", "mode", "reads_body")

    rule: Final = "limits"

    def __init__(self, group: Group, request: Request) -> None:
        self.mode = group.mode
        self.reads_body = group.reads_body
        self._group = group
        self._request = request

    def ops(self, body: Body, user: object) -> Sequence[Op] | Refusal:
        """What to count; the refusal of a body that cannot be read."""
        try:
            return self._group.ops(self._request, body, user)
        except Unreadable as error:
            name = self._group.limits[0].name
            return Refusal("limits", "limits.unreadable", 400, f"limit {name!r} cannot read the body: {error}")

    def judge(self, counts: Sequence[Count]) -> Refusal | None:
        """The refusal of the longest wait, where any of the limits refuses."""
        return self._group.refusal(counts)

    def told(self, counts: Sequence[Count]) -> RawHeaders:
        """The fields of an answer that passes."""
        return self._group.told(counts)


def _refusal(refused: Sequence[tuple[Limit, Quota, Count]]) -> Refusal:
    limit, _, (_, wait, _, _) = max(refused, key=lambda one: one[2][1])
    if wait in (UNAVAILABLE, NO_ROOM):
        detail = f"limit {limit.name!r}: the store is out, and on_outage='refuse'"
        return Refusal("limits", "limits.unavailable", 503, detail, (retry_after(_LEAST_WAIT),))
    detail = f"limit {limit.name!r} ({limit.config.rate}) is used up"
    problem = {"type": _PROBLEM, "violated-policies": [quota.name for _, quota, _ in refused]}
    headers = (retry_after(wait), *_fields(refused))
    return Refusal("limits", "limits.exceeded", 429, detail, headers, problem=problem)


def _fields(told: Sequence[tuple[Limit, Quota, Count]]) -> RawHeaders:
    fields = quota_fields([(quota, count) for _, quota, count in told])
    old = [(quota, count) for limit, quota, count in told if limit.config.legacy_fields]
    return fields + legacy_fields(old) if old else fields


class RateLimits:
    """All limits of a policy: those that a request tells enough for, those that wait for its user, and all by name."""

    __slots__ = ("by_name", "by_user", "known")

    def __init__(self, configs: Sequence[RateLimit], secret: bytes) -> None:
        keys = Keys(secret)
        limits = [Limit(config, keys) for config in configs]
        self.by_name = {limit.name: limit for limit in limits}
        if len(self.by_name) < len(limits):
            twice = next(one.name for one in limits if self.by_name[one.name] is not one)
            raise ConfigError(
                f"Policy.limits: two limits are {twice!r}: give each a name=, or they would share a counter"
            )
        self.known = _routed([limit for limit in limits if not limit.needs_user])
        self.by_user = _routed([limit for limit in limits if limit.needs_user])


def _routed(limits: Sequence[Limit]) -> Routed | None:
    asked = [limit for limit in limits if limit.config.patterns() != ()]
    return Routed(asked) if asked else None


class Routed:
    """Limits for every route, and those that patterns name."""

    __slots__ = ("_everywhere", "_groups", "_routes", "_spares_some")

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._everywhere = tuple(limit for limit in limits if limit.config.patterns() is None)
        self._spares_some = any(limit.spares_some for limit in limits)
        routes = [(pattern, limit) for limit in limits for pattern in limit.config.patterns() or ()]
        self._routes = PatternMap("RateLimit.on", routes, guarding=True) if routes else None
        self._groups: Memo[tuple[Limit, ...], tuple[Group, ...]] = Memo(_grouped)

    def shares(self, request: Request) -> list[LimitShare]:
        """The parts that this request has; each limit once, however many of its patterns match."""
        limits = self._everywhere
        if self._routes:
            limits += tuple(dict.fromkeys(self._routes.match(request.method, request.path)))
        if self._spares_some:
            limits = tuple([limit for limit in limits if not (limit.spares_some and limit.spares(request))])
        return [LimitShare(group, request) for group in self._groups[limits]] if limits else []


def _grouped(limits: tuple[Limit, ...]) -> tuple[Group, ...]:
    groups: dict[object, list[Limit]] = {}
    for limit in limits:
        alike = (limit.sources, limit.config.mode) if limit.steady else limit
        groups.setdefault(alike, []).append(limit)
    return tuple(map(Group, groups.values()))
