"""The rewriting of Set-Cookie and Cookie, byte for byte: what a policy says is added or replaced, the rest stays."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from netguard.checks import UNSET
from netguard.cookies import CookieRule, Cookies, Domain
from netguard.errors import CookieError
from netguard.memo import Memo
from netguard.messages import Refusal

_SCRIPT_NAMES: Final = frozenset({b"csrftoken", b"xsrf-token"})  # frameworks' scripts read these
_PREFIX: Final = {"host": b"__Host-", "secure": b"__Secure-"}
COMPLETED: Final = "cookies.completed"
_LARGEST: Final = 4096  # bytes of name, value and the sign between them (RFC 6265bis, 5.6)
_NEWS: Final = 1000  # an app with more cookie names than that has told enough
_SCOPE: Final = frozenset({b"domain", b"path"})
_WIDE: Final = 256  # bytes of attributes; wider ones are not remembered


@dataclass(frozen=True, slots=True, eq=False)  # a key by its identity: its domain may be a mapping
class _Wanted:
    """What a cookie of one name must carry; ``forced`` attributes replace the app's, the others fill a gap."""

    covered: bool
    secure: bool
    http_only: bool
    same_site: bytes | None
    domain: Domain
    path: bytes | None
    prefix: bytes
    forced: frozenset[bytes]


class CookieRewriter:
    """The compiled form of ``Cookies``: what happens to the attributes depends on them and the name alone."""

    __slots__ = ("_attributes", "_config", "_raises", "_told", "_wanted", "news", "renames")

    def __init__(self, config: Cookies, *, raises: bool = False) -> None:
        self._config = config
        self._raises = raises  # what browsers would drop is an error, for developers to see
        self._told: set[tuple[str, bytes]] = set()
        self.news: deque[Refusal] = deque(maxlen=_NEWS)  # to be told by whoever can
        self._wanted: Memo[bytes, _Wanted] = Memo(self._want)
        self._attributes: Memo[tuple[_Wanted, bytes, bool, str | None], bytes] = Memo(_rewritten, 512)
        self.renames = bool(config.prefix) or any(rule.prefix not in (UNSET, False) for rule in config.rules.values())

    def _want(self, name: bytes) -> _Wanted:
        config = self._config
        text = name.decode("latin-1")
        rule = config.rules.get(text, _NO_RULE)
        covered = text in config.rules or not ((config.only and text not in config.only) or text in config.exempt)
        plain = config.http_only and name.lower() not in _SCRIPT_NAMES
        same_site = config.same_site if rule.same_site is UNSET else rule.same_site
        path = config.path if rule.path is UNSET else rule.path
        prefix = config.prefix if rule.prefix is UNSET else rule.prefix
        return _Wanted(
            covered=covered,
            secure=config.secure or same_site == "None" or bool(prefix) or _named(name),
            http_only=plain if rule.http_only is UNSET else rule.http_only,
            same_site=same_site.encode() if same_site else None,
            domain=config.domain if rule.domain is UNSET else rule.domain,
            path=path.encode() if path else None,
            prefix=_PREFIX[prefix] if prefix and not _named(name) else b"",
            forced=frozenset(key for key, field in _FORCED.items() if getattr(rule, field) is not UNSET),
        )

    def outgoing(self, cookie: bytes, host: str | None, *, secure: bool) -> bytes:
        """A Set-Cookie value as it leaves; ``secure`` is False where browsers would drop Secure."""
        pair, _, attributes = cookie.partition(b";")
        name = pair.partition(b"=")[0].strip()
        wanted = self._wanted[name]
        if not wanted.covered:
            return cookie
        prefix = wanted.prefix if secure else b""
        shown = prefix + pair.lstrip() if prefix else pair
        key = (wanted, _kind(name, prefix) + attributes, secure, _scope(wanted.domain, host))
        rewritten = shown + (self._attributes[key] if len(attributes) <= _WIDE else _rewritten(key))
        if len(rewritten) != len(cookie) and (COMPLETED, name) not in self._told:
            self._note(COMPLETED, name, f"cookie {name!r} left as {rewritten[len(shown) :]!r}")
        if len(shown) > _LARGEST:
            self._complain("cookies.too-large", name, f"cookie {name!r} has over {_LARGEST} bytes: browsers drop it")
        return rewritten

    def compare(self, cookies: Sequence[bytes]) -> None:
        """Complain where one response sets one name in two scopes: a browser would send both, in either order."""
        scopes: dict[bytes, bytes] = {}
        for cookie in cookies:
            name = cookie.partition(b"=")[0].strip()
            scope = b";".join(sorted(p.strip().lower() for p in cookie.split(b";")[1:] if _name(p) in _SCOPE))
            if scopes.setdefault(name, scope) != scope:
                self._complain("cookies.two-scopes", name, f"cookie {name!r} is set twice, with other Domain or Path")

    def _complain(self, code: str, name: bytes, detail: str) -> None:
        if self._raises:
            raise CookieError(detail)
        self._note(code, name, detail)

    def _note(self, code: str, name: bytes, detail: str) -> None:
        if (code, name) not in self._told and len(self._told) < _NEWS:
            self._told.add((code, name))
            self.news.append(Refusal("cookies", code, 200, detail, (), False))

    def places(self, name: bytes) -> bool:
        """Whether the policy itself gives a cookie of this name its path."""
        wanted = self._wanted[name]
        return wanted.covered and wanted.path is not None

    def incoming(self, value: bytes) -> bytes:
        """A Cookie field as the app reads it: prefixed names as its plain ones, whose plain ones are not its own."""
        kept = []
        for part in value.split(b";"):
            name, equals, rest = part.strip(b" \t").partition(b"=")
            plain = _plain(name)
            if plain is not None and self._wanted[plain].prefix == name[: len(name) - len(plain)]:
                kept.append(plain + equals + rest)
            elif not (self._wanted[name].prefix and self._wanted[name].covered):
                kept.append(name + equals + rest)
        return b"; ".join(kept)


def deletion(rewriter: CookieRewriter | None, name: bytes) -> bytes:
    """A Set-Cookie that deletes a cookie, at the path where the policy puts it, else at the root."""
    placed = rewriter is not None and rewriter.places(name)
    return name + (b"=; Max-Age=0" if placed else b"=; Max-Age=0; Path=/")


_NO_RULE: Final = CookieRule()
_FORCED: Final = {b"httponly": "http_only", b"samesite": "same_site", b"domain": "domain", b"path": "path"}


def _named(name: bytes) -> bool:
    return name.lower().startswith((b"__host-", b"__secure-"))


def _plain(name: bytes) -> bytes | None:
    for prefix in _PREFIX.values():
        if name.startswith(prefix) and len(name) > len(prefix):
            return name[len(prefix) :]
    return None


def _kind(name: bytes, prefix: bytes) -> bytes:
    """The rules of prefixes that a name is under, matched without regard to case (RFC 6265bis, 5.4), as a mark."""
    lower = (prefix or name).lower()
    return b"H" if lower.startswith(b"__host-") else b"S" if lower.startswith(b"__secure-") else b"-"


def _scope(domain: Domain, host: str | None) -> str | None:
    if isinstance(domain, Mapping):
        return domain.get(host or "")
    return domain or None


def _rewritten(key: tuple[_Wanted, bytes, bool, str | None]) -> bytes:
    wanted, marked, secure, domain = key
    kind, attributes = marked[:1], marked[1:]
    parts = attributes.split(b";") if attributes else []
    present = {_name(part): _value(part) for part in parts}
    dropped = {name for name in wanted.forced if present.get(name) != _said(wanted, name, domain)}
    if kind == b"H":
        dropped |= {b"domain"}
        domain = None
        if present.get(b"path") != b"/":
            dropped |= {b"path"}
    kept = [part for part in parts if _name(part) not in dropped]
    present = {_name(part): _value(part) for part in kept}
    return b"".join(b";" + part for part in kept) + _added(wanted, present, kind, secure, domain)


def _said(wanted: _Wanted, name: bytes, domain: str | None) -> bytes | None:
    """What a rule's attribute must read; None where it must not be there."""
    said: dict[bytes, bytes | None] = {
        b"httponly": b"" if wanted.http_only else None,
        b"samesite": wanted.same_site,
        b"domain": domain.encode("ascii") if domain else None,
        b"path": wanted.path,
    }
    return said[name]


def _added(wanted: _Wanted, present: Mapping[bytes, bytes], kind: bytes, secure: bool, domain: str | None) -> bytes:
    added = b""
    cross_site = present.get(b"samesite", b"").lower() == b"none"  # browsers take it with Secure only
    if secure and (wanted.secure or cross_site) and b"secure" not in present:
        added += b"; Secure"
    if wanted.http_only and b"httponly" not in present:
        added += b"; HttpOnly"
    if wanted.same_site and b"samesite" not in present:
        added += b"; SameSite=" + wanted.same_site
    if domain and b"domain" not in present:
        added += b"; Domain=" + domain.encode("ascii")
    path = b"/" if kind == b"H" else wanted.path
    if path and b"path" not in present:
        added += b"; Path=" + path
    return added


def _name(part: bytes) -> bytes:
    return part.partition(b"=")[0].strip().lower()


def _value(part: bytes) -> bytes:
    return part.partition(b"=")[2].strip()
