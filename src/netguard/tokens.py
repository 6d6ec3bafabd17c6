"""Request tokens: what only a holder of a secret can have made, masked anew each time it is shown. Pure but for chance.

A browser keeps a signed random value in a cookie; a form brings a token that is derived from that value.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from operator import xor
from os import urandom
from typing import Final

_HALF: Final = 24  # bytes: 192 bits, of which base64 makes 32 characters without padding
_LENGTH: Final = 64  # characters of a cookie's value, and of a token


class Tokens:
    """Makes and verifies: the first of ``secrets`` signs, all verify; cookie and token have keys of their own."""

    __slots__ = ("_cookie_keys", "_token_keys")

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [secret.encode("utf-8", "surrogatepass") for secret in secrets]
        self._cookie_keys = [_mac(key, b"netguard csrf cookie") for key in keys]
        self._token_keys = [_mac(key, b"netguard csrf token") for key in keys]

    def new(self) -> bytes:
        """A value for a browser that has none: 192 random bits."""
        return urandom(_HALF)

    def signed(self, value: bytes) -> str:
        """The text to put into the cookie; the same value gives the same text."""
        return _written(value + _mac(self._cookie_keys[0], value))

    def read(self, written: str) -> bytes | None:
        """The value of a cookie's text; None where nobody with a secret signed it. Never raises."""
        raw = _raw(written)
        if raw is None:
            return None
        value, mac = raw[:_HALF], raw[_HALF:]
        return value if _is_one_of(mac, self._cookie_keys, value) else None

    def token(self, bound: bytes) -> str:
        """A token for what it is bound to, other at each call: a secret that stands still in a page can be guessed from
        the page's compressed length (BREACH)."""
        mask = urandom(_HALF)
        return _written(mask + _masked(mask, _mac(self._token_keys[0], bound)))

    def fits(self, token: str, bound: bytes) -> bool:
        """Whether a token was made for this, under any of the secrets; in constant time. Never raises."""
        raw = _raw(token)
        return raw is not None and _is_one_of(_masked(raw[:_HALF], raw[_HALF:]), self._token_keys, bound)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")[:_HALF]


def _is_one_of(mac: bytes, keys: Sequence[bytes], message: bytes) -> bool:
    found = [hmac.compare_digest(mac, _mac(key, message)) for key in keys]  # all of them, whichever it was
    return True in found


def _masked(mask: bytes, value: bytes) -> bytes:
    return bytes(map(xor, mask, value))


def _written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii")


def _raw(written: str) -> bytes | None:
    """The bytes that were written as this text; None for any other spelling of them."""
    if len(written) != _LENGTH or not written.isascii():
        return None
    try:
        raw = urlsafe_b64decode(written)
    except ValueError:
        return None
    return raw if _written(raw) == written else None
