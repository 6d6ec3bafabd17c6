"""The keys of counters."""

from __future__ import annotations

from hashlib import blake2b


class Keys:
    """Keys of 16 bytes that no two rules, sources or values share, and that tell nobody what was counted."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret[:64]

    def digest(self, *parts: str, size: int = 16) -> bytes:
        """A keyed hash (BLAKE2b, RFC 7693) of these parts, each with its length, so that none runs into the next."""
        sealed = blake2b(key=self._secret, digest_size=size)
        for part in parts:
            raw = part.encode("utf-8", "surrogatepass")
            sealed.update(len(raw).to_bytes(8))
            sealed.update(raw)
        return sealed.digest()
