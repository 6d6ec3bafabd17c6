"""The store of a policy, as drivers use it: opened once for all that serve the policy, its news told as events."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netguard.counters import Op, Settlement, Store
from netguard.events import Sinks
from netguard.messages import Decision, NeedBody, Respond, Taken
from netguard.plan import Plan
from netguard.policy import Policy


class Counters:
    """A store whose news are told to the sinks; the calls are the store's own."""

    __slots__ = ("_known", "_news", "_sinks", "store", "waits")

    def __init__(self, store: Store, sinks: Sinks) -> None:
        self.store = store
        self._sinks = sinks
        self._news = store.news
        self.waits = store.waits
        self._known: Callable[[Sequence[Op]], Taken | None] | None = getattr(store, "denied", None)

    def denied(self, ops: Sequence[Op]) -> Taken | None:
        """The refusal of these, where the store can tell without waiting for anybody; nothing is counted."""
        if self._known is not None:
            return self._known(ops)
        taken = None if self.waits else self.peek(ops)
        return None if taken is None or taken.ok else taken

    def take(self, ops: Sequence[Op]) -> Taken:
        taken = self.store.take(ops)
        if self._news:
            self._tell()
        return taken

    async def atake(self, ops: Sequence[Op]) -> Taken:
        taken = await self.store.atake(ops)
        if self._news:
            self._tell()
        return taken

    def peek(self, ops: Sequence[Op]) -> Taken:
        taken = self.store.peek(ops)
        if self._news:
            self._tell()
        return taken

    async def apeek(self, ops: Sequence[Op]) -> Taken:
        taken = await self.store.apeek(ops)
        if self._news:
            self._tell()
        return taken

    def settle(self, ops: Sequence[Settlement]) -> None:
        self.store.settle(ops)
        if self._news:
            self._tell()

    async def asettle(self, ops: Sequence[Settlement]) -> None:
        await self.store.asettle(ops)
        if self._news:
            self._tell()

    def _tell(self) -> None:
        while self._news:
            try:
                news = self._news.popleft()
            except IndexError:  # another thread told it
                return
            self._sinks.tell_news(news.code, news.detail, trouble=news.trouble)


def unless_denied(decision: Decision, counters: Counters | None) -> Decision:
    """The decision, or the refusal in its place of who is over a limit that needs no body: such a body stays unread."""
    if not isinstance(decision, NeedBody) or decision.first is None or counters is None:
        return decision
    denied = counters.denied(decision.first.ops)
    answer = decision if denied is None else decision.first.supply(denied)
    return answer if isinstance(answer, Respond) else decision


def counters_of(plan: Plan, sinks: Sinks) -> Counters | None:
    """The counters of a plan; None where it counts nothing."""
    if plan.store is not None:
        return Counters(plan.store, sinks)
    if not (plan.counted or plan.counted_by_user or plan.reports):
        return None
    return Counters(store_of(plan.policy), sinks)


def store_of(policy: Policy) -> Store:
    """The policy's one store, opened when it is first asked for."""
    opened = policy.shared.stores
    if policy.store not in opened:
        from netguard.stores import open_store

        opened[policy.store] = open_store(policy.store, outage_share=policy.outage_share)
    return opened[policy.store]
