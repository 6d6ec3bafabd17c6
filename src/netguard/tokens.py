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

_PART: Final = 24  # bytes: 192 bits, of which base64 makes 32 characters without padding
_MOST: Final = 16  # secrets; more are a mistake, and would make long cookies


class Tokens:
    """Makes and verifies: all of ``secrets`` sign, and any of them verifies; cookie and token have keys of their own.

    So what a process with the new secret and the old one makes is good for one that knows only the old one, and the
    other way round: servers may be restarted one by one.
    """

    __slots__ = ("_cookie_keys", "_token_keys")

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [secret.encode("utf-8", "surrogatepass") for secret in secrets[:_MOST]]
        self._cookie_keys = [_mac(key, b"netguard csrf cookie") for key in keys]
        self._token_keys = [_mac(key, b"netguard csrf token") for key in keys]

    def new(self) -> bytes:
        """A value for a browser that has none: 192 random bits."""
        return urandom(_PART)

    def signed(self, value: bytes) -> str:
        """The text to put into the cookie; the same value gives the same text."""
        return _written(value + _macs(self._cookie_keys, value))

    def read(self, written: str) -> bytes | None:
        """The value of a cookie's text; None where nobody with a secret signed it. Never raises."""
        return self._read(written, self._cookie_keys)

    def is_current(self, written: str) -> bool:
        """Whether the first secret was among those that signed a cookie's text."""
        return self._read(written, self._cookie_keys[:1]) is not None

    @staticmethod
    def _read(written: str, keys: Sequence[bytes]) -> bytes | None:
        raw = _raw(written)
        return raw[:_PART] if raw is not None and _any_fits(raw[_PART:], keys, raw[:_PART]) else None

    def token(self, bound: bytes) -> str:
        """A token for what it is bound to, other at each call: a secret that stands still in a page can be guessed from
        the page's compressed length (BREACH)."""
        macs = _macs(self._token_keys, bound)
        mask = urandom(len(macs))
        return _written(mask + _masked(mask, macs))

    def fits(self, token: str, bound: bytes) -> bool:
        """Whether a token was made for this, under any of the secrets; in constant time. Never raises."""
        raw = _raw(token)
        if raw is None or len(raw) % (2 * _PART):
            return False
        half = len(raw) // 2
        return _any_fits(_masked(raw[:half], raw[half:]), self._token_keys, bound)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")[:_PART]


def _macs(keys: Sequence[bytes], message: bytes) -> bytes:
    return b"".join(_mac(key, message) for key in keys)


def _any_fits(macs: bytes, keys: Sequence[bytes], message: bytes) -> bool:
    """Whether one of these is the MAC by one of the keys."""
    given = [macs[at : at + _PART] for at in range(0, len(macs), _PART)]
    wanted = [_mac(key, message) for key in keys]
    found = [hmac.compare_digest(one, other) for one in given for other in wanted]  # all, whichever it was
    return True in found


def _masked(mask: bytes, value: bytes) -> bytes:
    return bytes(map(xor, mask, value))


def _written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii")


def _raw(written: str) -> bytes | None:
    """The bytes that were written as this text; None for any other spelling of them, and for any other length."""
    parts, rest = divmod(len(written), _PART // 3 * 4)
    if rest or not 2 <= parts <= 2 * _MOST or not written.isascii():
        return None
    try:
        raw = urlsafe_b64decode(written)
    except ValueError:
        return None
    return raw if _written(raw) == written else None
