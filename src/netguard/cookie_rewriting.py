"""The rewriting of Set-Cookie and Cookie, byte for byte, and the telling of what browsers would drop or confuse."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import AnyStr, Final, Generic, NamedTuple

from netguard.cookie_attributes import Wanted, bare_deletion, deletes, prefixed, rewritten, scope, want
from netguard.cookie_reading import CookieReader
from netguard.cookies import Cookies, Domain, below
from netguard.errors import CookieError
from netguard.memo import Memo
from netguard.messages import Refusal

COMPLETED: Final = "cookies.completed"
_LARGEST: Final = 4096  # bytes of name and value (RFC 6265bis, 5.6)
_NEWS: Final = 1000  # an app with more cookie names than that has told enough

_Key = tuple[AnyStr, AnyStr, bool, str | None]  # name, attributes, whether Secure is due, host if domains go by it


class _Ending(NamedTuple, Generic[AnyStr]):
    """What becomes of every cookie with the same name and attributes."""

    name: AnyStr
    renamed: bool
    tail: AnyStr | None  # what follows its value; None where it leaves as it is
    strays: bool  # another of its name had another scope


class CookieRewriter:
    """The compiled form of ``Cookies``; ``raw`` and ``text`` rewrite what leaves, ``reader`` what a browser sent."""

    __slots__ = (
        "_known", "_raises", "_scopes", "_told", "_wanted", "news", "raw", "reader", "renames", "sites", "text",
    )  # fmt: skip

    def __init__(self, config: Cookies, *, raises: bool = False) -> None:
        self._raises = raises  # what browsers would drop is an error, for developers to see
        self._told: set[tuple[str, bytes]] = set()
        self._scopes: dict[tuple[bytes, str | None], bytes] = {}  # the first of each name, by host where it matters
        self._wanted: Memo[bytes, Wanted] = Memo(lambda name: want(config, name))
        self._known = frozenset(name.encode("ascii") for name in (*config.rules, *config.only))
        domains = [config.domain, *(rule.domain for rule in config.rules.values())]
        self.sites = _sites(domains)  # None where no cookie's Domain depends on the host
        self.news: deque[Refusal] = deque(maxlen=_NEWS)  # to be told by whoever can
        self.reader = CookieReader(config)
        self.renames = self.reader.renames
        self.raw = Outgoing(self, self._ending, b"set-cookie", b";", b"=")
        self.text = Outgoing(self, self._text_ending, "set-cookie", ";", "=")  # latin-1, as WSGI has it

    def _ending(self, key: _Key[bytes]) -> _Ending[bytes]:
        written, attributes, secure, host = key
        name = written.strip()
        prefix, tail = rewritten(self._wanted[name], name, attributes, host, secure=secure)
        if tail is not None:
            self._note(COMPLETED, name, f"cookie {name!r} left as {tail!r}")
        strays = self._strays((prefix + name, host), scope(attributes if tail is None else tail))
        return _Ending(prefix + written.lstrip(), bool(prefix), tail, strays)

    def _text_ending(self, key: _Key[str]) -> _Ending[str]:
        name, attributes, secure, host = key
        raw = self._ending((name.encode("latin-1"), attributes.encode("latin-1"), secure, host))
        tail = None if raw.tail is None else raw.tail.decode("latin-1")
        return _Ending(raw.name.decode("latin-1"), raw.renamed, tail, raw.strays)

    def _strays(self, name: tuple[bytes, str | None], scope: bytes) -> bool:
        """Whether a cookie may be one of two scopes of its name; no doubt where all so far had the same."""
        if len(self._scopes) >= _NEWS and name not in self._scopes:
            return True
        return self._scopes.setdefault(name, scope) != scope

    def compare(self, cookies: Iterable[bytes]) -> None:
        """Complain where one response sets one name in two scopes: a browser would send both, in either order."""
        scopes: dict[bytes, bytes] = {}
        for cookie in cookies:
            pair, _, attributes = cookie.partition(b";")
            name, equals, _ = pair.partition(b"=")
            name = name.strip() if equals else b""
            if not deletes(attributes) and scopes.setdefault(name, scope(attributes)) != scope(attributes):
                self._complain("cookies.two-scopes", name, f"cookie {name!r} is set twice, with other Domain or Path")

    def too_large(self, pair: bytes) -> None:
        """Complain of a cookie that no browser keeps; those that the policy leaves alone are not its business."""
        written, equals, value = pair.partition(b"=")
        name, value = (written.strip(), value.strip()) if equals else (b"", written.strip())
        if len(name) + len(value) > _LARGEST and self._wanted[name].covered:
            self._complain("cookies.too-large", name, f"cookie {name!r} has over {_LARGEST} bytes: browsers drop it")

    def _complain(self, code: str, name: bytes, detail: str) -> None:
        if self._raises:
            raise CookieError(detail)
        self._note(code, name, detail)

    def _note(self, code: str, name: bytes, detail: str) -> None:
        if (code, name) not in self._told and len(self._told) < _NEWS:
            self._told.add((code, name))
            self.news.append(Refusal("cookies", code, 200, detail, (), False))

    def incoming(self, value: bytes) -> bytes:
        """A Cookie field as the app reads it."""
        return self.reader.read(value)

    def names(self, name: bytes) -> bool:
        """Whether the policy names this cookie, or browsers guard it by its name."""
        return name in self._known or prefixed(name)

    def deletion(self, name: bytes, host: str | None, *, secure: bool) -> bytes:
        """A Set-Cookie that deletes the app's cookie, where the policy puts it, else at the root; nothing is told."""
        wanted = self._wanted[name]
        if not wanted.covered:
            return bare_deletion(name)
        attributes = b" Max-Age=0" if wanted.path is not None else b" Max-Age=0; Path=/"
        site = None if self.sites is None else self.sites[host]
        prefix, tail = rewritten(wanted, name, attributes, site, secure=secure)
        return prefix + name + b"=" + (b";" + attributes if tail is None else tail)


class Outgoing(Generic[AnyStr]):
    """The rewriting of a response's cookies in one kind of text; what is known of a name and attributes is kept."""

    __slots__ = ("_endings", "_equals", "_fields", "_rewriter", "_semicolon", "_sites")

    def __init__(
        self,
        rewriter: CookieRewriter,
        ending: Callable[[_Key[AnyStr]], _Ending[AnyStr]],
        field: AnyStr,
        semicolon: AnyStr,
        equals: AnyStr,
    ) -> None:
        self._rewriter = rewriter
        self._endings: Memo[_Key[AnyStr], _Ending[AnyStr]] = Memo(ending, 512)
        self._fields: Memo[AnyStr, bool] = Memo(lambda name: name.lower() == field)
        self._semicolon: AnyStr = semicolon
        self._equals: AnyStr = equals
        self._sites = rewriter.sites

    def rewrite(
        self, own: Sequence[tuple[AnyStr, AnyStr]], merged: list[tuple[AnyStr, AnyStr]], host: str | None, secure: bool
    ) -> None:
        """Put the cookies among ``own`` as they leave into ``merged``, which begins with the same fields.

        ``secure`` is False where browsers would drop Secure.
        """
        endings, fields, semicolon, sign = self._endings, self._fields, self._semicolon, self._equals
        sites = self._sites
        host = None if sites is None else sites[host]  # no client may fill the memory with hosts
        compared = False
        for place, (field, cookie) in enumerate(own):
            if not fields[field]:
                continue
            pair, _, attributes = cookie.partition(semicolon)
            name, equals, _ = pair.partition(sign)
            if not equals:  # all of it is the value (RFC 6265bis, 5.6), which is not to be kept
                name = equals
            shown, renamed, tail, strays = endings[name, attributes, secure, host]
            if renamed:
                pair = shown + pair[len(name) :]
            if strays:
                compared = True
            if tail is not None:
                merged[place] = field, pair + tail
            if len(pair) > _LARGEST:
                self._rewriter.too_large(_bytes(pair))
        if compared:
            self._rewriter.compare([_bytes(value) for name, value in merged if fields[name]])


def _sites(domains: Sequence[Domain]) -> Memo[str | None, str | None] | None:
    """For any host the one among few that has the same domains: itself where a mapping names it, or what it is below.

    The longest is below all the others.
    """
    mapped = {host for domain in domains if isinstance(domain, Mapping) for host in domain}
    plain = sorted({domain for domain in domains if isinstance(domain, str)}, key=len, reverse=True)

    def site(host: str | None) -> str | None:
        if host is None or host in mapped:
            return host
        return next((domain for domain in plain if below(host, domain)), None)

    return Memo(site, 512) if mapped or plain else None


def _bytes(text: bytes | str) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text
