"""A Content-Security-Policy as bytes: a nonce that no page read is dropped, one that was read is put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from netguard.headers.csp import CSP, NONCE, NONE, UNSAFE_INLINE

_FALLING_BACK: Final = frozenset({"script-src", "style-src"})  # to default-src and nothing else


class CompiledCSP:
    """The value in two forms, fixed at start-up: without the nonce, and in pieces that the nonce joins."""

    __slots__ = ("_pieces", "plain", "takes_nonce")

    def __init__(self, csp: CSP) -> None:
        directives = csp.given()
        self.plain = "; ".join(_lines(directives, nonce=False)).encode("ascii")
        joined = "; ".join(_lines(directives, nonce=True))
        self._pieces = joined.encode("ascii").split(NONCE.encode("ascii"))
        self.takes_nonce = len(self._pieces) > 1

    def value(self, nonce: str | None) -> bytes:
        """The value for a response whose page used this nonce, or none."""
        if nonce is None:
            return self.plain
        return (b"'nonce-%s'" % nonce.encode("ascii")).join(self._pieces)


def _lines(directives: Mapping[str, Any], *, nonce: bool) -> Iterator[str]:
    for name, value in directives.items():
        if value is False:
            continue
        if isinstance(value, bool | str):
            yield name if value is True else f"{name} {value}"
            continue
        sources = tuple(value) if nonce else _without_nonce(tuple(value))
        if (
            name in _FALLING_BACK
            and NONCE in value
            and not nonce
            and sources == tuple(directives.get("default-src") or ())
        ):
            continue  # what falls back to default-src needs no saying
        yield " ".join((name, *sources))


def _without_nonce(sources: tuple[str, ...]) -> tuple[str, ...]:
    """An unread nonce goes, and any 'unsafe-inline' that it kept from working: never looser, never empty."""
    if NONCE not in sources:
        return sources
    return tuple(source for source in sources if source not in {NONCE, UNSAFE_INLINE}) or (NONE,)
