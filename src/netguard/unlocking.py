"""Signed links that unlock an account, each once."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from os import urandom
from typing import Final, NamedTuple

from itsdangerous import BadData, TimestampSigner

from netguard.checks import check_secrets
from netguard.counters import Clear
from netguard.counters.rates import Gcra
from netguard.keys import Keys

_KEY: Final = 16  # bytes, as the rest
_TAG: Final = 8
_NONCE: Final = 12
_SECOND: Final = 1_000_000  # microseconds


class Unlocking(NamedTuple):
    """What a link unlocks, and the operation that passes once."""

    clears: tuple[Clear, ...]
    once: Gcra


class UnlockTokens:
    """Makes and reads the tokens of links: signed by the first of ``secrets``, verified by any, good for ``seconds``.

    A token holds hashed keys, no name. Each has a number of its own, so that the store lets it through once.
    """

    __slots__ = ("_keys", "_seconds", "_signer")

    def __init__(self, secrets: Sequence[str], keys: Keys, *, seconds: int) -> None:
        newest_last = list(reversed(check_secrets("Policy.secrets", secrets)))  # itsdangerous signs with the last
        self._signer = TimestampSigner(
            newest_last, salt=b"netguard unlock", key_derivation="hmac", digest_method=sha256
        )
        self._keys = keys
        self._seconds = seconds

    def token(self, clears: Sequence[Clear]) -> str:
        """The token that clears these."""
        raw = urandom(_NONCE) + b"".join(clear.key + clear.tag.ljust(_TAG, b"\0") for clear in clears)
        return self._signer.sign(urlsafe_b64encode(raw)).decode("ascii")

    def read(self, token: str) -> Unlocking | None:
        """What a token unlocks; None where nobody with a secret made it, or too long ago. Never raises."""
        try:
            raw = urlsafe_b64decode(self._signer.unsign(token, max_age=self._seconds))
        except (BadData, ValueError):
            return None
        nonce, rest = raw[:_NONCE], raw[_NONCE:]
        size = _KEY + _TAG
        parts = [rest[at : at + size] for at in range(0, len(rest), size)]
        clears = tuple(Clear(part[:_KEY], part[_KEY:]) for part in parts)
        key = self._keys.digest("unlock", nonce.hex())
        # The token is dead before its one step is free again.
        once = Gcra(key=key, step=(self._seconds + 60) * _SECOND, burst=1, on_outage="refuse")
        return Unlocking(clears, once)
