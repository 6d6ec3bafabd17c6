"""The spellings of a path: an exemption holds only where every one of them matches it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote, unquote

from netguard.checks import listing
from netguard.messages import Request
from netguard.patterns import PatternMap

_LONGEST: Final = 2048  # bytes; no probe and no webhook has a longer path, and each spelling costs its length
_ODD: Final = re.compile(r"//|/\.|[%\\;\0]")


class Exemptions:
    """Paths that a rule leaves alone: matched exactly, in every spelling, with the method that they name."""

    __slots__ = ("_patterns",)

    def __init__(self, where: str, patterns: Sequence[str]) -> None:
        texts = listing(where, patterns, str)
        self._patterns = PatternMap(where, [(text, True) for text in texts], guarding=False)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def cover(self, request: Request) -> bool:
        """Whether the request is exempt."""
        match, method = self._patterns.match, request.method
        if len(request.target) > _LONGEST or not match(method, request.path):
            return False
        return all(match(method, spelling) for spelling in spellings(request))


def spellings(request: Request) -> Iterator[str]:
    """What routers, proxies and file systems may take this path for, the plain one left out."""
    raw = _below_root(request)
    if _ODD.search(request.path) is None and b"%" not in request.target:
        return
    yield raw  # a router that splits before it decodes
    path = request.path
    for _ in range(3):  # each further decoding is what one more hop might do
        yield from _variants(path)
        path, before = unquote(path), path
        if path == before:
            return


def _below_root(request: Request) -> str:
    raw = request.target.decode("latin-1")
    if not request.root:
        return _decoded_but_slashes(raw)
    root = quote(request.root)
    return _decoded_but_slashes(raw[len(root) :]) if raw.startswith(root) else ""


def _decoded_but_slashes(raw: str) -> str:
    return "/".join(unquote(part).replace("/", "%2F") for part in raw.split("/"))


def _variants(path: str) -> Iterator[str]:
    plain = path.split("\0")[0].replace("\\", "/")
    without_parameters = "/".join(part.split(";")[0] for part in plain.split("/"))
    for variant in (path, plain, without_parameters):
        yield variant
        yield _resolved(variant)


def _resolved(path: str) -> str:
    """Dot segments removed (RFC 3986, 5.2.4) and repeated slashes merged."""
    kept: list[str] = []
    parts = path.split("/")
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part not in {"", "."}:
            kept.append(part)
    return "/" + "/".join(kept) + ("/" if parts[-1] in {"", ".", ".."} and kept else "")
