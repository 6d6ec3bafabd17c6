"""The one owner of response headers: merges the policy's into the app's, once, and touches nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from netguard.cookie_rewriting import CookieRewriter
from netguard.errors import ConfigError
from netguard.headers import Headers
from netguard.headers.compiled import CompiledCSP
from netguard.headers.constant import constant
from netguard.headers.csp import CSP
from netguard.headers.override import Override
from netguard.memo import Memo
from netguard.messages import RawHeaders, Request, TextHeaders
from netguard.rules.hosts import LOCAL, is_address

_CSP_NAMES: Final = {"csp": b"content-security-policy", "csp_report_only": b"content-security-policy-report-only"}
_HSTS_NAME: Final = b"strict-transport-security"
_XFO_NAME: Final = b"x-frame-options"
_DISCLOSING: Final = frozenset(
    b"server x-powered-by x-aspnet-version x-aspnetmvc-version x-generator x-runtime x-version x-drupal-cache "
    b"x-powered-cms x-served-by x-backend-server x-application-context x-php-version x-framework".split()
)
_ANCESTORS: Final = {b"deny": "'none'", b"sameorigin": "'self'"}
_SHARED: Final = (b"public", b"s-maxage")
_FOR_CACHES: Final = frozenset({b"cache-control", b"cdn-cache-control", b"surrogate-control"})
_COOKIE: Final = 1  # only its value may change
_WEIGHED: Final = 2  # may go, or decides what is added

_Policies = list[tuple[bytes, CompiledCSP]]


class HeaderMerge:
    """A policy's response headers, compiled: what depends on the request is decided, the rest is appended."""

    __slots__ = (
        "_addresses", "_config", "_constant", "_derived", "_framed", "_hsts", "_kinds", "_local", "_override",
        "_policies", "_remove", "_rest", "_tails", "_text_kinds", "_text_tails", "rewriter",
    )  # fmt: skip

    def __init__(self, headers: Headers | None, cookies: CookieRewriter | None, local: frozenset[str] = LOCAL) -> None:
        self._config = headers, cookies
        self._local = local  # hosts on this machine, where browsers drop Secure over plain http
        self.rewriter = cookies
        self._constant = list(constant(headers)) if headers else []
        self._policies = _compiled(headers)
        self._hsts = headers.hsts.value().encode() if headers and headers.hsts else None
        self._override = frozenset(name.lower().encode() for name in headers.override) if headers else frozenset()
        removed = {name.lower().encode() for name in headers.remove} if headers else set()
        self._remove = _DISCLOSING | removed if headers else frozenset()
        self._framed = _framed(headers)
        self._rest = {https: self._after_policies(https) for https in (True, False)}
        policies = [(name, csp.plain) for name, csp in self._policies]
        self._tails = {https: policies + rest for https, rest in self._rest.items()}
        self._text_tails = {https: _text(tail) for https, tail in self._tails.items()}
        self._kinds: Memo[bytes, int] = Memo(self._kind)
        self._text_kinds: Memo[str, int] = Memo(lambda name: self._kind(name.encode("latin-1")))
        self._addresses: Memo[str, bool] = Memo(is_address)
        self._derived: Memo[Override, HeaderMerge] = Memo(self._with, 256)

    def overridden(self, override: Override, *, remember: bool = True) -> HeaderMerge:
        """The merge for a route with an override; stacks. What is made for one request is not worth remembering."""
        return self._derived[override] if remember else self._with(override)

    def _with(self, override: Override) -> HeaderMerge:
        headers, cookies = self._config
        return HeaderMerge(override.over(headers), cookies, self._local)

    def _after_policies(self, https: bool) -> RawHeaders:
        hsts = [(_HSTS_NAME, self._hsts)] if https and self._hsts else []
        return hsts + self._constant

    def _kind(self, name: bytes) -> int:
        """How a header of the app is treated; 0 where it stays as it is and decides nothing."""
        lower = name.lower()
        ours = {*_CSP_NAMES.values(), _HSTS_NAME, _XFO_NAME} | {key for key, _ in self._constant}
        if lower in ours or lower in self._remove or lower in self._override:
            return _WEIGHED
        return _COOKIE if lower == b"set-cookie" and self.rewriter is not None else 0

    def merged(
        self, request: Request, status: int, headers: Iterable[tuple[bytes, bytes]], nonce: str | None
    ) -> RawHeaders:
        """The headers of a response to this request; ``nonce`` is None where nobody read it."""
        own = headers if type(headers) is list else list(headers)
        hsts = request.scheme == "https" and not self._addresses[request.host or ""]
        if nonce is None and status != 304:
            kinds, cookies = self._kinds, False
            for name, _ in own:
                if kinds[name]:
                    if kinds[name] != _COOKIE:
                        break
                    cookies = True
            else:
                merged = own + self._tails[hsts]
                if cookies and self.rewriter is not None:
                    self.rewriter.raw.rewrite(own, merged, request.host, hsts or self.secures(request))
                return merged
        return self._weighed(request, status, own, self._rest[hsts], nonce)

    def merged_text(self, request: Request, status: int, headers: TextHeaders, nonce: str | None) -> TextHeaders:
        """The same for WSGI, whose headers are text: nothing is encoded where nothing must be weighed."""
        hsts = request.scheme == "https" and not self._addresses[request.host or ""]
        if nonce is None and status != 304:
            kinds, cookies = self._text_kinds, False
            for name, _ in headers:
                if kinds[name]:
                    if kinds[name] != _COOKIE:
                        break
                    cookies = True
            else:
                merged = headers + self._text_tails[hsts]
                if cookies and self.rewriter is not None:
                    self.rewriter.text.rewrite(headers, merged, request.host, hsts or self.secures(request))
                return merged
        own = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return _text(self._weighed(request, status, own, self._rest[hsts], nonce))

    def secures(self, request: Request) -> bool:
        """Whether cookies must be Secure: always but over plain http on this machine."""
        return request.scheme == "https" or request.host not in self._local

    def cookies(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The headers with nothing changed but their cookies: all that is done to a WebSocket's 101."""
        own = list(headers)
        if self.rewriter is not None:
            self.rewriter.raw.rewrite(own, own, request.host, self.secures(request))
        return own

    def _weighed(
        self, request: Request, status: int, own: RawHeaders, rest: RawHeaders, nonce: str | None
    ) -> RawHeaders:
        https = request.scheme == "https"
        kept = self.cookies(request, [pair for pair in own if self._stays(pair[0].lower(), https)])
        present = {name.lower(): value for name, value in kept}
        added = self._fitted(status, present, nonce) + [pair for pair in rest if pair[0] not in present]
        return kept + added if nonce is None else private(kept + added)

    def _stays(self, lower: bytes, https: bool) -> bool:
        return not (lower in self._remove or lower in self._override or (lower == _HSTS_NAME and not https))

    def _fitted(self, status: int, present: Mapping[bytes, bytes], nonce: str | None) -> RawHeaders:
        """The CSPs that the app did not set, in the form that this response asks for."""
        frame = present.get(_XFO_NAME, b"").strip().lower()
        policies = self._framed.get(frame, self._policies)
        kept = [(name, csp) for name, csp in policies if name not in present]
        if status == 304:  # A cache would put these over the stored page's, whose scripts have another nonce.
            kept = [(name, csp) for name, csp in kept if not csp.takes_nonce]
        return [(name, csp.value(nonce)) for name, csp in kept]


def _text(headers: RawHeaders) -> TextHeaders:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _compiled(headers: Headers | None, **replaced: Any) -> _Policies:
    """The CSPs of these headers; ``replaced`` are directives that stand in for theirs."""
    compiled = []
    for field, name in _CSP_NAMES.items():
        csp = getattr(headers, field, False)
        if isinstance(csp, CSP):
            compiled.append((name, CompiledCSP(replace(csp, **replaced))))
            if not compiled[-1][1].plain:
                raise ConfigError(f"Headers.{field}: CSP has no directive: name one, or write {field}=False")
    return compiled


def _framed(headers: Headers | None) -> dict[bytes, _Policies]:
    """The CSPs for each X-Frame-Options that an app may set itself: frame-ancestors would overrule it otherwise."""
    if not headers or not headers.policies():
        return {}
    return {option: _compiled(headers, frame_ancestors=[who]) for option, who in _ANCESTORS.items()}


def private(headers: RawHeaders) -> RawHeaders:
    """A page with a nonce or token belongs to one reader: no shared cache may keep it (RFC 9111, 5.2.2.7; RFC 9213)."""
    written = b",".join(value for name, value in headers if name.lower() == b"cache-control")
    directives = [part.strip() for part in written.split(b",") if part.strip()]
    closed = [part for part in directives if part.partition(b"=")[0].lower() not in _SHARED]
    if not {b"private", b"no-store"} & {part.lower() for part in closed}:  # private="field" keeps the page shared
        closed.insert(0, b"private")
    kept = [(name, value) for name, value in headers if name.lower() not in _FOR_CACHES]
    return [*kept, (b"cache-control", b", ".join(closed))]
