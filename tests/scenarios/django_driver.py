"""Django under WSGI and ASGI, each wrapped and with an entry of MIDDLEWARE, spoken to as a server would."""

from __future__ import annotations

import gc
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import re_path

from netguard import Policy
from netguard.django import get_asgi_application, get_wsgi_application
from netguard.plan import Plan
from netguard.wsgi import Environ, StartResponse, WSGIApp
from scenarios import asgi_driver, wsgi_driver
from scenarios.asgi_driver import read_early, written
from scenarios.row import Answer, AppError, Ask, Outcome, Row, Seen
from support.django_site import configure

configure()

POLICY = Policy(hosts=["booking.example"])
ENTRY = "netguard.django.NetguardMiddleware"
Form = Literal["wsgi-wrapped", "wsgi-middleware", "asgi-wrapped", "asgi-middleware"]
FORMS: tuple[Form, ...] = get_args(Form)


def wsgi_wrapped(row: Row) -> Outcome:
    """A row through ``netguard.django.get_wsgi_application()``."""
    seen: list[Seen] = []
    return served("wsgi-wrapped", row, _view(row, seen), seen)


def wsgi_entry(row: Row) -> Outcome:
    """A row through Django's own WSGI application with netguard in MIDDLEWARE."""
    seen: list[Seen] = []
    return served("wsgi-middleware", row, _view(row, seen), seen)


def asgi_wrapped(row: Row) -> Outcome:
    """A row through ``netguard.django.get_asgi_application()``, WebSockets to an app of their own."""
    seen: list[Seen] = []
    return served("asgi-wrapped", row, _async_view(row, seen), seen)


def asgi_entry(row: Row) -> Outcome:
    """A row through Django's own ASGI application with netguard in MIDDLEWARE."""
    seen: list[Seen] = []
    return served("asgi-middleware", row, _async_view(row, seen), seen)


def served(
    form: Form, row: Row, view: Callable[..., Any], seen: list[Seen] | None = None, middleware: Sequence[str] = ()
) -> Outcome:
    """A row's request to a site with one view for every path, ``middleware`` behind netguard's own entry, if any."""
    entry = [ENTRY] if form.endswith("middleware") else []
    if row.knows_user:
        middleware = [*([] if entry else [ENTRY]), *middleware, f"{__name__}.told_user"]
    urls = (re_path("", view),)
    with override_settings(NETGUARD=row.made_policy(), MIDDLEWARE=[*entry, *middleware], ROOT_URLCONF=urls):
        mine = [] if seen is None else seen
        if form.startswith("wsgi"):
            app = WSGIHandler() if entry else get_wsgi_application()
            return _trimmed(wsgi_driver.exchanged(row, _with_whole_reads(app), mine))
        socket = asgi_driver._app(row.answer, mine)
        asgi: Any = ASGIHandler() if entry else get_asgi_application(socket)
        return _dropped(lambda: asgi_driver.exchanged(row, asgi, mine))


def asked(
    form: Form, view: Callable[..., Any], *middleware: str, policy: Policy | Plan = POLICY, ask: Ask | None = None
) -> Outcome:
    """One request to a site with this view."""
    return served(form, Row(id="", policy=policy, ask=ask or Ask()), view, middleware=middleware)


@dataclass
class Told:
    """A user as Django has one."""

    pk: str
    is_authenticated: bool


def told_user(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """An authentication by the field X-User."""

    def authenticated(request: HttpRequest) -> HttpResponseBase:
        name = request.headers.get("X-User")
        request.user = Told(name or "", name is not None)  # type: ignore[assignment]  # no model, and enough of one
        return get_response(request)

    return authenticated


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


async def plain_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def _dropped(drive: Callable[[], Outcome]) -> Outcome:
    """Without the request's body file, which Django leaves open where a stream raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        outcome = drive()
        if outcome.raised is not None:
            outcome.raised.__traceback__ = None
            gc.collect()
    return outcome


def _trimmed(outcome: Outcome) -> Outcome:
    """Django writes a space before each cookie, which means nothing (RFC 9110, 5.5)."""
    return replace(outcome, headers=[(name, value.strip(b" ")) for name, value in outcome.headers])


class _Whole:
    """A body of which one read gives as much as it asks for, as servers do it: Django reads no second time."""

    def __init__(self, stream: wsgi_driver.Input) -> None:
        self._stream = stream
        self.readline = self.read

    def read(self, size: int = -1) -> bytes:
        got = b""
        while len(got) < size and (piece := self._stream.read(size - len(got))):
            got += piece
        return got


def _with_whole_reads(app: WSGIApp) -> WSGIApp:
    def served(environ: Environ, start: StartResponse) -> Any:
        return app({**environ, "wsgi.input": _Whole(environ["wsgi.input"])}, start)

    return served


def _view(row: Row, seen: list[Seen]) -> Callable[[HttpRequest], HttpResponseBase]:
    shared = _response(row.answer, HttpResponse(b"".join(row.answer.chunks)))

    def view(request: HttpRequest) -> HttpResponseBase:
        mine = _reached(row.answer, request, seen)
        return shared if row.answer.shared else _response(row.answer, StreamingHttpResponse(chunks(request, mine)))

    def chunks(request: HttpRequest, mine: Seen) -> Iterator[bytes]:
        for chunk in row.answer.chunks:
            yield written(row.answer, chunk, _exchange(request), mine)
            if row.answer.raises == "amid":
                raise AppError

    return view


def _async_view(row: Row, seen: list[Seen]) -> Callable[[HttpRequest], Any]:
    shared = _response(row.answer, HttpResponse(b"".join(row.answer.chunks)))

    async def view(request: HttpRequest) -> HttpResponseBase:
        mine = _reached(row.answer, request, seen)
        return shared if row.answer.shared else _response(row.answer, StreamingHttpResponse(chunks(request, mine)))

    async def chunks(request: HttpRequest, mine: Seen) -> AsyncIterator[bytes]:
        for chunk in row.answer.chunks:
            yield written(row.answer, chunk, _exchange(request), mine)
            if row.answer.raises == "amid":
                raise AppError

    return view


def _reached(answer: Answer, request: HttpRequest, seen: list[Seen]) -> Seen:
    mine = _seen_in(request)
    seen.append(mine)
    if answer.raises == "at once":
        raise AppError
    mine.body = request.body if answer.reads else b""
    read_early(answer, _exchange(request), mine)
    return mine


def _exchange(request: HttpRequest) -> Any:
    return request.netguard  # type: ignore[attr-defined]


def _response(answer: Answer, response: HttpResponseBase) -> HttpResponseBase:
    response.status_code = answer.status
    del response.headers["Content-Type"]
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.pairs()]
    cookies = [value for name, value in pairs if name.lower() == "set-cookie"]
    for name, value in pairs:
        if name.lower() != "set-cookie" or len(cookies) == 1:
            response.headers[name] = value
    for value in cookies if len(cookies) > 1 else ():
        response.cookies.load(value)
    return response


def _seen_in(request: HttpRequest) -> Seen:
    """What a view finds in its request."""
    meta = request.META
    names = {key: key.removeprefix("HTTP_") for key in meta if key.startswith(("HTTP_", "CONTENT_"))}
    headers = [(name.lower().replace("_", "-"), meta[key]) for key, name in names.items()]
    exchange = _exchange(request)
    assert exchange is (request.scope if isinstance(request, ASGIRequest) else meta)["netguard"]
    assert request.is_secure() == (request.scheme == "https")
    return Seen(
        client=meta.get("REMOTE_ADDR") or None,
        scheme=request.scheme or "",
        host=meta["HTTP_HOST"].encode("latin-1") if "HTTP_HOST" in meta else None,
        path=request.path_info,
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        resolved=exchange.client,
        peer=exchange.peer,
    )
