"""The apps that real servers run: a Starlette app with a mounted sub-application, bare ASGI and bare WSGI ones."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

import netguard.wsgi
from netguard import Policy
from netguard.starlette import NetguardMiddleware

PROXY = "127.0.0.2"  # a client that connects from this address of loopback is the proxy, any other a stranger
POLICY = Policy(
    hosts=["booking.example", "localhost:*"],
    proxies=[PROXY],
    exempt=["/alive"],
)


def note(word: str) -> None:
    """Leave a trace that a test can wait for: a line in a named pipe."""
    if path := os.environ.get("NOTES"):
        with Path(path).open("a") as pipe:
            pipe.write(f"{word}\n")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    note("started")
    yield
    note("stopped")


async def seen(request: Request) -> Response:
    names = sorted({name for name in request.headers if name.startswith("x-") or name == "forwarded"})
    client = request.client.host if request.client else None
    return JSONResponse(
        {"scheme": request.url.scheme, "host": request.headers.get("host"), "client": client, "names": names,
         "path": request.url.path, "root": request.scope.get("root_path", ""),
         "peer": request.state.netguard.peer}
    )  # fmt: skip


async def cookies(request: Request) -> Response:
    response = PlainTextResponse("two", headers={"X-Powered-By": "magic"})
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


async def body(request: Request) -> Response:
    return Response(await request.body())


async def crash(request: Request) -> Response:
    raise LookupError("a bug of the app")


async def crash_later(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        raise LookupError("a bug of the app")

    return StreamingResponse(chunks())


async def unchanged(request: Request) -> Response:
    return Response(status_code=304, headers={"ETag": '"1"'})


_more = anyio.Event()


async def stream(request: Request) -> Response:
    """The second chunk leaves only once another request says so: nothing may hold the first one back."""
    global _more
    more = _more = anyio.Event()
    kind = "text/event-stream" if "events" in request.url.path else "text/plain"

    async def chunks() -> AsyncIterator[bytes]:
        yield b"data: first\n\n"
        await more.wait()
        yield b"data: second\n\n"

    return StreamingResponse(chunks(), media_type=kind)


async def go_on(request: Request) -> Response:
    _more.set()
    return PlainTextResponse("gone on")


async def background(request: Request) -> Response:
    return PlainTextResponse("answered", background=BackgroundTask(note, "ran"))


async def page(request: Request) -> Response:
    nonce = request.state.netguard.nonce
    return Response(f"<script nonce={nonce}></script>", media_type="text/html")


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


async def closed(websocket: WebSocket) -> None:
    await websocket.close(1008)


routes = [
    Route("/", seen, methods=["GET", "POST"]),
    Route("/alive", seen),
    Route("/cookies", cookies),
    Route("/body", body, methods=["POST"]),
    Route("/crash", crash),
    Route("/crash-later", crash_later),
    Route("/unchanged", unchanged),
    Route("/stream", stream),
    Route("/events", stream),
    Route("/go-on", go_on),
    Route("/background", background),
    Route("/page", page),
    WebSocketRoute("/echo", echo),
    WebSocketRoute("/closed", closed),
]
app = Starlette(routes=routes, lifespan=lifespan)
app.add_middleware(NetguardMiddleware, policy=POLICY)

club = Starlette(routes=[Route("/health", seen), Route("/seen", seen), Route("/hooks/{id}", seen, methods=["POST"])])
club.add_middleware(
    NetguardMiddleware,
    policy=Policy(hosts=["booking.example", "localhost:*"], exempt=["/health"]),
)
mounted = Starlette(routes=[Mount("/club", app=club), Mount("/", app=app)], lifespan=lifespan)


def _wsgi_page(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/crash":
        raise LookupError("a bug of the app")
    if path == "/unchanged":
        start("304 Not Modified", [("ETag", '"1"')])
        return []
    if path == "/body":
        start("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]
    start("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    if path == "/crash-later":
        return _crashing()
    exchange = environ["netguard"]
    told = (environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""), environ["REMOTE_ADDR"], exchange.peer)
    if environ["REQUEST_METHOD"] == "HEAD":  # which is the app's to know: waitress sends what it is given
        return []
    return [" ".join([*told, *sorted(key for key in environ if "FORWARDED" in key)]).encode()]


def _crashing() -> Iterable[bytes]:
    yield b"first"
    raise LookupError("a bug of the app")


wsgi = netguard.wsgi.NetguardMiddleware(_wsgi_page, POLICY)
