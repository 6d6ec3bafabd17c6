"""The Starlette adapter (FastAPI too): the ASGI driver, reachable as ``request.state.netguard``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final, TypeVar, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.requests import Request as StarletteRequest

from netguard.asgi import NetguardMiddleware as ASGINetguardMiddleware
from netguard.asgi_messages import ASGIApp, Message, Receive, Scope, Send
from netguard.errors import NetguardError
from netguard.events import logger
from netguard.exchange import Exchange
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.override import Override
from netguard.messages import Respond
from netguard.templates import Nonce

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
User = Callable[[HTTPConnection], object]

DOCS_ALLOWED: Final = "netguard_docs_allowed"  # in the state of a FastAPI app whose /docs were seen to
_DOCS: Final = (
    "%s of this FastAPI app loads scripts that the policy refuses: write netguard.fastapi.allow_docs(app), "
    "or FastAPI(docs_url=None, redoc_url=None)"
)


class NetguardMiddleware(ASGINetguardMiddleware):
    """Protect a Starlette app: ``app.add_middleware(NetguardMiddleware, policy=policy)``, added last to run first.

    The request's ``Exchange`` is at ``request.state.netguard``. With ``debug=True`` on the app, an exception is left
    to Starlette's debugging page. Rules about the user are asked by ``UserRules`` or, in FastAPI, ``admitted``.
    """

    asks_inside = True
    _looked = False

    def _look(self, app: object) -> None:
        """Say once, on the first request, that FastAPI's documentation pages would stay blank."""
        self._looked = True
        docs = getattr(app, "docs_url", None) or getattr(app, "redoc_url", None)
        headers = self.plan.policy.headers
        if docs and headers and headers.csp and not getattr(getattr(app, "state", None), DOCS_ALLOWED, False):
            logger.warning(_DOCS, docs)

    def propagates(self, scope: Scope) -> bool:
        """Whether the app is in debug mode, or the policy is for development."""
        return bool(getattr(scope.get("app"), "debug", False)) or super().propagates(scope)

    def inner(self, scope: Scope, exchange: Exchange) -> Scope:
        """The scope for the app, with the exchange in the request's state."""
        inner = super().inner(scope, exchange)
        if not self._looked:
            self._look(scope.get("app"))
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


class UserRules:
    """The inner hook: ``Middleware(UserRules)`` behind the app's authentication asks the rules about the user.

    ``user`` gives the user of a connection or None; without it, AuthenticationMiddleware's ``connection.user`` is
    taken where it is authenticated.
    """

    def __init__(self, app: ASGIApp, user: User | None = None) -> None:
        self.app = app
        self._user = user or _authenticated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = scope.get("netguard")
        if isinstance(exchange, Exchange) and exchange.pending:
            user = self._user(HTTPConnection(scope))
            if isinstance(exchange.admit(await user if isawaitable(user) else user), Respond):
                return await _give_way(send)
        return await self.app(scope, receive, send)


async def _give_way(send: Send) -> None:
    """An empty response, in whose place the refusal leaves, whatever middleware lies between."""
    await send({"type": "http.response.start", "status": 403, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def exchange_of(connection: HTTPConnection) -> Exchange:
    """The request's exchange; in FastAPI a dependency: ``Annotated[Exchange, Depends(exchange_of)]``."""
    exchange = connection.scope.get("netguard")
    if not isinstance(exchange, Exchange):
        raise NetguardError("netguard: this request did not come through it: add NetguardMiddleware to the app")
    return exchange


def headers(headers: Headers | None = None, *, append: CSP | None = None) -> Callable[[Endpoint], Endpoint]:
    """A decorator for a Starlette endpoint, sync or async, that takes the request first; it stacks."""
    override = Override(headers, append)

    def decorate(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        def answered(*args: Any, **kwargs: Any) -> Any:  # the endpoint's own
            _request_among(args, kwargs).apply(override)
            return endpoint(*args, **kwargs)

        @wraps(endpoint)
        async def answered_async(*args: Any, **kwargs: Any) -> Any:
            _request_among(args, kwargs).apply(override)
            return await endpoint(*args, **kwargs)

        return cast(Endpoint, answered_async if iscoroutinefunction(endpoint) else answered)

    return decorate


def csp_nonce(request: HTTPConnection) -> dict[str, Any]:
    """A context processor for Jinja2Templates: ``{{ csp_nonce }}`` is this response's nonce, made where it is used."""
    return {"csp_nonce": Nonce(partial(exchange_of, request))}


def _request_among(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Exchange:
    for value in (*args, *kwargs.values()):
        if isinstance(value, HTTPConnection):
            return exchange_of(value)
    raise NetguardError("netguard: headers(...) stands on an endpoint that takes the request")


def _authenticated(connection: HTTPConnection) -> object:
    user = connection.scope.get("user")
    return user if getattr(user, "is_authenticated", False) else None


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
