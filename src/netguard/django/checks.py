"""System checks: what in a project's settings doubles the policy, contradicts it, or takes its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.http.request import validate_host

from netguard.django.conf import SettingsError, policy_of_settings
from netguard.policy import Policy

ENTRY: Final = "netguard.django.NetguardMiddleware"
_OUTSIDE: Final = "django.middleware.cache.UpdateCacheMiddleware"  # stores what leaves, so that it may stand before
_SECURITY: Final = "django.middleware.security.SecurityMiddleware"
_FRAMING: Final = "django.middleware.clickjacking.XFrameOptionsMiddleware"
_CSP: Final = "django.middleware.csp.ContentSecurityPolicyMiddleware"
_LOCAL: Final = ("localhost", "127.0.0.1", "[::1]", "testserver")  # served in development alone, or under DEBUG


@dataclass(frozen=True, slots=True)
class _Doubled:
    """A setting or middleware of Django's beside a section of the policy that says the same."""

    number: int
    present: tuple[str, ...]  # settings, or entries of MIDDLEWARE
    section: str
    effect: str
    mend: str


_DOUBLED: Final = (
    _Doubled(2, (_SECURITY,), "headers", "its headers are kept and overrule the policy's", f"Remove {_SECURITY!r}."),
    _Doubled(3, ("SECURE_SSL_REDIRECT",), "https", "it redirects to any Host that a client names",
             "Remove it: Policy(https=...) redirects to the hosts of the policy only."),
    _Doubled(4, ("SECURE_HSTS_SECONDS",), "headers", "its header is kept and overrules the policy's",
             "Remove it, and write Headers(hsts=HSTS(max_age=...))."),
    _Doubled(5, ("SECURE_PROXY_SSL_HEADER",), "proxies", "netguard is the one resolver and removes forwarding headers; "
             "under another name, the header is believed whoever sends it",
             "Remove it, and write the networks of your proxies in Policy(proxies=[...])."),
    _Doubled(6, ("USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT"), "proxies",
             "netguard is the one resolver and removes forwarding headers",
             "Remove it, and write the networks of your proxies in Policy(proxies=[...])."),
    _Doubled(7, (_FRAMING,), "headers", "its X-Frame-Options is kept and overrules the policy's",
             f"Remove {_FRAMING!r}; for one view write @netguard.django.headers(Headers(x_frame_options=...))."),
    _Doubled(8, (_CSP, "SECURE_CSP", "SECURE_CSP_REPORT_ONLY"), "headers",
             "its policy is kept, and its nonce is not netguard's",
             "Remove it, and write Headers(csp=CSP(...)); {% csp_nonce %} comes from {% load netguard %}."),
)  # fmt: skip


def check_settings(**_: Any) -> list[CheckMessage]:  # what Django hands to every check
    """All that is amiss, each with its mend."""
    try:
        found = policy_of_settings()
    except SettingsError as error:
        return [Error(str(error), hint="See the quick start for Django.", id="netguard.E001")]
    policy = found if isinstance(found, Policy) else found.policy
    return [*_place(), *_doubled(policy), *_hosts(policy), *_development(policy)]


def _place() -> Iterator[CheckMessage]:
    before = settings.MIDDLEWARE[: settings.MIDDLEWARE.index(ENTRY)] if ENTRY in settings.MIDDLEWARE else []
    early = [name for name in before if name != _OUTSIDE]
    if early:
        said = f"{', '.join(early)} ran before netguard: what they answer has no security headers, and is not refused."
        yield Warning(said, hint=f"Put {ENTRY!r} first in MIDDLEWARE.", id="netguard.W001")


def _doubled(policy: Policy) -> Iterator[CheckMessage]:
    for rule in _DOUBLED:
        if getattr(policy, rule.section) is False:
            continue
        for name in rule.present:
            if name in settings.MIDDLEWARE or getattr(settings, name, None):
                said = f"{name} stands beside NETGUARD: {rule.effect}."
                yield Warning(said, hint=rule.mend, id=f"netguard.W{rule.number:03}")


def _hosts(policy: Policy) -> Iterator[CheckMessage]:
    names = [_django_name(host) for host in policy.hosts]
    if policy.preset == "development":
        names = [name for name in names if name not in _LOCAL]
    allowed = settings.ALLOWED_HOSTS or ([".localhost", *_LOCAL] if settings.DEBUG else [])
    refused = [name for name in names if not validate_host(_sample(name), allowed)]
    if refused:
        said = f"Django refuses {', '.join(refused)}, which NETGUARD serves."
        yield Warning(said, hint=f"Write ALLOWED_HOSTS = {_unique(names)!r}.", id="netguard.W009")
    unserved = [
        name
        for name in settings.ALLOWED_HOSTS
        if name not in {"*", *_LOCAL} and not validate_host(_sample(name), names)
    ]
    if names and unserved:
        said = f"ALLOWED_HOSTS lists {', '.join(unserved)}, which NETGUARD refuses."
        yield Warning(said, hint="Add it to Policy(hosts=[...]), or remove it.", id="netguard.W010")


def _django_name(host: str) -> str:
    """A host of the policy as ALLOWED_HOSTS writes it: without port, and with a dot for any depth."""
    bare = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return bare.removeprefix("*").lower().removesuffix(".")


def _sample(name: str) -> str:
    return f"any{name}" if name.startswith(".") else name


def _unique(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _development(policy: Policy) -> Iterator[CheckMessage]:
    if policy.preset == "development" and not settings.DEBUG:
        said = "NETGUARD is Policy.development(), and DEBUG is off: there is no redirect to https and no HSTS."
        yield Warning(said, hint="Write NETGUARD = Policy(hosts=[...]) for production.", id="netguard.W011")
