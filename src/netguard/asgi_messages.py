"""What ASGI says, in netguard's words: reading a scope and a body, and guarding what is sent (ASGI 3.0)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import quote

from netguard.errors import BodyTooLarge, Disconnected
from netguard.exchange import Exchange
from netguard.messages import Continue, Page, RawHeaders, Request, Respond
from netguard.plan import Plan

Scope = MutableMapping[str, Any]  # a server's edge
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_SECURE: Final = frozenset({"https", "wss"})
_DENIAL: Final = "websocket.http.response"  # the extension that lets a refused handshake say more than 403


def read_request(plan: Plan, scope: Scope) -> Request:
    """The request of an http or websocket scope, resolved."""
    raw = scope["headers"]
    headers = dict(raw)
    if len(headers) != len(raw):
        headers = _joined(raw)
    client = scope.get("client")
    root: str = scope.get("root_path") or ""
    path: str = scope["path"]
    return plan.request(
        scope.get("method", "GET"),
        _below(path, root) if root else path,
        headers,
        "https" if scope.get("scheme") in _SECURE else "http",
        client[0] if client else None,
        _target(scope, path, root),
        scope.get("query_string", b""),
        root,
        scope["type"],
    )


def _target(scope: Scope, path: str, root: str) -> bytes:
    """The path as it was sent, with the root path, which some servers leave out of both."""
    raw: bytes = scope.get("raw_path") or quote(path.encode("utf-8", "surrogatepass")).encode("ascii")
    if root and not path.startswith(root):
        return quote(root.rstrip("/")).encode("ascii") + raw
    return raw


def _joined(raw: RawHeaders) -> dict[bytes, bytes]:
    """Repeated fields as one (RFC 9110, 5.3; Cookie: RFC 9113, 8.2.3)."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw:
        separator = b"; " if name == b"cookie" else b", "
        headers[name] = headers[name] + separator + value if name in headers else value
    return headers


def _below(path: str, root: str) -> str:
    root = root.rstrip("/")
    below = path[len(root) :]
    return (below or "/") if path.startswith(root) and below[:1] in {"", "/"} else path


def client_of(scope: Scope, request: Request) -> object:
    """The scope's ``client`` for the app: the resolved one, whose port nobody knows."""
    client = request.client
    if client == request.peer or (client is None and not request.proxied):
        return scope.get("client")
    return None if client is None else (client, 0)


def with_host(headers: RawHeaders, request: Request) -> RawHeaders:
    """The headers with the Host that the trusted proxy was asked for."""
    host = request.host if request.port is None else f"{request.host}:{request.port}"
    kept = [(name, value) for name, value in headers if name != b"host"]
    return [(b"host", host.encode("ascii")), *kept] if host and request.host else kept


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body; BodyTooLarge past ``limit`` bytes, Disconnected where the client leaves before its end."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected("the client left before its request body was complete")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more = message.get("more_body", False)
        if size > limit:
            raise BodyTooLarge(f"the body is larger than {limit} bytes", b"".join(chunks), more=more)
        if not more:
            return b"".join(chunks)


def replayed(body: bytes, receive: Receive, *, more: bool = False) -> Receive:
    """A receive that gives the body once more, then what else the client sends: its rest where there is ``more``."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": more}]

    async def replaying() -> Message:
        return pending.pop() if pending else await receive()

    return replaying


def http_send(exchange: Exchange, send: Send) -> Send:
    """A ``send`` whose response head carries the policy's headers; no coroutine of its own, for speed."""

    def guarded(message: Message) -> Awaitable[None]:
        if exchange.instead is not None:
            return _replaced(exchange, {"type": "http"}, send)
        if message["type"] == "http.response.start":
            message = {**message, "headers": exchange.start(message["status"], message.get("headers") or ())}
            if exchange.tries_login:
                return _settled(exchange, message, send)
        return send(message)

    return guarded


async def _settled(exchange: Exchange, head: Message, send: Send) -> None:
    await exchange.asettle()
    await send(head)


async def _replaced(exchange: Exchange, scope: Scope, send: Send) -> None:
    """Send the refusal in the app's place, once; of the app's own answer nothing leaves."""
    if exchange.started or exchange.instead is None:
        return
    page = exchange.page(exchange.instead)
    head = tuple(exchange.start(page.status, page.headers))
    await exchange.asettle()
    await respond(Page(page.status, head, page.body), scope, send)


def socket_send(exchange: Exchange, scope: Scope, send: Send) -> Send:
    """The same for a WebSocket: its acceptance, and its refusal with headers where the server can send them."""

    async def guarded(message: Message) -> None:
        step = message["type"]
        if exchange.instead is not None:
            return await _replaced(exchange, scope, send)
        if step == "websocket.http.response.start":
            message = {**message, "headers": exchange.start(message["status"], message.get("headers") or ())}
            await exchange.asettle()
        elif step == "websocket.accept":
            message = {**message, "headers": exchange.accept(message.get("headers") or ())}
            await exchange.asettle()
        elif step == "websocket.close" and not exchange.started and _DENIAL in (scope.get("extensions") or ()):
            headers = exchange.start(403, [(b"content-length", b"0")])
            await exchange.asettle()
            await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
            message = {"type": "websocket.http.response.body", "body": b""}
        return await send(message)

    return guarded


def withholding(exchange: Exchange, scope: Scope, send: Send, tell: Callable[[Continue | Respond], None]) -> Send:
    """A ``send`` for routes that a rule about the user guards: nothing of the app's leaves before the rule passed.

    The first message that would leave decides; ``tell`` hears the decision.
    """
    withheld: bool | None = None  # nothing would have left yet

    async def guarded(message: Message) -> None:
        nonlocal withheld
        if withheld is None:
            instead = exchange.withheld()
            withheld = instead is not None
            tell(exchange.judged())
            if instead is not None:
                await respond(exchange.page(instead), scope, send)
        if not withheld:
            await send(message)

    return guarded


async def respond(page: Page, scope: Scope, send: Send) -> None:
    """Send a page; a handshake that cannot be answered by one is closed, which the server makes a bare 403."""
    if scope["type"] == "http":
        prefix = "http"
    elif _DENIAL in (scope.get("extensions") or ()):
        prefix = "websocket.http"
    else:
        return await send({"type": "websocket.close", "code": 1008})
    await send({"type": f"{prefix}.response.start", "status": page.status, "headers": list(page.headers)})
    return await send({"type": f"{prefix}.response.body", "body": page.body})
