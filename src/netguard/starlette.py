"""The Starlette adapter (FastAPI too): the ASGI driver, reachable as ``request.state.netguard``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from inspect import isawaitable, isclass, iscoroutinefunction
from typing import Any, Final, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.websockets import WebSocket

from netguard.asgi import NetguardMiddleware as ASGINetguardMiddleware
from netguard.asgi_messages import ASGIApp, Message, Receive, Scope, Send, respond
from netguard.errors import ConfigError, NetguardError
from netguard.events import logger
from netguard.exchange import Exchange
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.override import Override
from netguard.limiter import AsyncLimiter, Limiter
from netguard.messages import Page, Respond
from netguard.templates import CsrfField, CsrfToken, Nonce
from netguard.view_limits import Arguments, ViewLimits, behind

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
        self._user = user or authenticated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = scope.get("netguard")
        if isinstance(exchange, Exchange) and exchange.pending:
            user = self._user(HTTPConnection(scope))
            if isinstance(await exchange.aadmit(await user if isawaitable(user) else user), Respond):
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

    def apply(arguments: Arguments) -> None:
        exchange_of(_connection(arguments)).apply(override)

    async def apply_async(arguments: Arguments) -> None:
        exchange_of(_connection(arguments)).apply(override)

    def decorate(endpoint: Endpoint) -> Endpoint:
        return behind(endpoint, apply, apply_async, awaits=iscoroutinefunction(endpoint))

    return decorate


def limited(limiter: Limiter | AsyncLimiter, *names: str, user: User | None = None) -> Callable[[Endpoint], Endpoint]:
    """A decorator for an endpoint, sync or async, that takes the request first, or a method of an HTTPEndpoint.

    It asks these limits of the policy, all in one decision, before the endpoint runs; a refusal is answered as the
    middleware does. The limits have ``on=[]``; for those by ``user`` see ``UserRules``.
    """
    limits, known = ViewLimits(limiter, names), user or authenticated

    def refused(arguments: Arguments) -> Response | None:
        connection = _connection(arguments)
        user = known(connection) if limits.needs_user else None
        if isawaitable(user):
            raise NetguardError(f"limited: user={known!r} is async, and so must be an endpoint that asks it")
        exchange = exchange_of(connection)
        verdict = limits.refusal(exchange, user)
        return None if verdict is None else _answer(exchange.page(verdict))

    async def refused_async(arguments: Arguments) -> Response | None:
        connection = _connection(arguments)
        exchange = exchange_of(connection)
        user = known(connection) if limits.needs_user else None
        verdict = await limits.arefusal(exchange, await user if isawaitable(user) else user)
        if verdict is not None and isinstance(connection, WebSocket):
            await respond(exchange.page(verdict), connection.scope, connection.send)
        return None if verdict is None else _answer(exchange.page(verdict))

    def decorate(endpoint: Endpoint) -> Endpoint:
        if isclass(endpoint):
            raise ConfigError(f"limited: write it on the methods of {endpoint.__name__}, or on a function")
        return behind(endpoint, refused, refused_async, awaits=iscoroutinefunction(endpoint))

    return decorate


def _answer(page: Page) -> Response:
    response = Response(page.body, page.status)
    response.raw_headers = list(page.headers)
    return response


def csp_nonce(request: HTTPConnection) -> dict[str, Any]:
    """A context processor for Jinja2Templates: ``{{ csp_nonce }}`` is this response's nonce, made where it is used."""
    return {"csp_nonce": Nonce(partial(exchange_of, request))}


def csrf_token(request: HTTPConnection) -> dict[str, Any]:
    """A context processor for Jinja2Templates: ``{{ csrf_field }}`` is a form's hidden input with a token,
    ``{{ csrf_token }}`` the bare token for scripts; the cookie is set where one of them is written out.
    """
    exchange = partial(exchange_of, request)
    return {"csrf_token": CsrfToken(exchange), "csrf_field": CsrfField(exchange)}


def _connection(arguments: Arguments) -> HTTPConnection:
    for value in (*arguments[0], *arguments[1].values()):
        if isinstance(value, HTTPConnection):
            return value
    raise NetguardError("netguard: this decorator stands on an endpoint that takes the request")


class Scoped:
    """A user with the scopes that AuthenticationMiddleware found beside it; else as it is."""

    __slots__ = ("_user", "scopes")

    def __init__(self, user: object, scopes: Sequence[str]) -> None:
        self._user = user
        self.scopes = tuple(scopes)

    def __getattr__(self, name: str) -> Any:  # whatever the app's users have
        return getattr(self._user, name)

    def __str__(self) -> str:
        return str(self._user)


def authenticated(connection: HTTPConnection) -> object:
    """The user that AuthenticationMiddleware knows; None for nobody."""
    user = connection.scope.get("user")
    if not getattr(user, "is_authenticated", False):
        return None
    auth = connection.scope.get("auth")
    return user if auth is None else Scoped(user, auth.scopes)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
