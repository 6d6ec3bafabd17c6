"""Rate limits at work: which of them a request meets, and what their counts mean."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from typing import Final, Literal

from netguard.bodies import Body
from netguard.cookies import Cookies
from netguard.counters import Op
from netguard.counting import NO_BODY, Counting
from netguard.errors import Unreadable
from netguard.keys import Keys, framed
from netguard.memo import Memo
from netguard.messages import (
    CONTINUE,
    Count,
    Decision,
    NeedCounts,
    Passed,
    RawHeaders,
    Refusal,
    Request,
    Taken,
)
from netguard.patterns import PatternMap
from netguard.rate_answers import Quota
from netguard.rate_counting import Limit, Values
from netguard.rate_limit import RateLimit
from netguard.rate_refusals import fields_of, refusal_of
from netguard.rules import Mode

_NOBODY: Final = Request("", "", {})

Told = tuple[Limit, Quota]


class Group:
    """Limits that count by the same, so that one look gives the operations of all; one alone where its cost varies."""

    __slots__ = ("_ops", "limits", "mode", "quotas", "reads_body", "steady", "tells")

    def __init__(self, limits: Sequence[Limit]) -> None:
        self.limits = tuple(limits)
        self.mode: Mode = limits[0].config.mode
        self.reads_body = limits[0].reads_body
        self.steady = limits[0].steady
        self.quotas: tuple[Told, ...] = tuple((limit, quota) for limit in limits for quota in limit.quotas)
        self.tells = any(limit.config.tell == "always" for limit in limits)
        self._ops: Memo[Values, tuple[Op, ...]] = Memo(self.counted)

    def counted(self, found: Values) -> tuple[Op, ...]:
        """What counts these values, where nothing else of a request matters."""
        first = self.limits[0]
        raw = framed(first.same(found))
        tag = first.tag(raw)
        return tuple([op for limit in self.limits for op in limit.counters(raw, tag)])

    def ops(self, request: Request, body: Body, user: object) -> Sequence[Op]:
        """What a request counts as. Raises Unreadable."""
        first = self.limits[0]
        found = tuple([source.found(request, body, user) for source in first.sources])
        if self.steady:
            return self._ops[found]
        members = first.members(request, body, user)
        return first.ops(first.same(found), first.cost_of(request), members)

    def refusal(self, counts: Sequence[Count]) -> Refusal | None:
        """The refusal of the longest wait, where any refuses."""
        for _, wait, _, _ in counts:
            if wait:
                return refusal_of([(*told, count) for told, count in zip(self.quotas, counts, strict=True) if count[1]])
        return None

    def told(self, counts: Sequence[Count]) -> RawHeaders:
        """The fields of an answer that passes, of the limits that tell them."""
        if not self.tells:
            return []
        told = [(*told, count) for told, count in zip(self.quotas, counts, strict=True)]
        return fields_of([(limit, quota, count) for limit, quota, count in told if limit.config.tell == "always"])


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

    def again(self, counts: Sequence[Count]) -> bool:
        """Never."""
        return False

    def tried(self, counts: Sequence[Count]) -> None:
        """Nothing to settle."""


class RateLimits:
    """All limits of a policy: those that a request tells enough for, those that wait for its user, and all by name."""

    __slots__ = ("by_name", "by_user", "known")

    def __init__(self, configs: Sequence[RateLimit], secret: bytes, cookies: Cookies | Literal[False] = False) -> None:
        keys = Keys(secret)
        limits = [Limit(config, keys, cookies) for config in configs]
        self.by_name = {limit.name: limit for limit in limits}
        self.known = _routed([limit for limit in limits if not limit.needs_user])
        self.by_user = _routed([limit for limit in limits if limit.needs_user])


def _routed(limits: Sequence[Limit]) -> Routed | None:
    asked = [limit for limit in limits if limit.config.patterns() != ()]
    return Routed(asked) if asked else None


class Routed:
    """Limits for every route, and those that patterns name."""

    __slots__ = ("_always", "_everywhere", "_met", "_routes", "_spares_some")

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._everywhere = tuple(limit for limit in limits if limit.config.patterns() is None)
        self._spares_some = any(limit.spares_some for limit in limits)
        routes = [(pattern, limit) for limit in limits for pattern in limit.config.patterns() or ()]
        self._routes = PatternMap("RateLimit.on", routes, guarding=True) if routes else None
        self._met: Memo[tuple[Limit, ...], Met] = Memo(Met)
        self._always = None if routes or self._spares_some else Met(self._everywhere)

    def shares(self, request: Request) -> list[LimitShare]:
        """The parts that this request has; each limit once, however many of its patterns match."""
        return [LimitShare(group, request) for group in self.met(request).groups]

    def met(self, request: Request) -> Met:
        """The limits that this request meets."""
        if self._always is not None:
            return self._always
        limits = self._everywhere
        if self._routes:
            limits += tuple(dict.fromkeys(self._routes.match(request.method, request.path)))
        if self._spares_some:
            limits = tuple([limit for limit in limits if not (limit.spares_some and limit.spares(request))])
        return self._met[limits]


class Met:
    """Limits that a request meets together; ``steady`` where the values that it is counted by say all that they ask."""

    __slots__ = ("_counting", "_decisions", "_only", "_parts", "_silent", "_sources", "groups", "steady")

    def __init__(self, limits: tuple[Limit, ...]) -> None:
        alike: dict[object, list[Limit]] = {}
        for limit in limits:
            alike.setdefault((limit.sources, limit.config.mode) if limit.steady else limit, []).append(limit)
        self.groups = tuple(map(Group, alike.values()))
        self.steady = all(group.steady and not group.reads_body for group in self.groups)
        self._sources = tuple(source for group in self.groups for source in group.limits[0].sources)
        self._only = self._sources[0] if len(self._sources) == 1 else None
        self._decisions: Memo[Values, Decision] = Memo(self._decided)
        self._counting = Counting(_NOBODY, ())
        self._parts = [(LimitShare(group, _NOBODY), len(group.quotas)) for group in self.groups]
        self._silent = None if any(group.tells for group in self.groups) else sum(length for _, length in self._parts)

    def decision(self, request: Request) -> Decision:
        """What steady limits ask of a request that no other rule counts."""
        if self._only is not None:  # most limits: by the client
            return self._decisions[(self._only.found(request, NO_BODY, None),)]
        return self._decisions[tuple([source.found(request, NO_BODY, None) for source in self._sources])]

    def _decided(self, found: Values) -> Decision:
        rest = iter(found)
        ops = [group.counted(tuple(islice(rest, len(group.limits[0].sources)))) for group in self.groups]
        return NeedCounts(tuple(chain.from_iterable(ops)), self._judged) if ops else CONTINUE

    def _judged(self, taken: Taken) -> Decision:
        if isinstance(taken, Passed) and len(taken.ops) == self._silent:  # most requests: nothing to judge or to tell
            return CONTINUE
        return self._counting.judged(self._parts, taken, ())
