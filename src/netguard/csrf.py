"""Request tokens at work: the cookie and the session that they are bound to, found in requests and set by responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from secrets import token_urlsafe
from typing import Final

from netguard.cookie_reading import readings
from netguard.events import logger
from netguard.headers.merge import HeaderMerge
from netguard.messages import Request
from netguard.rules.origin import Origin
from netguard.rules.token import TokenRule
from netguard.tokens import Tokens

_NAME: Final = b"netguard-csrf"
_PREFIXED: Final = b"__Host-" + _NAME  # which no sister site can set (RFC 6265bis, 4.1.3.2)
_ATTRIBUTES: Final = b"; Path=/; HttpOnly; SameSite=Lax"


class Csrf:
    """The tokens of one policy. ``rule`` asks for them, ``bound`` and ``token`` serve the responses with forms."""

    __slots__ = ("_merge", "_session", "_tokens", "rule")

    names: Final = frozenset({_NAME, _PREFIXED})  # of the cookie

    def __init__(self, origin: Origin, secrets: Sequence[str], merge: HeaderMerge) -> None:
        self._tokens = Tokens(secrets or [_made_up()])
        self._session = origin.session.encode("ascii")
        self._merge = merge
        self.rule = TokenRule(origin, self.fits)

    def bound(self, request: Request) -> tuple[bytes, bytes]:
        """What this browser's tokens are bound to, and the Set-Cookie that gives it to the browser.

        The latter is empty where the browser has it. A value that only older secrets signed is signed anew and stays,
        so that the forms which are open go on working.
        """
        sent = self._sent(request)
        value = self._value(sent)
        if value is None:
            value = self._tokens.new()
        elif any(map(self._tokens.is_current, sent)):
            return value, b""
        return value, self._set_cookie(request, self._tokens.signed(value))

    def token(self, request: Request, value: bytes) -> str:
        """A token for a form, masked anew."""
        return self._tokens.token(value + self._session_of(request))

    def fits(self, request: Request, token: str) -> bool:
        """Whether a token belongs to the browser that sent it. Never raises."""
        value = self._value(self._sent(request))
        return value is not None and self._tokens.fits(token, value + self._session_of(request))

    def _sent(self, request: Request) -> list[str]:
        field = request.headers.get(b"cookie") or b""
        name = _PREFIXED if self._merge.secures(request) else _NAME
        return [value.decode("latin-1") for value in _values(field, name)]

    def _value(self, sent: list[str]) -> bytes | None:
        """The one value that we signed. Of two, one was planted beside the browser's own, and neither counts."""
        values = {value for text in sent if (value := self._tokens.read(text)) is not None}
        return values.pop() if len(values) == 1 else None

    def _session_of(self, request: Request) -> bytes:
        """All that the app could read as its session; nothing where there is none yet, or none was named."""
        if not self._session:
            return b""
        field = request.headers.get(b"cookie") or b""
        rewriter = self._merge.rewriter
        if rewriter is not None and rewriter.renames and self._merge.secures(request):
            field = rewriter.incoming(field)
        return b"".join(b"; " + value for value in _all_values(field, self._session))

    def _set_cookie(self, request: Request, signed: str) -> bytes:
        pair = b"=" + signed.encode("ascii") + _ATTRIBUTES
        return _PREFIXED + pair + b"; Secure" if self._merge.secures(request) else _NAME + pair


def _made_up() -> str:
    logger.warning("Origin(token=True) without secrets: this process made up its own, and no form outlives a restart")
    return token_urlsafe(32)


def _values(field: bytes, name: bytes) -> Iterator[bytes]:
    for part in field.split(b";"):
        key, equals, value = part.strip(b" \t").partition(b"=")
        if equals and key == name:
            yield value


def _all_values(field: bytes, name: bytes) -> Iterator[bytes]:
    """The same for every parser: where only some of them find the name, all of what it was found in."""
    for part in field.split(b";"):
        pair = part.strip(b" \t")
        key, equals, value = pair.partition(b"=")
        if equals and key == name:
            yield value
        elif name in pair and name in readings(pair):
            yield pair
