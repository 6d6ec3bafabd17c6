"""The core: compiles a policy into a plan, and decides on a request without any I/O.

A request passes, in this order: development (private clients only), hosts, https, origin, the receiver of reports, then
the rules that count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

from netguard.cookie_rewriting import CookieRewriter
from netguard.counting import Counted, Counting
from netguard.errors import ConfigError
from netguard.events import logger
from netguard.headers.lint import lint
from netguard.headers.merge import HeaderMerge
from netguard.memo import Memo
from netguard.messages import (
    CONTINUE,
    Continue,
    Decision,
    HeaderLookup,
    Kind,
    NeedBody,
    Refusal,
    Request,
    Respond,
    Taken,
)
from netguard.policy import Policy
from netguard.proxies import Proxies, Resolver
from netguard.refusals import UNPROVED, Pages
from netguard.rules import Check, Mode, Step
from netguard.rules.hosts import DEFAULT_PORT, Authority, Hosts, parse_authority
from netguard.rules.paths import Exemptions
from netguard.rules.private import PrivatePeers
from netguard.rules.reports import Receiver
from netguard.rules.users import UserRule

_new: Final = object.__new__
_NOWHERE: Final = (None, None)
BODY_LIMIT: Final = 65_536  # bytes of a body that rules may read


class Store(Protocol):
    """Where counters live. ``take`` judges all operations and writes only if none refuses, in one step."""

    def take(self, ops: Sequence[object]) -> Taken:
        """Take these operations."""

    async def atake(self, ops: Sequence[object]) -> Taken:
        """The same for drivers that await."""


class Plan:
    """A policy, compiled: everything that does not depend on the request is done here."""

    __slots__ = (
        "_authorities", "checks", "counted", "merge", "pages", "policy", "receiver", "resolver", "static", "steps",
        "store", "user_rules",
    )  # fmt: skip

    def __init__(
        self,
        policy: Policy,
        counted: Sequence[Counted] = (),
        user_rules: Sequence[UserRule] = (),
        store: Store | None = None,
    ) -> None:
        self.policy = policy
        self.receiver = Receiver(policy.headers.report_paths() if policy.headers else ())
        self.steps = tuple(_steps(policy, self.receiver))
        self.checks = tuple(step.check for step in self.steps)
        self.counted = tuple(counted)
        self.user_rules = tuple(user_rules)
        self.static = not (self.counted or self.user_rules or self.receiver)
        self.store = store
        self.resolver = Resolver(Proxies.of(policy.proxies))
        self.merge = HeaderMerge(policy.headers or None, _rewriter(policy))
        self.pages = Pages(policy.on_refusal, policy.texts)
        self._authorities: Memo[bytes, Authority | None] = Memo(parse_authority)
        if policy.preset == "legacy":
            logger.warning("Policy.legacy() sends X-XSS-Protection: 1 and Expect-CT, which no browser needs any more")
        for finding in lint(policy.headers) if policy.headers else ():
            logger.warning("%s [docs/csp.md]", finding)

    def request(
        self,
        method: str,
        path: str,
        headers: HeaderLookup,
        scheme: str,
        peer: str | None,
        target: bytes,
        query: bytes,
        root: str,
        kind: Kind,
    ) -> Request:
        """The request as it truly is: client, scheme and host resolved by the one resolver."""
        client, scheme, raw, proxied = self.resolver.resolve(peer, scheme, headers)
        host, port = _NOWHERE if raw is None else self._authorities[raw] or _NOWHERE
        if port == DEFAULT_PORT[scheme]:
            port = None
        request = _new(Request)  # its __init__ would cost as much as the resolving
        request.method = method
        request.path = path
        request.headers = headers
        request.scheme = scheme
        request.host = host
        request.port = port
        request.client = client
        request.peer = peer
        request.proxied = proxied
        request.authority = raw
        request.target = target
        request.query = query
        request.root = root
        request.kind = kind
        return request


def plan_of(policy: Policy | Plan | None) -> Plan:
    """The plan of a policy, where none was compiled already; ``None`` is the policy that says nothing."""
    if policy is None or isinstance(policy, Policy):
        return Plan(policy or Policy())
    if not isinstance(policy, Plan):
        raise ConfigError(f"NetguardMiddleware: write NetguardMiddleware(app, Policy(...)), not {policy!r}")
    return policy


def _rewriter(policy: Policy) -> CookieRewriter | None:
    cookies = policy.cookies
    return CookieRewriter(cookies, raises=cookies.strict and policy.preset == "development") if cookies else None


def _steps(policy: Policy, receiver: Receiver) -> Iterator[Step]:
    hosts = Hosts(patterns=policy.hosts)
    exempt = Exemptions("Policy.exempt", policy.exempt)
    if policy.preset == "development" and not policy.open:
        yield Step("development", PrivatePeers().check)
    yield Step("hosts", _unless_exempt(exempt, hosts.check))
    if policy.https:
        yield Step("https", _shadowed(policy.https.mode, _unless_exempt(exempt, policy.https.rule(hosts))))
    if policy.origin:
        yield Step("origin", _shadowed(policy.origin.mode, _unless_exempt(receiver, policy.origin.rule())))
        isolation = policy.origin.isolation()
        if isolation is not None:
            yield Step("isolation", _shadowed(policy.origin.mode, isolation))


def _unless_exempt(exempt: Exemptions | Receiver, check: Check) -> Check:
    if not exempt:
        return check

    def spared(request: Request) -> Refusal | None:
        refusal = check(request)
        return None if refusal is None or exempt.cover(request) else refusal

    return spared


def _shadowed(mode: Mode, check: Check) -> Check:
    if mode == "enforce":
        return check

    def reported(request: Request) -> Refusal | None:
        refusal = check(request)
        return None if refusal is None else replace(refusal, enforced=False)

    return reported


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
    if plan.receiver.cover(request):
        return plan.receiver.decide(request, notes)
    pending = tuple(rule for rule in plan.user_rules if rule.matches(request))
    matched = tuple(rule for rule in plan.counted if rule.matches(request))
    if not matched:
        return Continue(notes, pending) if notes or pending else CONTINUE
    count = Counting(request, matched, pending)
    if any(rule.reads_body for rule in matched):
        return NeedBody(BODY_LIMIT, lambda body: count.operations(body, notes), lambda why: count.unread(why, notes))
    return count.operations(b"", notes)


def proved(decision: Decision) -> Continue | Respond:
    """The decision if it is one; whatever else a bug may have made refuses."""
    if type(decision) is Continue or type(decision) is Respond:
        return decision
    return Respond(UNPROVED)
