"""The keys of counters."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal


class Keys:
    """Keys of 16 bytes that no two rules, sources or values share, and that tell nobody what was counted."""

    __slots__ = ("_keyed",)

    def __init__(self, secret: bytes) -> None:
        self._keyed = {size: blake2b(key=secret[:64], digest_size=size) for size in (8, 16)}

    def digest(self, *parts: str, size: Literal[8, 16] = 16) -> bytes:
        """A keyed hash (BLAKE2b, RFC 7693) of these parts, each with its length, so that none runs into the next."""
        sealed = self._keyed[size].copy()
        for part in parts:
            raw = part.encode("utf-8", "surrogatepass")
            sealed.update(len(raw).to_bytes(8) + raw)
        return sealed.digest()
