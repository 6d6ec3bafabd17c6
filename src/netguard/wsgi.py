"""The WSGI driver: any WSGI app behind a policy. It does the I/O that the core asks for, and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from http import HTTPStatus
from io import BytesIO
from itertools import chain
from types import TracebackType
from typing import Any, Final
from urllib.parse import quote_from_bytes

from netguard.core import Plan, decide, proved
from netguard.errors import BodyTooLarge, ConfigError, Disconnected, LengthRequired, NetguardError
from netguard.events import Sinks, logger
from netguard.exchange import Exchange
from netguard.memo import Memo
from netguard.messages import CONTINUE, Continue, Decision, NeedBody, NeedCounts, Page, Request, Respond
from netguard.policy import Policy
from netguard.proxies import is_forwarding
from netguard.refusals import CRASHED, CUT_SHORT, NO_LENGTH, NO_USER, TOO_LARGE, unlisted_proxy

Environ = dict[str, Any]  # a server's edge
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
StartResponse = Callable[..., Callable[[bytes], object]]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

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


class NetguardMiddleware:
    """Protect a WSGI app by a policy: ``app = NetguardMiddleware(app, policy)``.

    The app finds the request's ``Exchange`` at ``environ["netguard"]``. The app's iterable is returned as it is.
    An exception that leaves the app is logged and answered with 500; under ``Policy.development()`` it is raised.
    """

    asks_inside = False  # whether the adapter has a hook that asks the rules about the user

    def __init__(
        self, app: WSGIApp, policy: Policy | Plan | None = None, *, user: Callable[[Environ], object] | None = None
    ) -> None:
        self.app = app
        self.plan = policy if isinstance(policy, Plan) else Plan(policy or Policy())
        self._user = user
        if self.plan.user_rules and user is None and not self.asks_inside:
            raise ConfigError(NO_USER)
        self._sinks = Sinks(self.plan.policy.events)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        plan = self.plan
        request = _request(plan, environ)
        exchange = Exchange(request, plan.merge, plan.pages)
        guarded = _guarded_start(exchange, start_response)
        try:
            inner = self.inner(environ, exchange)  # tells of forwarding headers, also where the request is refused
            decision = decide(plan, request)
            if decision is not CONTINUE:
                final = self._supplied(decision, inner)
                self._sinks.tell_decision(request, final)
                if isinstance(final, Respond):
                    return _respond(exchange.page(final), guarded)
                if final.pending:
                    exchange.pending = final.pending
                    return self._withheld(exchange, inner, guarded)
            return self.app(inner, guarded)
        except Exception:
            if exchange.started or self.propagates(environ):
                raise
            logger.exception("an exception left the app at %r %r", request.method, request.path)
            self._sinks.tell(request, CRASHED)
            return _respond(exchange.page(Respond(CRASHED)), guarded)

    def _withheld(self, exchange: Exchange, inner: Environ, start_response: StartResponse) -> Iterable[bytes]:
        app = _nothing if self._user and isinstance(exchange.admit(self._user(inner)), Respond) else self.app
        result = _withholding(exchange, app, inner, start_response)
        self._sinks.tell_decision(exchange.request, exchange.withheld() or exchange.verdict or Continue())
        return result

    def propagates(self, environ: Environ) -> bool:
        """Whether an exception is left to the server's or the framework's own debugging page."""
        return self.plan.policy.preset == "development"

    def _supplied(self, decision: Decision, environ: Environ) -> Continue | Respond:
        """The final decision, once everything that was asked for has been fetched."""
        while True:
            if isinstance(decision, NeedBody):
                decision = with_body(decision, partial(_read_body, environ))
            elif isinstance(decision, NeedCounts) and self.plan.store is not None:
                decision = decision.supply(self.plan.store.take(decision.ops))
            else:
                return proved(decision)

    def inner(self, environ: Environ, exchange: Exchange) -> Environ:
        """The environ for the app: ``told``."""
        return told(environ, exchange, self._sinks)


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
    inner["wsgi.url_scheme"] = request.scheme
    inner["netguard"] = exchange
    return inner


def _request(plan: Plan, environ: Environ) -> Request:
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
    if not written:
        if environ.get("HTTP_TRANSFER_ENCODING"):
            raise LengthRequired("a chunked body has no CONTENT_LENGTH")
        return 0
    if not (written.isascii() and written.isdigit()):
        raise LengthRequired(f"CONTENT_LENGTH {written!r} is no number")
    length = int(written[:20])  # no more digits than any real length has
    if length > limit:
        raise BodyTooLarge(f"the body is larger than {limit} bytes")
    return length


def _read_body(environ: Environ, limit: int) -> bytes:
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


def _guarded_start(exchange: Exchange, start_response: StartResponse) -> StartResponse:
    def guarded(
        status: str, headers: Iterable[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        merged = exchange.start_text(int(status[:3]), headers)
        return start_response(status, merged, exc_info) if exc_info else start_response(status, merged)

    return guarded


def _respond(page: Page, start_response: StartResponse) -> Iterable[bytes]:
    text = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in page.headers]
    start_response(_STATUS[page.status], text)
    return [page.body]


def _withholding(exchange: Exchange, app: WSGIApp, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
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
        return _respond(exchange.page(instead), start_response)
    for head in held:
        start_response(*head)
    return _Rest(first, chunks, result)


def _nothing(_: Environ, __: StartResponse) -> Iterable[bytes]:
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
