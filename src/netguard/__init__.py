"""netguard: one policy in front of any Python web app. Names are loaded when they are first used."""

from __future__ import annotations

TYPE_CHECKING = False  # for type checkers; the module `typing` alone would cost more than all of this file
if TYPE_CHECKING:
    from netguard import asgi, wsgi
    from netguard.cookies import Cookies
    from netguard.errors import ConfigError, NetguardError, NonceError
    from netguard.events import SecurityEvent
    from netguard.exchange import Exchange
    from netguard.explain import explain
    from netguard.headers import Headers
    from netguard.headers.csp import CSP, NONCE, NONE, SELF, STRICT_DYNAMIC
    from netguard.headers.hsts import HSTS
    from netguard.headers.integrity import IntegrityPolicy
    from netguard.policy import Policy
    from netguard.proxies import Proxies
    from netguard.rules.https import HTTPS
    from netguard.rules.origin import Origin
    from netguard.signing import SignedCookie

__version__ = "0.1.0"

_HOMES = {
    "CSP": "headers.csp",
    "ConfigError": "errors",
    "Cookies": "cookies",
    "Exchange": "exchange",
    "HSTS": "headers.hsts",
    "HTTPS": "rules.https",
    "Headers": "headers",
    "IntegrityPolicy": "headers.integrity",
    "NONCE": "headers.csp",
    "NONE": "headers.csp",
    "NetguardError": "errors",
    "NonceError": "errors",
    "Origin": "rules.origin",
    "Policy": "policy",
    "Proxies": "proxies",
    "SELF": "headers.csp",
    "STRICT_DYNAMIC": "headers.csp",
    "SignedCookie": "signing",
    "SecurityEvent": "events",
    "explain": "explain",
}
_ROOMS = ("asgi", "django", "errors", "fastapi", "flask", "networks", "starlette", "wsgi")

__all__ = [
    "CSP",
    "HSTS",
    "HTTPS",
    "NONCE",
    "NONE",
    "SELF",
    "STRICT_DYNAMIC",
    "ConfigError",
    "Cookies",
    "Exchange",
    "Headers",
    "IntegrityPolicy",
    "NetguardError",
    "NonceError",
    "Origin",
    "Policy",
    "Proxies",
    "SecurityEvent",
    "SignedCookie",
    "asgi",
    "explain",
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
