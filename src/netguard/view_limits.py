"""Limits on single views: what every adapter's decorator asks before a view runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar, cast

from netguard.count_sources import Given
from netguard.counting import NO_BODY, Counting
from netguard.errors import ConfigError
from netguard.exchange import Exchange
from netguard.limiter import AsyncLimiter, Limiter, Limits
from netguard.limiting import Group, LimitShare
from netguard.messages import Decision, NeedCounts, Respond
from netguard.refusals import proved

View = TypeVar("View", bound=Callable[..., Any])
Arguments = tuple[tuple[Any, ...], dict[str, Any]]  # of a view
Check = Callable[[Arguments], Any]
AsyncCheck = Callable[[Arguments], Awaitable[Any]]


class ViewLimits:
    """Limits of a policy that a view asks with its request, all in one decision.

    Raises ConfigError for a limit that the middleware counts already, or that needs what a view cannot give: the body
    belongs to the view, and what code says itself is for ``limiter.hit``.
    """

    __slots__ = ("_groups", "_limiter", "needs_user")

    def __init__(self, limiter: Limiter | AsyncLimiter, names: tuple[str, ...]) -> None:
        if not isinstance(limiter, Limits):
            raise ConfigError(f"limited: write limited(Limiter(policy), 'name of a limit'), not limited({limiter!r})")
        if not names:
            raise ConfigError("limited: name the limits, as in limited(limiter, 'mail')")
        self._limiter = limiter
        self._groups = tuple(_checked(limiter.named(name)) for name in names)
        self.needs_user = any(limit.needs_user for group in self._groups for limit in group.limits)

    def refusal(self, exchange: Exchange, user: object = None) -> Respond | None:
        """Count this request; the answer in the view's place where a limit refuses. ``user`` is None for nobody."""
        decision = self._asked(exchange, user)
        while isinstance(decision, NeedCounts):
            decision = decision.supply(self._limiter.counters.take(decision.ops))
        return self._told(exchange, decision)

    async def arefusal(self, exchange: Exchange, user: object = None) -> Respond | None:
        """The same where the counters are awaited."""
        decision = self._asked(exchange, user)
        while isinstance(decision, NeedCounts):
            decision = decision.supply(await self._limiter.counters.atake(decision.ops))
        return self._told(exchange, decision)

    def _asked(self, exchange: Exchange, user: object) -> Decision:
        request = exchange.request
        shares = [LimitShare(group, request) for group in self._groups if not group.limits[0].spares(request)]
        return Counting(request, shares, None, user).counted(NO_BODY, ())

    def _told(self, exchange: Exchange, decision: Decision) -> Respond | None:
        final = proved(decision)
        self._limiter.sinks.tell_decision(exchange.request, final)
        if isinstance(final, Respond):
            exchange.skip_view()
            return final
        exchange.add(final.headers)
        return None


def _checked(group: Group) -> Group:
    limit = group.limits[0]
    if limit.config.patterns() != ():
        raise ConfigError(
            f"limited: the middleware counts limit {limit.name!r} on its routes: write on=[] for a view's"
        )
    if any(isinstance(source, Given) for source in limit.sources):
        raise ConfigError(f"limited: limit {limit.name!r} counts what code says: write by=client or by=user")
    if limit.reads_body:
        raise ConfigError(
            f"limited: limit {limit.name!r} counts by a field of the body, which is the view's: write "
            "on='POST /path' and leave the view alone, or ask limiter.hit in it"
        )
    return group


def behind(view: View, check: Check, acheck: AsyncCheck, *, awaits: bool) -> View:
    """The view, sync or async, behind a check: what the check answers, and only where it is None what the view does."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> Any:  # the view's own
        instead = check((args, kwargs))
        return view(*args, **kwargs) if instead is None else instead

    @wraps(view)
    async def answered_async(*args: Any, **kwargs: Any) -> Any:
        instead = await acheck((args, kwargs))
        return await view(*args, **kwargs) if instead is None else instead

    return cast(View, answered_async if awaits else answered)
