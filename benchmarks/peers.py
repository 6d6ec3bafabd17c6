"""The released peers, set up as their documentation says; where they send headers, those of the preset ``web``."""

from __future__ import annotations

import asgi_csrf as asgi_csrf_package
from cryptography.fernet import Fernet
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    CustomHeader,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XDnsPrefetchControl,
    XFrameOptions,
    XPermittedCrossDomainPolicies,
)
from secure.middleware import SecureASGIMiddleware, SecureWSGIMiddleware
from securecookies import SecureCookiesMiddleware
from starlette_csrf import CSRFMiddleware

from benchmarks.traffic import TWELVE, ASGIApp, WSGIApp

_SECRET = "of the benchmarks, and long enough for any check"


def secure_headers() -> Secure:
    """Twelve headers by the builders of the ``secure`` package."""
    return Secure(
        csp=ContentSecurityPolicy().set(TWELVE["content-security-policy"]),
        hsts=StrictTransportSecurity().set(TWELVE["strict-transport-security"]),
        xcto=XContentTypeOptions().set(TWELVE["x-content-type-options"]),
        referrer=ReferrerPolicy().set(TWELVE["referrer-policy"]),
        xfo=XFrameOptions().set(TWELVE["x-frame-options"]),
        coop=CrossOriginOpenerPolicy().set(TWELVE["cross-origin-opener-policy"]),
        corp=CrossOriginResourcePolicy().set(TWELVE["cross-origin-resource-policy"]),
        permissions=PermissionsPolicy().set(TWELVE["permissions-policy"]),
        xdfc=XDnsPrefetchControl().set(TWELVE["x-dns-prefetch-control"]),
        xpcdp=XPermittedCrossDomainPolicies().set(TWELVE["x-permitted-cross-domain-policies"]),
        custom=[CustomHeader(name, TWELVE[name]) for name in ("origin-agent-cluster", "x-xss-protection")],
    )


def secure_asgi(app: ASGIApp) -> ASGIApp:
    """An ASGI app behind ``secure``."""
    return SecureASGIMiddleware(app, secure=secure_headers())


def secure_wsgi(app: WSGIApp) -> WSGIApp:
    """A WSGI app behind ``secure``."""
    return SecureWSGIMiddleware(app, secure=secure_headers())


def secure_cookies(app: ASGIApp) -> ASGIApp:
    """An ASGI app behind starlette-securecookies, with the attributes that netguard gives every cookie."""
    keys = [Fernet.generate_key().decode()]
    return SecureCookiesMiddleware(app, secrets=keys, cookie_secure=True, cookie_httponly=True, cookie_samesite="lax")


def starlette_csrf(app: ASGIApp) -> ASGIApp:
    """An ASGI app behind starlette-csrf."""
    return CSRFMiddleware(app, secret=_SECRET)


def asgi_csrf(app: ASGIApp) -> ASGIApp:
    """An ASGI app behind asgi-csrf, which sets its cookie for every visitor."""
    return asgi_csrf_package.asgi_csrf(app, signing_secret=_SECRET, always_set_cookie=True)
