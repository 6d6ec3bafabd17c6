"""Why a request would pass or be refused: the same steps as ``decide``, told one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote

from netguard.bodies import Body
from netguard.core import decide
from netguard.messages import Decision, Kind, Refusal, Request, Respond
from netguard.plan import Plan
from netguard.policy import Policy
from netguard.rules.token import FIELD


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule said."""

    rule: str
    outcome: Literal["pass", "refuse", "report", "ask"]  # ask: the body, a store or the user would decide
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The ordered trace of a request through a policy, and the decision that it ends in."""

    request: Request
    trace: tuple[Verdict, ...]
    decision: Decision

    @property
    def decided_by(self) -> str | None:
        """The reason code that decided, or None where the request continues."""
        return self.decision.refusal.code if isinstance(self.decision, Respond) else None

    def __str__(self) -> str:
        asked = self.request
        lines = [f"{asked.method} {asked.path} from {asked.client} over {asked.scheme} to {asked.host}"]
        lines += [f"  {v.rule:<12} {v.outcome:<7} {v.code} {v.detail}".rstrip() for v in self.trace]
        return "\n".join(lines)


def explain(policy: Policy, request: Request) -> Explanation:
    """Run the steps of ``decide`` on a request and tell what each said, up to the one that decided."""
    outer = Plan(policy)
    plan = (outer.tenants.plan(request) if outer.tenants else None) or outer
    trace = [Verdict("tenants", "pass", detail=plan.policy.space or "the outer policy")] if outer.tenants else []
    for step in plan.steps:
        refusal = step.check(request)
        trace.append(_verdict(step.rule, refusal, _area(plan, request) if step.rule == "areas" else ""))
        if refusal is not None and refusal.enforced:
            break
    else:
        trace += _beyond(plan, request)
    return Explanation(request, tuple(trace), decide(plan, request))


def _beyond(plan: Plan, request: Request) -> Iterator[Verdict]:
    """What comes after the steps; a report is taken in before."""
    if plan.receiver.cover(request):
        return
    for verdict in _token(plan, request):
        yield verdict
        if verdict.outcome == "refuse":
            return
    yield from _counted(plan, request)
    yield from _roles(plan, request)


def _counted(plan: Plan, request: Request) -> Iterator[Verdict]:
    """What would be counted, which only the store can decide."""
    for limit in plan.limits.met(request) if plan.limits else ():
        yield Verdict("limits", "ask", detail=f"limit {limit.name!r} counts it: {limit.config.rate}")
    for lockout in plan.lockouts.tried(request) if plan.lockouts else ():
        yield Verdict("lockout", "ask", detail=f"lockout {lockout.name!r} takes a try: {lockout.tries}")


def _roles(plan: Plan, request: Request) -> Iterator[Verdict]:
    """What waits for the user."""
    for guard in plan.areas.guards(request) if plan.areas else ():
        if guard.roles:
            yield Verdict("roles", "ask", detail=f"area {guard.name} needs: {' and '.join(map(str, guard.roles))}")


def _token(plan: Plan, request: Request) -> Iterator[Verdict]:
    """What the rule about the request token says, which without the body it may not be able to."""
    if plan.csrf is None:
        return
    for share in plan.csrf.rule.shares(request):
        if share.reads_body:
            yield Verdict("token", "ask", detail=f"the form's field {FIELD} decides")
            return
        refusal = share.ops(Body(b"", None))
        if isinstance(refusal, Refusal):
            yield _verdict("token", replace(refusal, enforced=share.mode == "enforce"))
            return
    yield Verdict("token", "pass")


def _area(plan: Plan, request: Request) -> str:
    """Which area a request was held against."""
    found = plan.areas.guards(request) if plan.areas else ()
    return " and ".join(f"area {guard.name}" for guard in found) or "in no area"


def _verdict(rule: str, refusal: Refusal | None, passing: str = "") -> Verdict:
    if refusal is None:
        return Verdict(rule, "pass", detail=passing)
    return Verdict(rule, "refuse" if refusal.enforced else "report", refusal.code, refusal.detail)


def asked(
    policy: Policy,
    line: str,
    headers: Mapping[str, str],
    *,
    peer: str | None = "203.0.113.7",
    scheme: str = "https",
    kind: Kind = "http",
) -> Request:
    """The request that a line such as ``"POST /login?next=/"`` means, resolved as the policy's drivers would."""
    method, _, target = line.rpartition(" ")
    path, _, query = target.partition("?")
    fields = {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in headers.items()}
    raw = path.encode("utf-8", "surrogateescape")
    return Plan(policy).request(
        method or "GET", unquote(path), fields, scheme, peer, raw, query.encode("latin-1", "replace"), "", kind
    )
