"""The keys of counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from hashlib import blake2b
from typing import Any, Literal

Sealing = Callable[[bytes], bytes]  # from what is counted, framed, to its key


def framed(parts: Iterable[str]) -> bytes:
    """These parts, each with its length, so that none runs into the next."""
    return b"".join([len(raw := part.encode("utf-8", "surrogatepass")).to_bytes(8) + raw for part in parts])


class Keys:
    """Keys of 16 bytes that no two rules, sources or values share, and that tell nobody what was counted."""

    __slots__ = ("_keyed",)

    def __init__(self, secret: bytes) -> None:
        self._keyed = {size: blake2b(key=secret[:64], digest_size=size) for size in (8, 16)}

    def digest(self, *parts: str, size: Literal[8, 16] = 16) -> bytes:
        """A keyed hash (BLAKE2b, RFC 7693) of these parts."""
        return _sealed(self._keyed[size], framed(parts))

    def begun(self, *parts: str, size: Literal[8, 16] = 16) -> Sealing:
        """What completes ``digest`` by the framed rest, with these first parts hashed once."""
        keyed = self._keyed[size].copy()
        keyed.update(framed(parts))
        return partial(_sealed, keyed)


def _sealed(begun: Any, rest: bytes) -> bytes:
    sealed = begun.copy()
    sealed.update(rest)
    digest: bytes = sealed.digest()
    return digest
