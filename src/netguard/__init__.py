"""netguard: one policy in front of any Python web app. Names are loaded when they are first used."""

from __future__ import annotations

TYPE_CHECKING = False  # for type checkers; the module `typing` alone would cost more than all of this file
if TYPE_CHECKING:
    from netguard import asgi, wsgi
    from netguard.cookies import Cookies
    from netguard.count_sources import basic, client, user
    from netguard.counted_by import cookie, form, header, json_field
    from netguard.errors import Busy, ConfigError, LockedOut, NetguardError, NonceError, RateLimited, TokenError
    from netguard.events import SecurityEvent
    from netguard.exchange import Exchange
    from netguard.explanation import explain
    from netguard.headers import Headers
    from netguard.headers.csp import CSP, NONCE, NONE, SELF, STRICT_DYNAMIC
    from netguard.headers.hsts import HSTS
    from netguard.headers.integrity import IntegrityPolicy
    from netguard.limiter import AsyncLimiter, Hit, Limiter
    from netguard.live import LivePolicy
    from netguard.lockout import Lockout
    from netguard.logins import Logins
    from netguard.outcomes import redirected, reported, status
    from netguard.policy import Policy, Tenants
    from netguard.proxies import Proxies
    from netguard.rate_limit import RateLimit
    from netguard.roles import group, permission, role, scope, signed_in, staff, superuser
    from netguard.rules.areas import Area
    from netguard.rules.https import HTTPS
    from netguard.rules.origin import Origin
    from netguard.signing import SignedCookie

__version__ = "0.1.0"

_HOMES = {
    "Area": "rules.areas",
    "AsyncLimiter": "limiter",
    "Busy": "errors",
    "CSP": "headers.csp",
    "ConfigError": "errors",
    "Cookies": "cookies",
    "Exchange": "exchange",
    "HSTS": "headers.hsts",
    "HTTPS": "rules.https",
    "Headers": "headers",
    "Hit": "limiter",
    "IntegrityPolicy": "headers.integrity",
    "Limiter": "limiter",
    "LivePolicy": "live",
    "LockedOut": "errors",
    "Lockout": "lockout",
    "Logins": "logins",
    "NONCE": "headers.csp",
    "NONE": "headers.csp",
    "NetguardError": "errors",
    "NonceError": "errors",
    "Origin": "rules.origin",
    "Policy": "policy",
    "Proxies": "proxies",
    "RateLimit": "rate_limit",
    "RateLimited": "errors",
    "SELF": "headers.csp",
    "STRICT_DYNAMIC": "headers.csp",
    "SecurityEvent": "events",
    "SignedCookie": "signing",
    "Tenants": "policy",
    "TokenError": "errors",
    "basic": "count_sources",
    "client": "count_sources",
    "cookie": "counted_by",
    "explain": "explanation",
    "form": "counted_by",
    "group": "roles",
    "header": "counted_by",
    "json_field": "counted_by",
    "permission": "roles",
    "redirected": "outcomes",
    "reported": "outcomes",
    "role": "roles",
    "scope": "roles",
    "signed_in": "roles",
    "staff": "roles",
    "status": "outcomes",
    "superuser": "roles",
    "user": "count_sources",
}
_ROOMS = ("asgi", "django", "errors", "fastapi", "flask", "networks", "passwords", "starlette", "totp", "wsgi")

__all__ = [
    "CSP",
    "HSTS",
    "HTTPS",
    "NONCE",
    "NONE",
    "SELF",
    "STRICT_DYNAMIC",
    "Area",
    "AsyncLimiter",
    "Busy",
    "ConfigError",
    "Cookies",
    "Exchange",
    "Headers",
    "Hit",
    "IntegrityPolicy",
    "Limiter",
    "LivePolicy",
    "LockedOut",
    "Lockout",
    "Logins",
    "NetguardError",
    "NonceError",
    "Origin",
    "Policy",
    "Proxies",
    "RateLimit",
    "RateLimited",
    "SecurityEvent",
    "SignedCookie",
    "Tenants",
    "TokenError",
    "asgi",
    "basic",
    "client",
    "cookie",
    "explain",
    "form",
    "group",
    "header",
    "json_field",
    "permission",
    "redirected",
    "reported",
    "role",
    "scope",
    "signed_in",
    "staff",
    "status",
    "superuser",
    "user",
    "wsgi",
]  # fmt: skip


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _ROOMS:
        return import_module(f"netguard.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'netguard' has no attribute {name!r}")
    value: object = getattr(import_module(f"netguard.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
