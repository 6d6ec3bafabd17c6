"""Django's request in netguard's words: reading it, telling it the truth, reading its body."""

from __future__ import annotations

from os import SEEK_END
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, UnreadablePostError

from netguard.asgi_messages import client_of
from netguard.environ import EnvironHeaders, body_length, target_of, told
from netguard.errors import BodyTooLarge, Disconnected
from netguard.events import Sinks
from netguard.exchange import Exchange
from netguard.messages import Request
from netguard.plan import Plan


def read_request(plan: Plan, request: HttpRequest) -> Request:
    """The request, resolved; method and path are those by which Django finds the view."""
    meta = request.META
    if isinstance(request, ASGIRequest):
        scheme, sent, query = (
            request.scope.get("scheme"),
            request.scope.get("raw_path"),
            request.scope.get("query_string", b""),
        )
    else:
        scheme, sent, query = meta.get("wsgi.url_scheme"), None, meta.get("QUERY_STRING", "").encode("latin-1")
    return plan.request(
        request.method or "",
        request.path_info,
        EnvironHeaders(meta),
        "https" if scheme == "https" else "http",
        meta.get("REMOTE_ADDR") or None,
        sent or target_of(meta, _latin(request.path)),
        query,
        meta.get("SCRIPT_NAME") or "",
        "http",
    )


def _latin(path: str) -> str:
    """The text in WSGI's disguise (PEP 3333)."""
    return path.encode("utf-8", "surrogatepass").decode("latin-1")


def tell(request: HttpRequest, exchange: Exchange, sinks: Sinks) -> None:
    """Let META, scheme and host say what is true, and leave no forwarding header in them."""
    meta = told(request.META, exchange, sinks)
    if isinstance(request, ASGIRequest):
        scope = dict(request.scope)
        truth = {"client": client_of(scope, exchange.request), "scheme": exchange.request.scheme, "netguard": exchange}
        request.scope = {**scope, **truth}
    elif isinstance(request, WSGIRequest):
        request.environ = meta
    request.META = meta
    for name in ("headers", "COOKIES"):  # what an earlier reader was told
        vars(request).pop(name, None)


def outer_exchange(request: HttpRequest) -> Exchange | None:
    """The exchange of a driver that this request passed before Django, if any."""
    where = request.scope if isinstance(request, ASGIRequest) else request.META
    found = where.get("netguard")
    return found if isinstance(found, Exchange) else None


def read_body(request: HttpRequest, limit: int) -> bytes:
    """The body, by Django's own reader, which keeps it for the view and for ``request.POST``."""
    framed = isinstance(request, ASGIRequest) and "CONTENT_LENGTH" not in request.META
    length = 0 if framed else body_length(request.META, limit)
    if not (framed or length):
        return b""
    if framed:
        _check_size(request, limit)
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise BodyTooLarge("the body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE") from error
    except UnreadablePostError as error:
        raise Disconnected("the client left before its request body was complete") from error
    if len(body) > limit:
        raise BodyTooLarge(f"the body is larger than {limit} bytes")
    if len(body) < length:
        raise Disconnected("the client sent less than it announced")
    return body


def _check_size(request: HttpRequest, limit: int) -> None:
    """Refuse a body that Django has buffered and that is too large, before its own reader leaves the view nothing."""
    stream = getattr(request, "_stream", None)
    if hasattr(request, "_body") or stream is None or not stream.seekable():
        return
    place = stream.tell()
    size = stream.seek(0, SEEK_END)
    stream.seek(place)
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if size > (limit if most is None else min(limit, most)):
        raise BodyTooLarge(f"the body is larger than {limit} bytes, or than DATA_UPLOAD_MAX_MEMORY_SIZE")


def knows_user(request: HttpRequest) -> bool:
    """Whether an authentication has run."""
    return hasattr(request, "user") or hasattr(request, "auser")


def user_of(request: HttpRequest) -> object:
    """The user that Django's authentication knows; None for nobody."""
    return _known(request.user)


async def auser_of(request: HttpRequest) -> object:
    """The same for async code, which must not wait for the session."""
    return _known(await request.auser()) if hasattr(request, "auser") else user_of(request)


def _known(user: Any) -> object:  # whatever model the project has
    return user if user.is_authenticated else None
