"""Bare WSGI: the environ as gunicorn builds it, and an app of one function."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from netguard.wsgi import NetguardMiddleware
from scenarios.asgi_driver import read_early, written
from scenarios.listening import listening
from scenarios.row import Answer, AppError, Ask, Outcome, Row, Seen

Environ = dict[str, Any]
Start = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, Start], Iterable[bytes]]


class Input:
    """The client's side of the body: one piece a read; where no length is said, a read would wait for ever."""

    def __init__(self, ask: Ask) -> None:
        self._pieces = deque(ask.body)
        self._silent = ask.length in {"chunked", "unsaid"} or not ask.body

    def read(self, size: int = -1) -> bytes:
        assert not self._silent, "wsgi.input was read without CONTENT_LENGTH"
        if not self._pieces or not size:
            return b""
        piece = self._pieces.popleft()
        if 0 <= size < len(piece):
            self._pieces.appendleft(piece[size:])
            piece = piece[:size]
        return piece


def drive(row: Row) -> Outcome:
    """A row through the WSGI middleware around a WSGI app."""
    seen: list[Seen] = []
    user = _user if row.knows_user else None
    return exchanged(row, NetguardMiddleware(_app(row.answer, seen), row.made_policy(), user=user), seen)


def _user(environ: Environ) -> str | None:
    return environ.get("HTTP_X_USER")


def exchanged(row: Row, app: App, seen: list[Seen]) -> Outcome:
    """What a row's request, made as often as it says, comes to; ``seen`` is what the app writes down."""
    outcomes = []
    for ask in row.asks():
        with listening() as events:
            outcome = _once(ask, app)
        outcomes.append(replace(outcome, events=events))
    return replace(outcomes[-1], seen=seen, earlier=outcomes[:-1])


def _once(ask: Ask, app: App) -> Outcome:
    outcome = Outcome()

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        assert type(headers) is list, "PEP 3333 wants a list"
        assert all(type(name) is type(value) is str for name, value in headers)
        outcome.heads += 1
        outcome.status = int(status.split(" ")[0])
        outcome.headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return outcome.chunks.append

    chunks: Iterable[bytes] = ()
    try:
        chunks = app(environ_of(ask), start)
        for chunk in chunks:
            assert outcome.heads == 1, "a body before its head"
            outcome.chunks.append(chunk)
    except Exception as error:
        outcome.raised = error
    finally:
        getattr(chunks, "close", lambda: None)()
    return outcome


def environ_of(ask: Ask) -> Environ:
    """The environ that a server makes of a request."""
    path, _, query = ask.target.partition(b"?")
    plain = unquote_to_bytes(path).decode("latin-1")
    environ: Environ = {
        "REQUEST_METHOD": ask.method,
        "SCRIPT_NAME": ask.root.encode().decode("latin-1"),
        "PATH_INFO": plain.removeprefix(ask.root.encode().decode("latin-1")),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": ask.target.decode("latin-1"),
        "SERVER_NAME": "192.0.2.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": f"HTTP/{ask.http}",
        "REMOTE_ADDR": ask.peer or "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": ask.scheme,
        "wsgi.input": Input(ask),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in ask.pairs():
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text  # as gunicorn joins repeated fields
    return environ


def _app(answer: Answer, seen: list[Seen]) -> App:
    shared = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.pairs()]
    length = len(shared)

    def app(environ: Environ, start: Start) -> Iterable[bytes]:
        mine = seen_in(environ)
        seen.append(mine)
        if answer.raises == "at once":
            raise AppError
        mine.body = _body(environ) if answer.reads else b""
        read_early(answer, environ["netguard"], mine)
        headers: object = shared if answer.shared else tuple(shared) if answer.tuples else list(shared)
        start(f"{answer.status} Answered", headers)
        assert len(shared) == length, "the app's own list grew"
        return _chunks(answer, mine, environ)

    return app


def _chunks(answer: Answer, mine: Seen, environ: Environ) -> Iterator[bytes]:
    for chunk in answer.chunks:
        yield written(answer, chunk, environ["netguard"], mine)
        if answer.raises == "amid":
            raise AppError


def _body(environ: Environ) -> bytes:
    length, pieces = int(environ.get("CONTENT_LENGTH") or 0), b""
    while len(pieces) < length and (piece := environ["wsgi.input"].read(length - len(pieces))):
        pieces += piece
    return pieces


def seen_in(environ: Environ) -> Seen:
    """What a WSGI app finds in its environ."""
    names = {key: key.removeprefix("HTTP_") for key in environ if key.startswith(("HTTP_", "CONTENT_"))}
    headers = [
        (name.lower().replace("_", "-").encode("latin-1"), environ[key].encode("latin-1"))
        for key, name in names.items()
    ]
    return Seen(
        client=environ["REMOTE_ADDR"] or None,
        scheme=environ["wsgi.url_scheme"],
        host=environ["HTTP_HOST"].encode("latin-1") if "HTTP_HOST" in environ else None,
        path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        headers=headers,
        resolved=environ["netguard"].client,
        peer=environ["netguard"].peer,
    )
