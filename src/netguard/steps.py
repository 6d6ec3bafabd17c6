"""The checks of a request that need nothing but it, in their fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netguard.lockout import Lockout
from netguard.messages import Refusal, Request
from netguard.policy import Policy
from netguard.rate_limit import RateLimit
from netguard.rules import Check, Mode, Step
from netguard.rules.areas import Area, AreaRule
from netguard.rules.hosts import Hosts
from netguard.rules.paths import Ambiguity, Exemptions
from netguard.rules.private import PrivatePeers
from netguard.rules.reports import Receiver


def steps_of(policy: Policy, receiver: Receiver, areas: AreaRule | None) -> Iterator[Step]:
    """The checks that this policy has, in the order in which they are asked."""
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
    """The check, whose refusals of the paths in ``exempt`` do not count."""
    if not exempt:
        return check

    def spared(request: Request) -> Refusal | None:
        refusal = check(request)
        return None if refusal is None or exempt.cover(request) else refusal

    return spared


def _shadowed(mode: Mode, check: Check) -> Check:
    """The check, whose refusals are only told in report mode."""
    if mode == "enforce":
        return check

    def reported(request: Request) -> Refusal | None:
        refusal = check(request)
        return None if refusal is None else replace(refusal, enforced=False)

    return reported
