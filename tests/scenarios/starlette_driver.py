"""Starlette and FastAPI: an application with ``add_middleware``, spoken to as a server would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from netguard.starlette import NetguardMiddleware, UserRules
from scenarios.asgi_driver import exchanged, read_early, seen_in, written
from scenarios.row import Answer, AppError, Outcome, Row, Seen

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def drive(row: Row) -> Outcome:
    """A row through Starlette's own middleware stack."""
    return _driven(row, Starlette())


def fastapi(row: Row) -> Outcome:
    """A row through FastAPI's."""
    return _driven(row, FastAPI(openapi_url=None))


def _driven(row: Row, app: Starlette) -> Outcome:
    seen: list[Seen] = []
    app.router.routes += [
        Route("/{rest:path}", _page(row.answer, seen), methods=METHODS),
        WebSocketRoute("/{rest:path}", _socket(row.answer, seen)),
    ]
    if row.knows_user:
        app.add_middleware(UserRules, user=lambda connection: connection.headers.get("x-user"))
    app.add_middleware(NetguardMiddleware, policy=row.made_policy())
    return exchanged(row, app, seen)


def _page(answer: Answer, seen: list[Seen]) -> Callable[[Request], Awaitable[Response]]:
    shared = _raw(answer, Response(b"".join(answer.chunks), answer.status))

    async def page(request: Request) -> Response:
        mine = seen_in(dict(request.scope))
        seen.append(mine)
        assert request.state.netguard is request.scope["netguard"]
        if answer.raises == "at once":
            raise AppError
        mine.body = await request.body() if answer.reads else b""
        read_early(answer, request.state.netguard, mine)
        if answer.shared:
            return shared
        return _raw(answer, StreamingResponse(_chunks(answer, mine, request), answer.status))

    return page


def _raw(answer: Answer, response: Response) -> Response:
    pairs = answer.pairs()
    response.raw_headers = tuple(pairs) if answer.tuples else pairs  # type: ignore[assignment]  # as some apps do
    return response


async def _chunks(answer: Answer, mine: Seen, request: Request) -> AsyncIterator[bytes]:
    for chunk in answer.chunks:
        yield written(answer, chunk, request.state.netguard, mine)
        if answer.raises == "amid":
            raise AppError


def _socket(answer: Answer, seen: list[Seen]) -> Callable[[WebSocket], Awaitable[None]]:
    async def socket(websocket: WebSocket) -> None:
        seen.append(seen_in(dict(websocket.scope)))
        if answer.raises == "at once":
            raise AppError
        if answer.socket == "accept":
            await websocket.accept(headers=answer.pairs())
            await websocket.close()
        elif answer.socket == "close":
            await websocket.close(1008)
        else:
            await websocket.send_denial_response(_raw(answer, Response(answer.chunks[0], answer.status)))

    return socket
