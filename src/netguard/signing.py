"""Values that a browser keeps and cannot forge: signed by itsdangerous, with rotation of the secrets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256

from itsdangerous import BadData, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

from netguard.checks import check_secrets, whole
from netguard.errors import ConfigError


class SignedCookie:
    """A value under a cookie's name that only a holder of a secret can have written.

    The first of ``secrets`` signs, all verify, so that a new one may be put in front without logging anybody out.
    Without them, those of NETGUARD_SECRETS are taken, separated by spaces. The
    name is bound into the signature: a value signed for one cookie is worth nothing in another. ``max_age`` is in
    seconds, ``None`` for no end. Signatures are HMAC-SHA256, compared in constant time.
    """

    __slots__ = ("_max_age", "_signer", "name")

    def __init__(self, name: str, secrets: Sequence[str] = (), *, max_age: int | None = None) -> None:
        keys = check_secrets("SignedCookie.secrets", secrets or os.environ.get("NETGUARD_SECRETS", "").split())
        if not keys:
            raise ConfigError("SignedCookie.secrets: there is none: give one, or set NETGUARD_SECRETS")
        if not name:
            raise ConfigError(f"SignedCookie.name: the name of a cookie is meant, not {name!r}")
        if max_age is not None:
            whole("SignedCookie.max_age", max_age, 1, 10 * 366 * 24 * 3600)
        self.name = name
        self._max_age = max_age
        oldest_first = list(reversed(keys))  # itsdangerous signs with the last
        salt = b"netguard cookie " + name.encode()
        self._signer = TimestampSigner(oldest_first, salt=salt, key_derivation="hmac", digest_method=sha256)

    def sign(self, value: str) -> str:
        """The text to put into the cookie; ``value`` is any text, and stays readable to the browser's owner."""
        return self._signer.sign(value.encode("utf-8", "surrogatepass").hex()).decode("ascii")

    def read(self, written: str | None) -> str | None:
        """The value, or None where it is missing, forged, of another cookie, or too old. Never raises."""
        if not written or not written.isascii():
            return None
        try:
            if not _is_canonical(written.rpartition(".")[2]):
                return None
            raw = self._signer.unsign(written, max_age=self._max_age)
            return bytes.fromhex(raw.decode("ascii")).decode("utf-8", "surrogatepass")
        except (BadData, ValueError):
            return None


def _is_canonical(signature: str) -> bool:
    """Whether base64 has no other spelling of the same bytes in mind, so that a value has one signature."""
    return base64_encode(base64_decode(signature)) == signature.encode("ascii")
