"""The ASGI driver: any ASGI 3 app behind a policy. It does the I/O that the core asks for, and decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import quote

from netguard.core import Plan, decide, proved
from netguard.errors import BodyTooLarge, Disconnected, NetguardError
from netguard.events import Sinks
from netguard.exchange import Exchange
from netguard.memo import Memo
from netguard.messages import CONTINUE, Continue, Decision, NeedBody, NeedCounts, RawHeaders, Request, Respond
from netguard.policy import Policy
from netguard.proxies import is_forwarding
from netguard.refusals import CRASHED, TOO_LARGE, answer, unlisted_proxy

Scope = MutableMapping[str, Any]  # a server's edge
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_SECURE: Final = frozenset({"https", "wss"})
_DENIAL: Final = "websocket.http.response"  # the extension that lets a refused handshake say more than 403


class NetguardMiddleware:
    """Protect an ASGI 3 app by a policy: ``app = NetguardMiddleware(app, policy)``.

    The app finds the request's ``Exchange`` at ``scope["netguard"]``. An exception that leaves the app is answered
    with 500 and raised again; under ``Policy.development()`` it is only raised.
    """

    def __init__(self, app: ASGIApp, policy: Policy | Plan | None = None) -> None:
        self.app = app
        self.plan = policy if isinstance(policy, Plan) else Plan(policy or Policy())
        self._sinks = Sinks(self.plan.policy.events)
        self._forwarding: Memo[bytes, bool] = Memo(is_forwarding)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            return await self.app(scope, receive, send)
        if kind != "http" and kind != "websocket":
            raise NetguardError(f"netguard guards http and websocket, not {kind!r}")
        plan = self.plan
        request = _request(plan, scope)
        exchange = Exchange(request, plan.merge)
        guarded = _http_send(exchange, send) if kind == "http" else _socket_send(exchange, scope, send)
        try:
            decision = decide(plan, request)
            if decision is not CONTINUE:
                final, receive = await self._supplied(decision, request, receive)
                self._sinks.tell_decision(request, final)
                if isinstance(final, Respond):
                    return await _respond(final, scope, guarded)
            return await self.app(self._inner(scope, exchange), receive, guarded)
        except Disconnected:
            return None
        except Exception:
            if not exchange.started and not self.propagates(scope):
                self._sinks.tell(request, CRASHED)
                await _respond(answer(request, CRASHED), scope, guarded)
            raise

    def propagates(self, scope: Scope) -> bool:
        """Whether an exception is left to the server's or the framework's own debugging page."""
        return self.plan.policy.preset == "development"

    async def _supplied(
        self, decision: Decision, request: Request, receive: Receive
    ) -> tuple[Continue | Respond, Receive]:
        """The final decision, once everything that was asked for has been fetched."""
        while True:
            if isinstance(decision, NeedBody):
                try:
                    body = await _read_body(receive, decision.limit)
                except BodyTooLarge:
                    return answer(request, TOO_LARGE), receive
                receive = _replayed(body, receive)
                decision = decision.supply(body)
            elif isinstance(decision, NeedCounts) and self.plan.store is not None:
                decision = decision.supply(await self.plan.store.atake(decision.ops))
            else:
                return proved(request, decision), receive

    def _inner(self, scope: Scope, exchange: Exchange) -> Scope:
        """A copy of the scope that tells the truth: one client, one scheme, one host, no forwarding headers."""
        request, raw, forwarding = exchange.request, scope["headers"], self._forwarding
        headers = [pair for pair in raw if not forwarding[pair[0]]]
        if request.proxied:
            if request.authority != request.headers.get(b"host"):
                headers = _with_host(headers, request)
        elif len(headers) != len(raw):
            self._sinks.tell_once(request, unlisted_proxy(request))
        scheme = request.scheme if scope["type"] == "http" else "wss" if request.scheme == "https" else "ws"
        return {**scope, "client": _client(scope, request), "scheme": scheme, "headers": headers, "netguard": exchange}


def _request(plan: Plan, scope: Scope) -> Request:
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
        scope.get("raw_path") or quote(path).encode("ascii"),
        scope.get("query_string", b""),
        root,
        scope["type"],
    )


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


def _client(scope: Scope, request: Request) -> object:
    client = request.client
    if client == request.peer or (client is None and not request.proxied):
        return scope.get("client")
    return None if client is None else (client, 0)


def _with_host(headers: RawHeaders, request: Request) -> RawHeaders:
    host = request.host if request.port is None else f"{request.host}:{request.port}"
    kept = [(name, value) for name, value in headers if name != b"host"]
    return [(b"host", host.encode("ascii")), *kept] if host and request.host else kept


async def _read_body(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected("the client left before its request body was complete")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(f"the body is larger than {limit} bytes")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body once more, then whatever else the client sends."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replaying() -> Message:
        return pending.pop() if pending else await receive()

    return replaying


def _http_send(exchange: Exchange, send: Send) -> Send:
    def guarded(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message = {**message, "headers": exchange.start(message["status"], message.get("headers") or ())}
        return send(message)

    return guarded


def _socket_send(exchange: Exchange, scope: Scope, send: Send) -> Send:
    async def guarded(message: Message) -> None:
        step = message["type"]
        if step == "websocket.http.response.start":
            message = {**message, "headers": exchange.start(message["status"], message.get("headers") or ())}
        elif step == "websocket.accept":
            message = {**message, "headers": exchange.accept(message.get("headers") or ())}
        elif step == "websocket.close" and not exchange.started and _DENIAL in (scope.get("extensions") or ()):
            headers = exchange.start(403, [(b"content-length", b"0")])
            await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
            message = {"type": "websocket.http.response.body", "body": b""}
        await send(message)

    return guarded


async def _respond(respond: Respond, scope: Scope, send: Send) -> None:
    """Send an answer; a handshake that cannot carry one is closed, which the server makes a bare 403."""
    if scope["type"] == "http":
        prefix = "http"
    elif _DENIAL in (scope.get("extensions") or ()):
        prefix = "websocket.http"
    else:
        return await send({"type": "websocket.close", "code": 1008, "reason": respond.refusal.code})
    await send({"type": f"{prefix}.response.start", "status": respond.status, "headers": list(respond.headers)})
    return await send({"type": f"{prefix}.response.body", "body": respond.body})
