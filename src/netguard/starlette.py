"""The Starlette adapter (FastAPI too): the ASGI driver, reachable as ``request.state.netguard``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import iscoroutinefunction
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.requests import Request as StarletteRequest

from netguard.asgi import NetguardMiddleware as ASGINetguardMiddleware
from netguard.asgi_messages import ASGIApp, Message, Scope, Send
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

    def inner(self, scope: Scope, exchange: Exchange) -> Scope:
        """The scope for the app, with the exchange in the request's state."""
        inner = super().inner(scope, exchange)
        inner["state"] = {**scope.get("state", {}), "netguard": exchange}
        return inner

    async def error_page(self, error: Exception, scope: Scope) -> Callable[[Send], Awaitable[None]] | None:
        """The app's own page for 500 where it has one: Starlette would send it without the headers."""
        handlers = getattr(scope.get("app"), "exception_handlers", {})
        handler = handlers.get(500) or handlers.get(Exception)
        if handler is None or scope["type"] != "http":
            return None
        asked = StarletteRequest(scope)
        called = handler(asked, error) if iscoroutinefunction(handler) else run_in_threadpool(handler, asked, error)
        return partial(await called, scope, _nothing)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


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
