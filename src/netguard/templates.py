"""The nonce and the token in templates: objects that read them where they are written out, and not before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from netguard.exchange import Exchange
from netguard.rules.token import FIELD


class _Lazy:
    """``{{ name }}`` or ``{{ name() }}``: something of the response that is being rendered.

    Calling it gives itself, so that a template that is kept between requests cannot keep one request's own.
    """

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Callable[[], Exchange]) -> None:
        self._exchange = exchange

    def __call__(self) -> Self:
        return self


class Nonce(_Lazy):
    """``{{ csp_nonce }}``: the response's nonce."""

    __slots__ = ()

    def __str__(self) -> str:
        return self._exchange().nonce

    __html__ = __str__  # base64 has no character that HTML would need escaped


class CsrfToken(_Lazy):
    """``{{ csrf_token }}``: a token for scripts, as in a ``meta`` element."""

    __slots__ = ()

    def __str__(self) -> str:
        return self._exchange().csrf_token

    __html__ = __str__  # as above


class CsrfField(_Lazy):
    """``{{ csrf_field }}``: a form's hidden input with a token."""

    __slots__ = ()

    def __str__(self) -> str:
        return Markup(f'<input type="hidden" name="{FIELD}" value="{self._exchange().csrf_token}">')

    __html__ = __str__


class Markup(str):
    """HTML that template engines must not escape; Django makes a ``str`` of an object before it looks."""

    __slots__ = ()

    def __html__(self) -> Self:
        return self
