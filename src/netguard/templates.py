"""The nonce in templates: an object that reads it where it is written out, and not before."""

from __future__ import annotations

from collections.abc import Callable

from netguard.exchange import Exchange


class Nonce:
    """``{{ csp_nonce }}`` or ``{{ csp_nonce() }}``: the nonce of the response that is being rendered.

    Calling it gives itself, so that a template that is kept between requests cannot keep one request's nonce.
    """

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Callable[[], Exchange]) -> None:
        self._exchange = exchange

    def __str__(self) -> str:
        return self._exchange().nonce

    __html__ = __str__  # base64 has no character that HTML would need escaped

    def __call__(self) -> Nonce:
        return self
