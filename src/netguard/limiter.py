"""Rate limits from code: ``limiter.hit("mail", recipient)``, by the names that the policy gives its limits."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from netguard.awaited import Awaited
from netguard.checks import nearest, whole
from netguard.counters import Clear, Op
from netguard.counters.rates import Distinct
from netguard.errors import ConfigError, RateLimited
from netguard.events import NO_REQUEST, Sinks
from netguard.limiting import Group, RateLimits
from netguard.messages import Count, Taken
from netguard.plan import Plan
from netguard.policy import Policy
from netguard.rate_answers import seconds
from netguard.serving import first_plan, is_live
from netguard.taking import Counters, store_of

if TYPE_CHECKING:
    from netguard.live import LivePolicy

_SECOND: Final = 1_000_000  # microseconds
_UNASKED: Final = "AsyncLimiter: write `await limiter.hit(...)`; without await, nothing was asked"
_MOST: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Hit:
    """What a limit says: true where it passes. ``wait`` and ``reset`` are seconds."""

    passed: bool
    left: int  # how much may still come at once
    wait: float  # until as much would pass; 0 where it does
    reset: float  # until all is as at first

    def __bool__(self) -> bool:
        return self.passed

    @property
    def retry_after(self) -> int:
        """The wait in whole seconds, never too early, as Retry-After has it."""
        return seconds(round(self.wait * _SECOND))


class Limits:
    """The limits of a policy by name, with the store that its middlewares count in."""

    __slots__ = ("counters", "groups", "sinks")

    def __init__(self, policy: Policy | Plan | LivePolicy) -> None:
        kind = type(self).__name__
        if not isinstance(policy, Policy | Plan) and not is_live(policy):
            raise ConfigError(f"{kind}: write {kind}(Policy(...)), not {policy!r}")
        plan, policy = (None, policy) if isinstance(policy, Policy) else (first_plan(policy), policy.policy)
        if not policy.limits:
            raise ConfigError(f"{kind}: the policy has no limits: write Policy(limits=[RateLimit(..., name=...)])")
        limits = RateLimits(policy.limits, policy.key_of_counters(), policy.cookies).by_name
        store = store_of(policy) if plan is None or plan.store is None else plan.store
        self.groups = {name: Group([limit]) for name, limit in limits.items()}
        self.sinks = Sinks(policy.events)
        self.counters = Counters(store, self.sinks)

    def named(self, name: str) -> Group:
        """The limit of this name; ConfigError with the nearest where there is none."""
        if name not in self.groups:
            known = ", ".join(map(repr, self.groups))
            raise ConfigError(f"the policy has no limit {name!r}{nearest(str(name), self.groups)} (it has {known})")
        return self.groups[name]

    def _asked(self, name: str, values: Sequence[object], cost: int | None, member: object) -> _Question:
        group = self.named(name)
        limit = group.limits[0]
        if cost is not None:
            whole(f"limit {name!r}: cost", cost, 1, _MOST)
        elif callable(limit.config.cost):
            raise ConfigError(f"limit {name!r}: its cost is a callable of a request: say cost=...")
        if limit.config.distinct is not None and cost is not None:
            raise ConfigError(f"limit {name!r} counts different values, each once: leave cost out")
        return _Question(group, limit.ops(limit.given(values), cost, limit.given_members(member)))

    def _cleared(self, name: str, values: Sequence[object]) -> list[Clear]:
        limit = self.named(name).limits[0]
        members = () if limit.config.distinct is not None else None
        return [Clear(op.key, op.tag) for op in limit.ops(limit.given(values), None, members)]

    def _told(self, asked: _Question, taken: Taken) -> Hit:
        """What a hit came to; a refusal is an event, in report mode too."""
        refusal = asked.group.refusal(taken.counts)
        if refusal is not None:
            self.sinks.tell(NO_REQUEST, replace(refusal, enforced=asked.group.mode == "enforce"))
        return asked.hit(taken, written=taken.ok)


@dataclass(frozen=True, slots=True)
class _Question:
    group: Group
    ops: tuple[Op, ...]

    def hit(self, taken: Taken, *, written: bool) -> Hit:
        """What the counts of all rates come to together."""
        waits = [_SECOND if wait < 0 else wait for _, wait, _, _ in taken.counts]  # below 0: nobody knows how long
        resets = [reset for _, _, reset, _ in taken.counts]
        left = [_left(op, count, written) for op, count in zip(self.ops, taken.counts, strict=True)]
        return Hit(taken.ok, min(left), max(waits) / _SECOND, max(resets) / _SECOND)


def _left(op: Any, count: Count, written: bool) -> int:
    """What is left now: a count tells it as after its step, also where that was not written."""
    left, wait, _, generation = count
    if written or wait:
        return max(0, left)
    return left + ((generation >= 0) if isinstance(op, Distinct) else op.cost)


class Limiter(Limits):
    """Hit, look at and reset the limits of a policy by name, from jobs and from sync views: ``Limiter(policy)``.

    It counts where the policy's middlewares do, under the same keys: ``limiter.hit("mail", "ann@club.example")`` and a
    request that says so in a field that ``RateLimit(name="mail", by=form("email"))`` counts by are two of one quota.
    Values are what ``by`` names, in its order; an empty ``on=[]`` is for limits that only code asks, which without
    ``by`` count any one text. Exemptions are about requests and mean nothing here.
    """

    __slots__ = ()

    def hit(self, name: str, *values: object, cost: int | None = None, member: object = None) -> Hit:
        """Count once, or ``cost`` times (at most the burst is taken at once), and tell whether that passes.

        ``member`` is the value that a limit with ``distinct`` tells apart. A refusal counts nothing and is an event. An
        unknown name is a ConfigError.
        """
        asked = self._asked(name, values, cost, member)
        return self._told(asked, self.counters.take(asked.ops))

    def take(self, name: str, *values: object, cost: int | None = None, member: object = None) -> Hit:
        """The same, for jobs: raises RateLimited, with the ``wait`` in seconds, where it does not pass."""
        return _passed(name, self.hit(name, *values, cost=cost, member=member))

    def peek(self, name: str, *values: object, cost: int | None = None, member: object = None) -> Hit:
        """Whether a hit would pass, and what is left now; nothing is counted."""
        asked = self._asked(name, values, cost, member)
        return asked.hit(self.counters.peek(asked.ops), written=False)

    def reset(self, name: str, *values: object) -> None:
        """Forget all that was counted of these values."""
        self.counters.settle(self._cleared(name, values))


class AsyncLimiter(Limits):
    """``Limiter`` for async code: the same methods, awaited: ``await limiter.hit("mail", recipient)``."""

    __slots__ = ()

    def hit(self, name: str, *values: object, cost: int | None = None, member: object = None) -> Awaitable[Hit]:
        """As ``Limiter.hit``."""
        return Awaited(self._hit(self._asked(name, values, cost, member)), _UNASKED)

    async def take(self, name: str, *values: object, cost: int | None = None, member: object = None) -> Hit:
        """As ``Limiter.take``."""
        return _passed(name, await self.hit(name, *values, cost=cost, member=member))

    def peek(self, name: str, *values: object, cost: int | None = None, member: object = None) -> Awaitable[Hit]:
        """As ``Limiter.peek``."""
        return Awaited(self._peek(self._asked(name, values, cost, member)), _UNASKED)

    async def reset(self, name: str, *values: object) -> None:
        """As ``Limiter.reset``."""
        await self.counters.asettle(self._cleared(name, values))

    async def _hit(self, asked: _Question) -> Hit:
        return self._told(asked, await self.counters.atake(asked.ops))

    async def _peek(self, asked: _Question) -> Hit:
        return asked.hit(await self.counters.apeek(asked.ops), written=False)


def _passed(name: str, hit: Hit) -> Hit:
    if not hit:
        raise RateLimited(f"limit {name!r} refuses for {hit.retry_after} s", hit.wait)
    return hit
