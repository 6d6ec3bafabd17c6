"""Bare ASGI: the scope as uvicorn builds it, and an app of one function."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from netguard.asgi import NetguardMiddleware
from netguard.asgi_messages import ASGIApp, Message, Receive, Scope, Send
from netguard.errors import NonceError, TokenError
from scenarios.listening import listening
from scenarios.row import Answer, AppError, Ask, Outcome, Row, Seen

STUCK = 20  # seconds, after which a test fails instead of waiting for ever


def drive(row: Row) -> Outcome:
    """A row through the ASGI middleware around an ASGI app."""
    seen: list[Seen] = []
    user = _user if row.knows_user else None
    return exchanged(row, NetguardMiddleware(_app(row.answer, seen), row.made_policy(), user=user), seen)


async def _user(scope: Scope) -> str | None:
    told = dict(scope["headers"]).get(b"x-user")
    return None if told is None else str(told, "ascii")


def exchanged(row: Row, app: ASGIApp, seen: list[Seen]) -> Outcome:
    """What a row's request, made as often as it says, comes to; ``seen`` is what the app writes down."""
    outcomes = []
    for ask in row.asks():
        with listening() as events:
            outcome = asyncio.run(asyncio.wait_for(_once(ask, app), STUCK))
        outcomes.append(replace(outcome, events=events))
    return replace(outcomes[-1], seen=seen, earlier=outcomes[:-1])


async def _once(ask: Ask, app: ASGIApp) -> Outcome:
    outcome = Outcome()
    done = asyncio.Event()
    pieces = _pieces(ask)

    async def receive() -> Message:
        for message in pieces:
            return message
        await done.wait()  # a server tells of a disconnect no earlier
        return {"type": "http.disconnect"} if ask.kind == "http" else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Message) -> None:
        _take(outcome, message)
        if message["type"].endswith("body") and not message.get("more_body"):
            done.set()

    try:
        await app(scope_of(ask), receive, send)
    except Exception as error:
        outcome.raised = error
    return outcome


def _pieces(ask: Ask) -> Iterator[Message]:
    if ask.kind == "websocket":
        yield {"type": "websocket.connect"}
        return
    last = len(ask.body) - 1
    for index, piece in enumerate(ask.body or (b"",)):
        yield {"type": "http.request", "body": piece, "more_body": index < last or ask.leaves}
    if ask.leaves:
        yield {"type": "http.disconnect"}


def _take(outcome: Outcome, message: Message) -> None:
    step = message["type"]
    if step.endswith("response.start"):
        outcome.heads += 1
        outcome.status, outcome.headers = message["status"], list(message.get("headers", ()))
    elif step.endswith("response.body"):
        assert outcome.heads == 1, "a body before its head"
        outcome.chunks.append(message.get("body", b""))
    elif step == "websocket.accept":
        outcome.heads += 1
        outcome.status, outcome.headers = 101, list(message.get("headers", ()))
    elif step == "websocket.close" and not outcome.heads:
        outcome.status = 403  # which is what servers make of it


def scope_of(ask: Ask) -> Scope:
    """The scope that a server makes of a request."""
    path, _, query = ask.target.partition(b"?")
    socket = ask.kind == "websocket"
    scope: Scope = {
        "type": ask.kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": ask.http,
        "scheme": {"http": "ws", "https": "wss"}[ask.scheme] if socket else ask.scheme,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": ask.root,
        "headers": [(name.lower(), value) for name, value in ask.pairs()],
        "client": None if ask.peer is None else (ask.peer, 51234),
        "server": ("192.0.2.1", 8000),
        "state": {},
    }
    if socket:
        return {**scope, "subprotocols": [], "extensions": {"websocket.http.response": {}} if ask.denial else {}}
    return {**scope, "method": ask.method}


def _app(answer: Answer, seen: list[Seen]) -> ASGIApp:
    pairs = answer.pairs()
    shared: Message = {"type": "http.response.start", "status": answer.status, "headers": pairs}

    def start() -> Message:
        if answer.shared:
            return shared
        return {**shared, "headers": tuple(pairs) if answer.tuples else list(pairs)}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        mine = seen_in(scope)
        seen.append(mine)
        if answer.raises == "at once":
            raise AppError
        if scope["type"] == "websocket":
            read_early(answer, scope["netguard"], mine)
            return await _socket(answer, receive, send)
        mine.body = await _body(receive) if answer.reads else b""
        read_early(answer, scope["netguard"], mine)
        await send(start())
        await _chunks(answer, mine, scope, send)

    return app


async def _chunks(answer: Answer, mine: Seen, scope: Scope, send: Send) -> None:
    for chunk in answer.chunks:
        body = written(answer, chunk, scope["netguard"], mine)
        await send({"type": "http.response.body", "body": body, "more_body": True})
        if answer.raises == "amid":
            raise AppError
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def read_early(answer: Answer, exchange: Any, mine: Seen) -> None:
    """What the app reads of the exchange before its response starts, and what it says of a login."""
    if answer.logs_in:
        _say(exchange, dict(mine.headers).get(b"x-login"))
    if answer.nonce == "early":
        mine.nonces.append(exchange.nonce)
    if answer.token == "early":
        mine.tokens.append(exchange.csrf_token)


def _say(exchange: Any, word: bytes | None) -> None:
    says = {b"right": "succeeded", b"wrong": "failed", b"unchecked": "not_checked"}
    if word is not None:
        getattr(exchange, f"login_{says[word]}")()


def written(answer: Answer, chunk: bytes, exchange: Any, mine: Seen) -> bytes:
    """A chunk as the app sends it; what the exchange does not give any more is noted and goes on."""
    try:
        if answer.nonce != "unread":
            mine.nonces.append(exchange.nonce)
        if answer.token != "unread":
            mine.tokens.append(exchange.csrf_token)
    except (NonceError, TokenError) as error:
        mine.error = error
        raise
    for name, read in ((b"{nonce}", mine.nonces), (b"{token}", mine.tokens)):
        chunk = chunk.replace(name, read[-1].encode()) if read else chunk
    return chunk


async def _socket(answer: Answer, receive: Receive, send: Send) -> None:
    await receive()
    if answer.socket == "accept":
        await send({"type": "websocket.accept", "headers": answer.pairs()})
        await send({"type": "websocket.close", "code": 1000})
    elif answer.socket == "close":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.pairs()})
        await send({"type": "websocket.http.response.body", "body": answer.chunks[0]})


async def _body(receive: Receive) -> bytes:
    pieces, more = [], True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)


def seen_in(scope: Scope) -> Seen:
    """What an ASGI app finds in its scope."""
    headers = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
    root = scope.get("root_path", "")
    return Seen(
        client=scope["client"][0] if scope["client"] else None,
        scheme=scope["scheme"],
        host=next((value for name, value in headers if name == b"host"), None),
        path=scope["path"].removeprefix(root),
        headers=headers,
        resolved=scope["netguard"].client,
        peer=scope["netguard"].peer,
    )
