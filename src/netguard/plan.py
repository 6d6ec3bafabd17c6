"""Plans: a policy and those of its tenants, compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from netguard.checks import nearest
from netguard.cookie_rewriting import CookieRewriter
from netguard.counters import Store
from netguard.counting import Counted
from netguard.errors import ConfigError
from netguard.events import logger
from netguard.headers.lint import lint
from netguard.headers.merge import HeaderMerge
from netguard.intervals import Pause, no_pause
from netguard.memo import Memo
from netguard.messages import HeaderLookup, Kind, Request
from netguard.policy import Policy, Tenants
from netguard.proxies import Proxies, Resolver
from netguard.refusals import Pages
from netguard.rules.areas import AreaRule
from netguard.rules.hosts import DEFAULT_PORT, LOCAL, Authority, parse_authority
from netguard.rules.reports import Receiver
from netguard.rules.users import UserRule
from netguard.steps import steps_of

if TYPE_CHECKING:
    from netguard.csrf import Csrf
    from netguard.devices import Devices
    from netguard.limiting import RateLimits
    from netguard.login_attempts import Lockouts
    from netguard.report_counting import CountedReceiver

_new: Final = object.__new__
_NOWHERE: Final = (None, None)  # a host field that is missing or malformed


class Plan:
    """A policy, compiled: everything that does not depend on a request is done here, once.

    ``counted`` and ``user_rules`` are rules beside the policy's own; ``store`` counts in place of the one it names.
    ``pause`` is called between two steps of reading networks. What the headers had better not say is a warning.
    """

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
        self.steps = tuple(steps_of(policy, self.receiver, self.areas))
        self.checks = tuple(step.check for step in self.steps)
        self.merge = HeaderMerge(policy.headers or None, _rewriter(policy), _local(policy))
        self.csrf = _csrf(policy, self.merge)
        self.limits = _limits(policy)
        self.devices = _devices(policy, self.merge)
        self.lockouts = _lockouts(policy, self.devices)
        token = self.csrf.rule if self.csrf else None
        known, by_user = (self.limits.known, self.limits.by_user) if self.limits else (None, None)
        self.known_limits = known  # that need no user
        self.counted_beside = _present(token, self.lockouts, *counted)  # all that counts but these limits
        self.counted = _present(token, known, self.lockouts, *counted)
        self.counted_by_user = _present(by_user)
        self.user_rules = tuple(user_rules)
        self.reports = _reports(policy, self.receiver)
        roles = self.areas is not None and self.areas.asks_user
        self.asks_user = bool(self.user_rules or self.counted_by_user or roles)
        self.static = not (self.counted or self.asks_user or self.receiver)  # the checks are all that there is
        self.store = store  # None for the policy's own, which whoever counts opens
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


def plan_of(policy: object) -> Plan:
    """The plan of a policy, where none was compiled already; ``None`` is the policy that says nothing."""
    if policy is None or isinstance(policy, Policy):
        return Plan(policy or Policy())
    if not isinstance(policy, Plan):
        raise ConfigError(f"NetguardMiddleware: write NetguardMiddleware(app, Policy(...)), not {policy!r}")
    return policy


def _tenants(policy: Policy, pause: Pause) -> TenantPlans | None:
    return TenantPlans(policy.tenants, pause) if policy.tenants else None


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
