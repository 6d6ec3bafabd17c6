"""Request verification by headers: Sec-Fetch-Site first, then Origin against the resolved origin."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from netguard.checks import listing, one_of, section
from netguard.errors import ConfigError
from netguard.memo import Memo
from netguard.messages import Refusal, Request
from netguard.patterns import PatternMap
from netguard.rules import Mode
from netguard.rules.hosts import DEFAULT_PORT, parse_authority
from netguard.rules.paths import Exemptions, spellings

Site = tuple[str, str, int | None]  # scheme, host, port (None for the scheme's own)

_AMBIENT: Final = frozenset({b"basic", b"digest", b"negotiate", b"ntlm", b"kerberos"})  # browsers add these themselves
_OURS: Final = frozenset({b"same-origin", b"same-site", b"none"})
_EMBEDDED: Final = frozenset({b"object", b"embed", b"iframe", b"frame", b"fencedframe"})
_ISOLATED: Final = (
    (b"cache-control", b"no-store"),
    (b"vary", b"Sec-Fetch-Site, Sec-Fetch-Mode, Sec-Fetch-Dest, Origin"),
)
_COOKIE_NAME: Final = re.compile(r"[!-:<>-~]*")  # printable ASCII without space, ";" and "="
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OVERRIDE_1: Final = b"x-http-method-override"  # names and no loop: every GET passes here
_OVERRIDE_2: Final = b"x-http-method"
_OVERRIDE_3: Final = b"x-method-override"
_HEADERS: Final = ((b"cache-control", b"no-store"), (b"vary", b"Sec-Fetch-Site, Origin"))


@section
class Origin:
    """Refuse unsafe requests and WebSockets that another site's page sent (W3C Fetch Metadata; RFC 6454).

    ``trusted`` lists further origins that may send them, exactly, as in ``"https://pay.example"``. ``bypass`` lists
    patterns for callers that are no browsers, such as webhooks; they match only where every spelling of the path
    does. ``ambient_only`` skips requests without Cookie, Basic, Digest or Negotiate credentials, which a foreign
    page has nothing to gain from sending. Requests with neither header come from no current browser and pass;
    ``require=True`` refuses them. ``isolate`` lists patterns whose resources no other site may load, as image, script,
    frame or by fetch; a link that leads there still works, and so do ``trusted`` ones that say who they are (W3C Fetch
    Metadata, resource isolation). They match in every spelling of the path.

    ``token=True`` asks requests with neither header for a token instead, in ``X-CSRF-Token`` or a form's field
    ``csrf_token``, bound to a cookie that is set where ``exchange.csrf_token`` is read; it needs the policy's secrets.
    ``session`` names the app's session cookie, which the tokens are bound to as well once it is there.
    """

    trusted: Sequence[str] = ()
    bypass: Sequence[str] = ()
    ambient_only: bool = False
    require: bool = False
    isolate: Sequence[str] = ()
    token: bool = False
    session: str = ""
    mode: Mode = "enforce"

    def __post_init__(self) -> None:
        one_of("Origin.mode", self.mode, ("enforce", "report"))
        one_of("Origin.ambient_only", self.ambient_only, (True, False))
        one_of("Origin.require", self.require, (True, False))
        one_of("Origin.token", self.token, (True, False))
        self._check_token()
        _guards(self.isolate)
        Exemptions("Origin.bypass", self.bypass)
        for origin in listing("Origin.trusted", self.trusted, str):
            _trusted(origin)

    def _check_token(self) -> None:
        if self.require and self.token:
            raise ConfigError("Origin.require: it refuses what token=True asks for a token: write one of the two")
        _check_cookie_name("Origin.session", self.session)
        if self.session and not self.token:
            raise ConfigError(f"Origin.session: {self.session!r} binds tokens, and there are none: write token=True")

    def rule(self) -> Callable[[Request], Refusal | None]:
        """The check of this section."""
        return _Rule(self).check

    def unproved(self) -> Callable[[Request], bool]:
        """Tells of a request whether it would need a token: it is to be judged, and has no header to judge it by."""
        return _Rule(self).unproved

    def isolation(self) -> Callable[[Request], Refusal | None] | None:
        """The check of ``isolate``, where anything is listed."""
        return _Isolation(self).check if self.isolate else None


class _Rule:
    __slots__ = ("_ambient_only", "_bypass", "_require", "_sites", "_trusted")

    def __init__(self, config: Origin) -> None:
        self._trusted = frozenset(map(_trusted, config.trusted))
        self._bypass = Exemptions("Origin.bypass", config.bypass)
        self._ambient_only = config.ambient_only
        self._require = config.require
        self._sites: Memo[bytes, Site | None] = Memo(parse_origin)

    def unproved(self, request: Request) -> bool:
        get = request.headers.get
        absent = not (get(b"sec-fetch-site") or get(b"origin"))
        return absent and self._concerns(request) and not self._bypass.cover(request)

    def _concerns(self, request: Request) -> bool:
        if request.method in _SAFE and request.kind == "http":
            get = request.headers.get  # an upgrade: a WSGI app may speak WebSocket on the socket itself
            if get(b"upgrade") is get(_OVERRIDE_1) is get(_OVERRIDE_2) is get(_OVERRIDE_3) is None:
                return False
        return not self._ambient_only or _ambient(request)

    def check(self, request: Request) -> Refusal | None:
        if not self._concerns(request):
            return None
        code = self._verdict(request)
        if code is None or self._bypass.cover(request):
            return None
        detail = "a page of another site sent this: list its origin in Origin(trusted=...) if it may"
        return Refusal("origin", code, 403, detail, _HEADERS)

    def _verdict(self, request: Request) -> str | None:
        fetched = request.headers.get(b"sec-fetch-site")
        if fetched == b"same-origin" or fetched == b"none":
            return None
        origin = request.headers.get(b"origin")
        site = self._sites[origin] if origin else None
        if site in self._trusted:
            return None
        if fetched:
            return "origin.cross-site"
        if not origin:
            return "origin.absent" if self._require else None
        if site == (request.scheme, request.host, request.port):
            return None
        return "origin.null" if origin == b"null" else "origin.foreign"


class _Isolation:
    __slots__ = ("_patterns", "_trusted")

    def __init__(self, config: Origin) -> None:
        self._patterns = _guards(config.isolate)
        self._trusted = frozenset(map(_trusted, config.trusted))

    def check(self, request: Request) -> Refusal | None:
        get = request.headers.get
        site = get(b"sec-fetch-site")
        if not site or site in _OURS or not self._covers(request):
            return None
        leads_there = get(b"sec-fetch-mode") == b"navigate" and request.method in {"GET", "HEAD"}
        if leads_there and get(b"sec-fetch-dest") not in _EMBEDDED:
            return None
        if parse_origin(get(b"origin") or b"") in self._trusted:  # no page can say that it is another's
            return None
        detail = "another site's page would load this: take the path out of Origin(isolate=...) if it may"
        return Refusal("isolation", "isolation.cross-site", 403, detail, _ISOLATED)

    def _covers(self, request: Request) -> bool:
        """Whether any spelling of the path is isolated: routers and file systems do not agree on one."""
        match, method = self._patterns.match, request.method
        return bool(match(method, request.path)) or any(match(method, path) for path in spellings(request))


def _guards(patterns: Sequence[str]) -> PatternMap[bool]:
    texts = listing("Origin.isolate", patterns, str)
    return PatternMap("Origin.isolate", [(text, True) for text in texts], guarding=True)


def parse_origin(value: bytes) -> Site | None:
    """Read a serialised origin (RFC 6454, 6.1); None for ``null`` and anything malformed. Never raises."""
    scheme, separator, rest = value.partition(b"://")
    authority = parse_authority(rest) if separator else None
    name = scheme.lower().decode("ascii", "replace")
    if authority is None or name not in DEFAULT_PORT:
        return None
    return name, authority.host, None if authority.port == DEFAULT_PORT[name] else authority.port


def _trusted(origin: str) -> Site:
    site = parse_origin(origin.encode("utf-8", "surrogatepass"))
    if site is None:
        mend = "write scheme and host and nothing else, as in 'https://pay.example'"
        raise ConfigError(f"Origin.trusted: {origin!r} is no origin: {mend}")
    return site


def _check_cookie_name(where: str, name: object) -> None:
    if not isinstance(name, str) or not _COOKIE_NAME.fullmatch(name):
        raise ConfigError(f"{where}: the name of a cookie is meant, as in 'sessionid', not {name!r}")


def _ambient(request: Request) -> bool:
    scheme = (request.headers.get(b"authorization") or b"").split(None, 1)[:1]
    return request.headers.get(b"cookie") is not None or (bool(scheme) and scheme[0].lower() in _AMBIENT)
