"""What FastAPI has beyond Starlette: dependencies, and documentation pages that load their scripts from elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html.parser import HTMLParser

from fastapi import Depends, FastAPI
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from netguard.hashes import inline
from netguard.headers import Headers
from netguard.headers.csp import CSP, SELF
from netguard.headers.override import Override
from netguard.limiter import AsyncLimiter, Limiter
from netguard.messages import Continue, Respond
from netguard.starlette import DOCS_ALLOWED, NetguardMiddleware, authenticated, exchange_of
from netguard.view_limits import ViewLimits

__all__ = ["NetguardMiddleware", "aadmitted", "admitted", "allow_docs", "exchange_of", "limited", "use_headers"]

Docs = Callable[[Request], Awaitable[HTMLResponse]]


def use_headers(headers: Headers | None = None, *, append: CSP | None = None) -> Callable[[HTTPConnection], None]:
    """A dependency: ``Depends(use_headers(Headers(...)))`` on a route, a router or the app; it stacks."""
    override = Override(headers, append)

    def dependency(connection: HTTPConnection) -> None:
        exchange_of(connection).apply(override)

    dependency.__annotations__["connection"] = HTTPConnection  # FastAPI would look the word up elsewhere
    return dependency


def admitted(connection: HTTPConnection, user: object) -> None:
    """The inner hook: call it in the dependency that knows the user (None for nobody); raises where a rule refuses.

    An async dependency awaits ``aadmitted``: where limits count by the user, the store may have to be waited for.
    """
    _let_pass(exchange_of(connection).admit(user))


async def aadmitted(connection: HTTPConnection, user: object) -> None:
    """``admitted`` for async dependencies."""
    _let_pass(await exchange_of(connection).aadmit(user))


def _let_pass(verdict: Continue | Respond) -> None:
    if isinstance(verdict, Respond):
        raise HTTPException(verdict.refusal.status)  # the refusal's own page leaves in its place


def limited(
    limiter: Limiter | AsyncLimiter, *names: str, user: Callable[..., object] | None = None
) -> Callable[..., Awaitable[None]]:
    """A dependency, ``Depends(limited(limiter, "mail"))``, on a route, a router or the app, WebSockets included.

    It asks these limits of the policy, all in one decision; a refusal is answered as the middleware does. The limits
    have ``on=[]``. ``user`` is the dependency that gives the user, or None, for those by ``user``; without it,
    AuthenticationMiddleware is asked.
    """
    limits, known = ViewLimits(limiter, names), Depends(user or _authenticated)

    async def dependency(connection: HTTPConnection, user: object = known) -> None:
        exchange = exchange_of(connection)
        exchange.instead = await limits.arefusal(exchange, user)
        if exchange.instead is not None:
            raise _refused(connection, exchange.instead.refusal.status)

    dependency.__annotations__["connection"] = HTTPConnection  # as above
    return dependency


async def _authenticated(connection: HTTPConnection) -> object:  # async: no thread for it
    return authenticated(connection)


def _refused(connection: HTTPConnection, status: int) -> Exception:
    """What ends the request; the refusal's own page leaves in its place."""
    return WebSocketException(1008) if connection.scope["type"] == "websocket" else HTTPException(status)


def allow_docs(app: FastAPI) -> None:
    """Let ``/docs`` and ``/redoc`` load what they name: their own scripts and styles, and the hash of what is inline.

    Only these pages are widened, and only by files that FastAPI itself writes into them. Call it once the app is made.
    """
    for position, route in enumerate(app.router.routes):
        if isinstance(route, Route) and route.path in {app.docs_url, app.redoc_url, app.swagger_ui_oauth2_redirect_url}:
            app.router.routes[position] = Route(route.path, _widened(route.endpoint), include_in_schema=False)
    setattr(app.state, DOCS_ALLOWED, True)


def _widened(endpoint: Docs) -> Docs:
    async def page(request: Request) -> HTMLResponse:
        response = await endpoint(request)
        exchange_of(request).override(append=_wanted(bytes(response.body).decode()))
        return response

    return page


def _wanted(html: str) -> CSP:
    """What a documentation page loads, as sources."""
    loaded = _Loaded()
    loaded.feed(html)
    hashed = [(found.kind, found.source) for found in inline(html) if found.source]
    return CSP(
        script_src=[*loaded.scripts, *(source for kind, source in hashed if kind == "script"), SELF],
        style_src=[*loaded.styles, *(source for kind, source in hashed if kind == "style"), SELF],
        img_src=[*loaded.images, "data:"],  # both draw their icons from data: addresses
        font_src=["https://fonts.gstatic.com"],
        worker_src=["blob:"],
    )


class _Loaded(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        address = (values.get("src") or values.get("href") or "").partition("?")[0]
        if not address.startswith("https://"):
            return
        if tag == "script":
            self.scripts.append(address)
        elif values.get("rel") == "stylesheet":
            self.styles.append(address)
        elif "icon" in (values.get("rel") or ""):
            self.images.append(address)
