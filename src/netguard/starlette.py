"""The Starlette adapter (FastAPI too): the ASGI driver, reachable as ``request.state.netguard``."""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection

from netguard.asgi import ASGIApp, Scope
from netguard.asgi import NetguardMiddleware as ASGINetguardMiddleware
from netguard.core import Plan
from netguard.exchange import Exchange
from netguard.policy import Policy


class NetguardMiddleware(ASGINetguardMiddleware):
    """Protect a Starlette app: ``app.add_middleware(NetguardMiddleware, policy=policy)``, added last to run first.

    The request's ``Exchange`` is at ``request.state.netguard``. With ``debug=True`` on the app, an exception is left
    to Starlette's debugging page.
    """

    def __init__(self, app: ASGIApp, policy: Policy | Plan | None = None) -> None:
        super().__init__(app, policy)

    def propagates(self, scope: Scope) -> bool:
        """Whether the app is in debug mode, or the policy is for development."""
        return bool(getattr(scope.get("app"), "debug", False)) or super().propagates(scope)

    def _inner(self, scope: Scope, exchange: Exchange) -> Scope:
        inner = super()._inner(scope, exchange)
        inner["state"] = {**scope.get("state", {}), "netguard": exchange}
        return inner


def csp_nonce(request: HTTPConnection) -> dict[str, Any]:
    """A context processor for Jinja2Templates: ``{{ csp_nonce }}`` is this response's nonce, made where it is used."""
    return {"csp_nonce": _Nonce(request.scope["netguard"])}


class _Nonce:
    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def __str__(self) -> str:
        return self._exchange.nonce

    __html__ = __str__  # base64 has no character that HTML would need escaped
