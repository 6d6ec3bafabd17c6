"""Request tokens at work: the cookie and the session that they are bound to, found in requests and set by responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from secrets import token_urlsafe
from typing import Final

from netguard.cookie_rewriting import CookieRewriter
from netguard.events import logger
from netguard.headers.merge import secures
from netguard.messages import Request
from netguard.rules.origin import Origin
from netguard.rules.token import TokenRule
from netguard.tokens import Tokens

_NAME: Final = b"netguard-csrf"
_PREFIXED: Final = b"__Host-" + _NAME  # which no sister site can set (RFC 6265bis, 4.1.3.2)
_ATTRIBUTES: Final = b"; Path=/; HttpOnly; SameSite=Lax"


class Csrf:
    """The tokens of one policy. ``rule`` asks for them, ``bound`` and ``token`` serve the responses with forms."""

    __slots__ = ("_rewriter", "_session", "_tokens", "rule")

    names: Final = frozenset({_NAME, _PREFIXED})  # of the cookie

    def __init__(self, origin: Origin, secrets: Sequence[str], rewriter: CookieRewriter | None) -> None:
        self._tokens = Tokens(secrets or [_made_up()])
        self._session = origin.session.encode("ascii")
        self._rewriter = rewriter
        self.rule = TokenRule(origin, self.fits)

    def bound(self, request: Request) -> tuple[bytes, bytes]:
        """What this browser's tokens are bound to, and the Set-Cookie that gives it to the browser.

        The latter is empty where the browser has it. A value that an older secret signed is signed anew and stays, so
        that the forms which are open go on working.
        """
        sent = self._sent(request)
        value = self._value(sent) or self._tokens.new()
        signed = self._tokens.signed(value)
        return value, b"" if signed in sent else self._set_cookie(request, signed)

    def token(self, request: Request, value: bytes) -> str:
        """A token for a form, masked anew."""
        return self._tokens.token(value + self._session_of(request))

    def fits(self, request: Request, token: str) -> bool:
        """Whether a token belongs to the browser that sent it. Never raises."""
        value = self._value(self._sent(request))
        return value is not None and self._tokens.fits(token, value + self._session_of(request))

    def _sent(self, request: Request) -> list[str]:
        field = request.headers.get(b"cookie") or b""
        name = _PREFIXED if secures(request) else _NAME
        return [value.decode("latin-1") for value in _values(field, name)]

    def _value(self, sent: list[str]) -> bytes | None:
        """The one value that we signed. Of two, one was planted beside the browser's own, and neither counts."""
        values = {value for text in sent if (value := self._tokens.read(text)) is not None}
        return values.pop() if len(values) == 1 else None

    def _session_of(self, request: Request) -> bytes:
        """The session as the app is going to read it; nothing where there is none yet, or none was named."""
        if not self._session:
            return b""
        field = request.headers.get(b"cookie") or b""
        if self._rewriter is not None and self._rewriter.renames and secures(request):
            field = self._rewriter.incoming(field)
        return b"".join(b"; " + value for value in _values(field, self._session))

    @staticmethod
    def _set_cookie(request: Request, signed: str) -> bytes:
        pair = b"=" + signed.encode("ascii") + _ATTRIBUTES
        return _PREFIXED + pair + b"; Secure" if secures(request) else _NAME + pair


def _made_up() -> str:
    logger.warning("Origin(token=True) without secrets: this process made up its own, and no form outlives a restart")
    return token_urlsafe(32)


def _values(field: bytes, name: bytes) -> Iterator[bytes]:
    for part in field.split(b";"):
        key, equals, value = part.strip(b" \t").partition(b"=")
        if equals and key == name:
            yield value
