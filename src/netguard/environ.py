"""What WSGI says, in netguard's words: reading an environ and a body, and telling the app the truth (PEP 3333)."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote_from_bytes

from netguard.errors import BodyTooLarge, Disconnected, LengthRequired
from netguard.events import Sinks
from netguard.exchange import Exchange
from netguard.memo import Memo
from netguard.messages import Decision, NeedBody, Request
from netguard.plan import Plan
from netguard.proxies import is_forwarding
from netguard.refusals import CUT_SHORT, NO_LENGTH, TOO_LARGE, unlisted_proxy

Environ = dict[str, Any]  # a server's edge

_MOST_DIGITS: Final = 12  # of a length; no real body has more
_PLAIN_KEYS: Final = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def _key(name: bytes) -> str:
    return _PLAIN_KEYS.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


def _names_forwarding(key: str) -> bool:
    return key.startswith("HTTP_") and is_forwarding(key[5:].encode("latin-1", "replace"))


_KEYS: Final = Memo(_key)

# The same server and client send the same names again and again: one look-up tells which of them are claims.
_CLAIMS: Final[Memo[tuple[str, ...], tuple[str, ...]]] = Memo(lambda keys: tuple(filter(_names_forwarding, keys)), 256)


class EnvironHeaders:
    """The request's headers, read from the environ when a rule asks for one."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Environ) -> None:
        self._environ = environ

    def get(self, name: bytes, /) -> bytes | None:
        """The value of a lower-case name, or None where the field is absent."""
        value: str | None = self._environ.get(_KEYS[name])
        return None if value is None else value.encode("latin-1")


def told(environ: Environ, exchange: Exchange, sinks: Sinks) -> Environ:
    """A copy of the environ that tells the truth: one client, one scheme, one host, no forwarding headers."""
    request = exchange.request
    inner = environ.copy()
    for key in _CLAIMS[tuple(environ)]:
        del inner[key]
    if request.proxied:
        if request.authority != request.headers.get(b"host"):
            _set_host(inner, request)
    elif len(inner) != len(environ):
        sinks.tell_once(request, unlisted_proxy(request))
    if request.client is not None or request.proxied:
        inner["REMOTE_ADDR"] = request.client or ""
    if request.proxied:  # these two are the proxy's
        inner.pop("REMOTE_HOST", None)
        inner.pop("REMOTE_PORT", None)
    if exchange.renames and "HTTP_COOKIE" in inner:
        inner["HTTP_COOKIE"] = exchange.cookies(inner["HTTP_COOKIE"].encode("latin-1")).decode("latin-1")
    inner["wsgi.url_scheme"] = request.scheme
    inner["netguard"] = exchange
    return inner


def read_request(plan: Plan, environ: Environ) -> Request:
    """The request of an environ, resolved."""
    path: str = environ.get("PATH_INFO") or "/"
    root: str = environ.get("SCRIPT_NAME") or ""
    return plan.request(
        environ["REQUEST_METHOD"],
        path if path.isascii() else _decoded(path),
        EnvironHeaders(environ),
        "https" if environ.get("wsgi.url_scheme") == "https" else "http",
        environ.get("REMOTE_ADDR") or None,
        target_of(environ, root + path),
        environ.get("QUERY_STRING", "").encode("latin-1", "replace"),
        root if root.isascii() else _decoded(root),
        "http",
    )


def _decoded(text: str) -> str:
    """The UTF-8 text behind WSGI's latin-1 (PEP 3333)."""
    return text.encode("latin-1", "replace").decode("utf-8", "replace")


def target_of(environ: Environ, path: str) -> bytes:
    """The path as it was sent, where the server tells (gunicorn, uWSGI, Werkzeug, waitress), else quoted anew."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw.partition("?")[0].encode("latin-1", "replace")
    return quote_from_bytes(path.encode("latin-1", "replace")).encode("ascii")


def _set_host(environ: Environ, request: Request) -> None:
    if request.host is None:
        environ.pop("HTTP_HOST", None)
    else:
        environ["HTTP_HOST"] = request.host if request.port is None else f"{request.host}:{request.port}"


def with_body(need: NeedBody, read: Callable[[int], bytes]) -> Decision:
    """What a decision comes to with the body that ``read`` gives for a limit, or without it."""
    try:
        body = read(need.limit)
    except BodyTooLarge:
        return need.fail(TOO_LARGE)
    except LengthRequired:
        return need.fail(NO_LENGTH)
    except Disconnected:
        return need.fail(CUT_SHORT)
    return need.supply(body)


def body_length(environ: Environ, limit: int) -> int:
    """How long the body is, as announced: nothing else tells a WSGI app where it ends."""
    written = environ.get("CONTENT_LENGTH") or ""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        raise LengthRequired("the length of a chunked body is not known")
    if not written:
        if environ.get("wsgi.input_terminated"):  # the server ends the stream itself: there may be a body (HTTP/2)
            raise LengthRequired("a body may follow that nobody announced")
        return 0
    if not (written.isascii() and written.isdigit()):
        raise LengthRequired(f"CONTENT_LENGTH {written!r} is no number")
    digits = written.lstrip("0") or "0"
    length = int(digits) if len(digits) < _MOST_DIGITS else limit + 1
    if length > limit:
        raise BodyTooLarge(f"the body is larger than {limit} bytes")
    return length


def read_body(environ: Environ, limit: int) -> bytes:
    """The body, put back for the app; never read without a length, since a server may then wait for ever."""
    length = body_length(environ, limit)
    if not length:
        return b""
    body = _read_fully(environ["wsgi.input"], length)
    environ["wsgi.input"] = BytesIO(body)
    if len(body) < length:
        raise Disconnected("the client sent less than it announced")
    return body


def _read_fully(stream: Any, length: int) -> bytes:  # whatever file the server gives
    chunks: list[bytes] = []
    while length:
        chunk: bytes = stream.read(length)
        if not chunk:
            break
        chunks.append(chunk)
        length -= len(chunk)
    return b"".join(chunks)
