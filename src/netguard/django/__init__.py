"""The Django adapter: an entry of MIDDLEWARE, or a wrapper around Django's own WSGI and ASGI applications."""

from netguard.django.application import get_asgi_application, get_wsgi_application
from netguard.django.decorators import headers, limited
from netguard.django.middleware import NetguardMiddleware
from netguard.django.nonce import csp_nonce, csrf_token

__all__ = [
    "NetguardMiddleware",
    "csp_nonce",
    "csrf_token",
    "get_asgi_application",
    "get_wsgi_application",
    "headers",
    "limited",
]
