"""Which plan serves a request: the one that there is, a live policy's at this moment, a tenant's; a driver for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeGuard, TypeVar

from netguard.messages import Request
from netguard.plan import Plan, plan_of
from netguard.policy import Policy

if TYPE_CHECKING:
    from netguard.live import LivePolicy


class Driver(Protocol):
    """What drives an app under one plan, and can make its like for another."""

    def serving(self, plan: Plan) -> Self:
        """The same app under another plan."""

    def failing(self, error: Exception) -> Self:
        """The same in an app's place that raises this."""


D = TypeVar("D", bound=Driver)


class Drivers(Generic[D]):
    """One driver for each plan that serves now; a request is driven by one of them to its end."""

    __slots__ = ("_first", "_live", "_made", "_outer")

    def __init__(self, first: D, source: LivePolicy | Plan) -> None:
        self._first = first
        self._live = source if is_live(source) else None
        self._outer = source if isinstance(source, Plan) else source.plan
        self._made: dict[Plan, D] = {}

    def of(self, request: Callable[[Plan], Request]) -> D:
        """The driver of a request, which ``request`` reads as a plan resolves it."""
        outer = self._outer if self._live is None else self._live.for_request()
        if outer is not self._outer:  # another policy is in force, and so are its tenants
            self._outer, self._made = outer, {}
        try:
            plan = outer if outer.tenants is None else outer.tenants.plan(request(outer)) or outer
        except Exception as error:  # of the callable that names tenants: answered as one of the app's
            return self._first.serving(outer).failing(error)
        driver = self._made.get(plan)
        if driver is None:
            driver = self._made[plan] = self._first.serving(plan)
        return driver


def is_live(source: object) -> TypeGuard[LivePolicy]:
    """Whether a policy may change while it is in force."""
    if source is None or isinstance(source, Policy | Plan):
        return False
    from netguard.live import LivePolicy  # threads, signals and files: only who has one waits for it

    return isinstance(source, LivePolicy)


def first_plan(source: Policy | Plan | LivePolicy | None) -> Plan:
    """The plan to begin with."""
    if is_live(source):
        return source.plan
    return plan_of(source)


def drivers(first: D, plan: Plan, source: object, check: Callable[[Plan], object]) -> Drivers[D] | None:
    """The drivers of a policy that may change, or has tenants; None where one plan serves all.

    ``check`` raises ConfigError for a plan that this app cannot be driven under.
    """
    for one in plan.all():
        check(one)
    if is_live(source):
        source.check(lambda changed: [check(one) for one in changed.all()])
        return Drivers(first, source)
    return Drivers(first, plan) if plan.tenants is not None else None
