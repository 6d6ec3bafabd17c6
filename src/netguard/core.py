"""The core: compiles a policy into a plan, and decides on a request without any I/O.

A request passes, in this order: development (private clients only), hosts, https, paths, areas, origin, the receiver of
reports, the request token, then the rules that count; rules about the user where the app knows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from netguard.checks import nearest
from netguard.cookie_rewriting import CookieRewriter
from netguard.counters import Store
from netguard.counting import Counted, Counting, Later, Share
from netguard.errors import ConfigError
from netguard.events import logger
from netguard.headers.lint import lint
from netguard.headers.merge import HeaderMerge
from netguard.intervals import Pause, no_pause
from netguard.lockout import Lockout
from netguard.memo import Memo
from netguard.messages import (
    CONTINUE,
    Continue,
    Decision,
    HeaderLookup,
    Kind,
    Refusal,
    Request,
    Respond,
)
from netguard.policy import Policy, Tenants
from netguard.proxies import Proxies, Resolver
from netguard.rate_limit import RateLimit
from netguard.refusals import Pages
from netguard.rules import Check, Mode, Step
from netguard.rules.areas import Area, AreaRule
from netguard.rules.hosts import DEFAULT_PORT, LOCAL, Authority, Hosts, parse_authority
from netguard.rules.paths import Ambiguity, Exemptions
from netguard.rules.private import PrivatePeers
from netguard.rules.reports import Receiver
from netguard.rules.users import UserRule

if TYPE_CHECKING:
    from netguard.csrf import Csrf
    from netguard.devices import Devices
    from netguard.limiting import RateLimits
    from netguard.login_attempts import Lockouts
    from netguard.report_counting import CountedReceiver

_new: Final = object.__new__
_NOWHERE: Final = (None, None)


class Plan:
    """A policy, compiled: everything that does not depend on the request is done here."""

    __slots__ = (
        "_authorities", "areas", "asks_user", "checks", "counted", "counted_beside", "counted_by_user", "csrf",
        "devices", "known_limits", "limits", "lockouts", "merge", "pages", "policy", "receiver", "reports", "resolver",
        "static", "steps", "store", "tenants", "user_rules",
    )  # fmt: skip

    def __init__(
        self,
        policy: Policy,
        counted: Sequence[Counted] = (),
        user_rules: Sequence[UserRule] = (),
        store: Store | None = None,
        *,
        pause: Pause = no_pause,
    ) -> None:
        self.policy = policy
        self.tenants = _tenants(policy, pause)
        self.receiver = Receiver(policy.headers.report_paths() if policy.headers else ())
        self.areas = AreaRule(policy.areas, pause) if policy.areas else None
        self.steps = tuple(_steps(policy, self.receiver, self.areas))
        self.checks = tuple(step.check for step in self.steps)
        self.merge = HeaderMerge(policy.headers or None, _rewriter(policy), _local(policy))
        self.csrf = _csrf(policy, self.merge)
        self.limits = _limits(policy)
        self.devices = _devices(policy, self.merge)
        self.lockouts = _lockouts(policy, self.devices)
        token = self.csrf.rule if self.csrf else None
        known, by_user = (self.limits.known, self.limits.by_user) if self.limits else (None, None)
        self.known_limits = known
        self.counted_beside = _present(token, self.lockouts, *counted)
        self.counted = _present(token, known, self.lockouts, *counted)
        self.counted_by_user = _present(by_user)
        self.user_rules = tuple(user_rules)
        self.reports = _reports(policy, self.receiver)
        roles = self.areas is not None and self.areas.asks_user
        self.asks_user = bool(self.user_rules or self.counted_by_user or roles)
        self.static = not (self.counted or self.asks_user or self.receiver)
        self.store = store
        self.resolver = Resolver(Proxies.of(policy.proxies))
        self.pages = Pages(policy.on_refusal, policy.texts)
        self._authorities: Memo[bytes, Authority | None] = Memo(parse_authority)
        if policy.preset == "legacy":
            logger.warning("Policy.legacy() sends X-XSS-Protection: 1 and Expect-CT, which no browser needs any more")
        for finding in lint(policy.headers) if policy.headers else ():
            logger.warning("%s [docs/csp.md]", finding)

    def all(self) -> Iterator[Plan]:
        """This plan, and those of its tenants."""
        yield self
        yield from self.tenants.plans.values() if self.tenants else ()

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


class TenantPlans:
    """The plans of a policy's tenants by name, and which of them serves a request."""

    __slots__ = ("_name", "plans")

    def __init__(self, tenants: Tenants, pause: Pause) -> None:
        self.plans = {name: Plan(policy, pause=pause) for name, policy in tenants.policies.items()}
        self._name = tenants.chooser()

    def plan(self, request: Request) -> Plan | None:
        """The plan of the request's tenant; None where it has none, so that the outer policy serves it.

        Raises ConfigError where the callable names a tenant that there is not.
        """
        name = self._name(request)
        if name is None:
            return None
        if name not in self.plans:
            raise ConfigError(
                f"Tenants.by gave {name!r}{nearest(str(name), self.plans)}, which is none of its policies"
            )
        return self.plans[name]


def _tenants(policy: Policy, pause: Pause) -> TenantPlans | None:
    return TenantPlans(policy.tenants, pause) if policy.tenants else None


def plan_of(policy: object) -> Plan:
    """The plan of a policy, where none was compiled already; ``None`` is the policy that says nothing."""
    if policy is None or isinstance(policy, Policy):
        return Plan(policy or Policy())
    if not isinstance(policy, Plan):
        raise ConfigError(f"NetguardMiddleware: write NetguardMiddleware(app, Policy(...)), not {policy!r}")
    return policy


def _rewriter(policy: Policy) -> CookieRewriter | None:
    cookies = policy.cookies
    return CookieRewriter(cookies, raises=cookies.strict and policy.preset == "development") if cookies else None


def _local(policy: Policy) -> frozenset[str]:
    """Hosts whose cookies are not Secure over plain http; the test clients' own name is served in development alone."""
    return LOCAL | {"testserver"} if policy.preset == "development" else LOCAL


def _csrf(policy: Policy, merge: HeaderMerge) -> Csrf | None:
    if not (policy.origin and policy.origin.token):
        return None
    from netguard.csrf import Csrf  # hashlib takes milliseconds to load: only who wants tokens waits for it

    return Csrf(policy.origin, policy.secrets, merge)


def _limits(policy: Policy) -> RateLimits | None:
    if not policy.limits:
        return None
    from netguard.limiting import RateLimits  # as above

    return RateLimits(policy.limits, policy.key_of_counters(), policy.cookies)


def _reports(policy: Policy, receiver: Receiver) -> CountedReceiver | None:
    if not receiver:
        return None
    from netguard.report_counting import CountedReceiver  # as above

    return CountedReceiver(receiver, policy.key_of_counters())


def _devices(policy: Policy, merge: HeaderMerge) -> Devices | None:
    days = [lockout.device_days for lockout in policy.lockouts() if lockout.devices]
    if not days:
        return None
    from netguard.devices import Devices  # as above

    return Devices(policy.secrets or [policy.shared.secret.hex()], merge.secures, days=max(days))


def _lockouts(policy: Policy, devices: Devices | None) -> Lockouts | None:
    if not any(lockout.patterns() for lockout in policy.lockouts()):
        return None
    from netguard.keys import Keys  # as above
    from netguard.login_attempts import Lockouts
    from netguard.login_counting import TryCounting

    keys = Keys(policy.key_of_counters())
    return Lockouts([TryCounting(lockout, keys) for lockout in policy.lockouts()], devices)


def _present(*rules: Counted | None) -> tuple[Counted, ...]:
    return tuple(rule for rule in rules if rule is not None)


def _steps(policy: Policy, receiver: Receiver, areas: AreaRule | None) -> Iterator[Step]:
    hosts = Hosts(patterns=policy.hosts)
    exempt = Exemptions("Policy.exempt", policy.exempt)
    if policy.preset == "development" and not policy.open:
        yield Step("development", PrivatePeers().check)
    yield Step("hosts", _shadowed(policy.hosts_mode, _unless_exempt(exempt, hosts.check)))
    if policy.https:
        yield Step("https", _shadowed(policy.https.mode, _unless_exempt(exempt, policy.https.rule(hosts))))
    ambiguity = Ambiguity(_guards(policy))
    if ambiguity:
        yield Step("paths", _shadowed(policy.paths_mode, ambiguity.check))
    if areas is not None:
        yield Step("areas", areas.check)
    if policy.origin:
        yield Step("origin", _shadowed(policy.origin.mode, _unless_exempt(receiver, policy.origin.rule())))
        isolation = policy.origin.isolation()
        if isolation is not None:
            yield Step("isolation", _shadowed(policy.origin.mode, isolation))


def _guards(policy: Policy) -> Iterator[tuple[str, bool]]:
    """Every guarding pattern, and whether it is enforced."""
    rules: tuple[Area | RateLimit | Lockout, ...] = (*policy.areas, *policy.limits, *policy.lockouts())
    for rule in rules:
        for pattern in rule.patterns() or ():
            yield pattern, rule.mode == "enforce"


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
    if plan.reports is not None and plan.receiver.cover(request):
        return plan.reports.decide(request, notes)
    later = _later(plan, request) if plan.asks_user else None
    if plan.known_limits is not None and not (notes or later or _shares(plan.counted_beside, request)):
        met = plan.known_limits.met(request)
        if met.steady:
            return met.decision(request)
    shares = _shares(plan.counted, request)
    if not shares and (later is None or not later.shares):
        return Continue(notes, later) if notes or later else CONTINUE
    return Counting(request, shares, later).asked(notes)


def _later(plan: Plan, request: Request) -> Later | None:
    rules = tuple([rule for rule in plan.user_rules if rule.matches(request)])
    if plan.areas is not None:
        rules += tuple(plan.areas.rules(request))
    shares = _shares(plan.counted_by_user, request)
    return Later(request, rules, shares) if rules or shares else None


def _shares(rules: Sequence[Counted], request: Request) -> tuple[Share, ...]:
    return tuple([share for rule in rules for share in rule.shares(request)])
