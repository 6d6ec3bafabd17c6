"""What leaves through WSGI: response heads with the policy's headers, refusals, and what waits for a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from itertools import chain
from types import TracebackType
from typing import Any, Final

from netguard.environ import Environ
from netguard.errors import NetguardError
from netguard.exchange import Exchange
from netguard.memo import Memo
from netguard.messages import Page

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
StartResponse = Callable[..., Callable[[bytes], object]]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]


def guarded_start(exchange: Exchange, start_response: StartResponse) -> StartResponse:
    """A ``start_response`` whose head carries the policy's headers."""

    def guarded(
        status: str, headers: Iterable[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        merged = exchange.start_text(int(status[:3]), headers)
        return start_response(status, merged, exc_info) if exc_info else start_response(status, merged)

    return guarded


def settled(exchange: Exchange, app: WSGIApp, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Run an app whose answer settles a login: once it has returned, since it may still take its answer back.

    A generator starts its answer only when it is asked for a chunk: then, at once.
    """
    returned = False

    def start(*head: Any) -> Callable[[bytes], object]:
        write = start_response(*head)
        if returned:
            exchange.settle()
        return write

    result = app(environ, start)
    returned = True
    if exchange.started:
        exchange.settle()
    return result


def settling(exchange: Exchange, start_response: StartResponse) -> StartResponse:
    """A ``start_response`` that settles the logins of a request at once."""

    def start(*head: Any) -> Callable[[bytes], object]:
        write = start_response(*head)
        exchange.settle()
        return write

    return start


def respond(page: Page, start_response: StartResponse) -> Iterable[bytes]:
    """Send a page in the app's place."""
    text = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in page.headers]
    start_response(_STATUS[page.status], text)
    return [page.body]


def withholding(exchange: Exchange, app: WSGIApp, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Run an app on a route that a rule about the user guards: nothing of it leaves before the rule passed."""
    held: list[tuple[Any, ...]] = []

    def held_start(*head: Any) -> Callable[[bytes], object]:
        if exchange.withheld() is None:
            return start_response(*head)
        held.append(head)
        return _unwritable

    result = app(environ, held_start)
    chunks = iter(result)
    try:
        first = next(chunks, b"")  # a generator starts its response only when it is asked for a chunk
    except BaseException:
        _close(result)
        raise
    instead = exchange.withheld()
    if instead is not None:
        _close(result)
        return respond(exchange.page(instead), start_response)
    for head in held:
        start_response(*head)
    return _Rest(first, chunks, result)


def nothing(_: Environ, __: StartResponse) -> Iterable[bytes]:
    """Stands for an app that must not run."""
    return ()


def _unwritable(_: bytes) -> object:
    raise NetguardError("write() before the rules about the user passed: return the body instead")


def _close(result: Iterable[bytes]) -> None:
    close = getattr(result, "close", None)
    if close is not None:
        close()


class _Rest:
    """What is left of an iterable whose first chunk was already taken."""

    def __init__(self, first: bytes, chunks: Iterator[bytes], result: Iterable[bytes]) -> None:
        self._chunks = chain((first,), chunks)
        self._result = result

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        _close(self._result)


def _line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


_STATUS: Final = Memo(_line)
