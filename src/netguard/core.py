"""The core: decides on a request without any I/O.

A request passes, in this order: development (private clients only), hosts, https, paths, areas, origin, isolation, the
receiver of reports, the request token, then the rules that count; rules about the user where the app knows it.
"""

from __future__ import annotations

from collections.abc import Sequence

from netguard.counting import Counted, Counting, Later, Share
from netguard.messages import CONTINUE, Continue, Decision, Refusal, Request, Respond
from netguard.plan import Plan


def decide(plan: Plan, request: Request) -> Decision:
    """Continue, respond, or name what is needed first; only a ``Continue`` may reach the app."""
    notes: tuple[Refusal, ...] = ()
    for check in plan.checks:
        refusal = check(request)
        if refusal is not None:
            if refusal.enforced:
                return Respond(refusal, notes)
            notes += (refusal,)
    if plan.static and not notes:
        return CONTINUE
    if plan.reports is not None and plan.receiver.cover(request):
        return plan.reports.decide(request, notes)
    later = _later(plan, request) if plan.asks_user else None
    if plan.known_limits is not None and not (notes or later or _shares(plan.counted_beside, request)):
        met = plan.known_limits.met(request)
        if met.steady:  # limits alone count it, by values whose decision is remembered
            return met.decision(request)
    shares = _shares(plan.counted, request)
    if not shares and (later is None or not later.shares):
        return Continue(notes, later) if notes or later else CONTINUE
    return Counting(request, shares, later).asked(notes)


def _later(plan: Plan, request: Request) -> Later | None:
    """What waits for the user of this request; None where nothing does."""
    rules = tuple([rule for rule in plan.user_rules if rule.matches(request)])
    if plan.areas is not None:
        rules += tuple(plan.areas.rules(request))
    shares = _shares(plan.counted_by_user, request)
    return Later(request, rules, shares) if rules or shares else None


def _shares(rules: Sequence[Counted], request: Request) -> tuple[Share, ...]:
    return tuple([share for rule in rules for share in rule.shares(request)])
