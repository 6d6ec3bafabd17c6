"""The one owner of response headers: merges the policy's into the app's, once, and touches nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from netguard.cookies import CookieHardener, Cookies
from netguard.errors import ConfigError
from netguard.headers import Headers
from netguard.headers.csp import CompiledCSP
from netguard.headers.override import Override
from netguard.memo import Memo
from netguard.messages import RawHeaders, Request
from netguard.rules.hosts import LOCAL, is_address

CSP_NAME: Final = b"content-security-policy"
HSTS_NAME: Final = b"strict-transport-security"
XFO_NAME: Final = b"x-frame-options"
_DISCLOSING: Final = frozenset(
    b"server x-powered-by x-aspnet-version x-aspnetmvc-version x-generator x-runtime x-version x-drupal-cache "
    b"x-powered-cms x-served-by x-backend-server x-application-context x-php-version x-framework".split()
)
_ANCESTORS: Final = {b"deny": "'none'", b"sameorigin": "'self'"}
_SHARED: Final = (b"public", b"s-maxage")


class HeaderMerge:
    """A policy's response headers, compiled: what depends on the request is decided, the rest is appended."""

    __slots__ = (
        "_addresses",
        "_config",
        "_constant",
        "_cookies",
        "_csp",
        "_derived",
        "_framed",
        "_hsts",
        "_override",
        "_remove",
        "_special",
        "_tails",
    )

    def __init__(self, headers: Headers | None, cookies: Cookies | None) -> None:
        self._config = headers, cookies
        self._cookies = CookieHardener(cookies) if cookies else None
        self._constant = list(headers.constant()) if headers else []
        self._csp = _compiled(headers)
        self._hsts = headers.hsts.value().encode() if headers and headers.hsts else None
        self._override = frozenset(name.lower().encode() for name in headers.override) if headers else frozenset()
        removed = {name.lower().encode() for name in headers.remove} if headers else set()
        self._remove = _DISCLOSING | removed if headers else frozenset()
        self._framed = _framed(headers)
        self._tails = {https: self._tail(https) for https in (True, False)}
        self._special: Memo[bytes, bool] = Memo(self._is_special)
        self._addresses: Memo[str, bool] = Memo(is_address)
        self._derived: Memo[Override, HeaderMerge] = Memo(self._with, 256)

    def overridden(self, override: Override) -> HeaderMerge:
        """The merge for a route with an override; stacks."""
        return self._derived[override]

    def _with(self, override: Override) -> HeaderMerge:
        headers, cookies = self._config
        return HeaderMerge(override.over(headers), cookies)

    def _tail(self, https: bool) -> RawHeaders:
        tail = [(CSP_NAME, self._csp.plain)] if self._csp else []
        if https and self._hsts:
            tail.append((HSTS_NAME, self._hsts))
        return tail + self._constant

    def _is_special(self, name: bytes) -> bool:
        lower = name.lower()
        ours = {CSP_NAME, HSTS_NAME, XFO_NAME, b"set-cookie"} | {key for key, _ in self._constant}
        return lower in ours or lower in self._remove or lower in self._override

    def merged(
        self, request: Request, status: int, headers: Iterable[tuple[bytes, bytes]], nonce: str | None
    ) -> RawHeaders:
        """The headers of a response to this request; ``nonce`` is None where nobody read it."""
        own = headers if type(headers) is list else list(headers)
        tail = self._tails[request.scheme == "https" and not self._addresses[request.host or ""]]
        if nonce is None:
            special = self._special
            for name, _ in own:
                if special[name]:
                    break
            else:
                return own + tail
        return self._weighed(request, status, own, tail, nonce)

    def cookies(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The headers with nothing changed but their cookies: for what is no response, as a WebSocket's 101."""
        secure = _secure(request)
        return [(name, self._value(name.lower(), value, secure)) for name, value in headers]

    def _weighed(
        self, request: Request, status: int, own: RawHeaders, tail: RawHeaders, nonce: str | None
    ) -> RawHeaders:
        https, secure = request.scheme == "https", _secure(request)
        kept = [
            (name, self._value(name.lower(), value, secure)) for name, value in own if self._stays(name.lower(), https)
        ]
        present = {name.lower(): value for name, value in kept}
        tail = [(name, value) for name, value in tail if name not in present]
        if CSP_NAME not in present:
            tail = self._fitted(status, tail, present.get(XFO_NAME, b""), nonce)
        return kept + tail if nonce is None else _private(kept + tail)

    def _stays(self, lower: bytes, https: bool) -> bool:
        return not (lower in self._remove or lower in self._override or (lower == HSTS_NAME and not https))

    def _value(self, name: bytes, value: bytes, secure: bool) -> bytes:
        if name == b"set-cookie" and self._cookies:
            return self._cookies.harden(value, secure=secure)
        return value

    def _fitted(self, status: int, tail: RawHeaders, frame: bytes, nonce: str | None) -> RawHeaders:
        """The tail with the CSP in the form that this response asks for; ``frame`` is the app's X-Frame-Options."""
        csp = self._framed.get(frame.strip().lower(), self._csp)
        if csp is None:
            return tail
        if nonce is not None and status == 304:  # The stored page keeps the nonce that it was rendered with.
            return [(name, value) for name, value in tail if name != CSP_NAME]
        value = csp.plain if nonce is None else csp.with_nonce(nonce)
        return [(CSP_NAME, value), *tail[1:]]


def _secure(request: Request) -> bool:
    """Whether cookies must be Secure: always but over plain http on this machine, where browsers would drop them."""
    return request.scheme == "https" or request.host not in LOCAL


def _compiled(headers: Headers | None) -> CompiledCSP | None:
    if not headers or not headers.csp:
        return None
    compiled = CompiledCSP(headers.csp)
    if not compiled.plain:
        raise ConfigError("Headers.csp: CSP has no directive: name one, or write csp=False")
    return compiled


def _framed(headers: Headers | None) -> dict[bytes, CompiledCSP]:
    """The CSP for each X-Frame-Options that an app may set itself: frame-ancestors would overrule it otherwise."""
    if not headers or not headers.csp:
        return {}
    return {option: CompiledCSP(replace(headers.csp, frame_ancestors=[who])) for option, who in _ANCESTORS.items()}


def _private(headers: RawHeaders) -> RawHeaders:
    """A page with a nonce belongs to one reader: no shared cache may keep it (RFC 9111, 5.2.2.7)."""
    kept = [(name, value) for name, value in headers if name.lower() != b"cache-control"]
    written = b",".join(value for name, value in headers if name.lower() == b"cache-control")
    directives = [part.strip() for part in written.split(b",") if part.strip()]
    names = {part.partition(b"=")[0].lower() for part in directives}
    if names & {b"private", b"no-store"} and not names & set(_SHARED):
        return headers
    closed = [part for part in directives if part.partition(b"=")[0].lower() not in _SHARED]
    if not names & {b"private", b"no-store"}:
        closed.insert(0, b"private")
    return [*kept, (b"cache-control", b", ".join(closed))]
