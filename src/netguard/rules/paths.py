"""The spellings of a path: an exemption holds only where all of them match it, and guards must not tell them apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote, unquote, unquote_to_bytes

from netguard.checks import listing
from netguard.messages import Refusal, Request
from netguard.patterns import PatternMap
from netguard.rules.methods import methods

_LONGEST_GUARDED: Final = 8192  # bytes, where guards look at every spelling
_OVERLONG: Final = re.compile(rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80\x81][\x80-\xbf]|\xf0\x80[\x80\x81][\x80-\xbf]")
_LONGEST: Final = 2048  # bytes; no probe and no webhook has a longer path, and each spelling costs its length
_ODD: Final = re.compile(r"^[^/]|//|/\.|[%\\;?#\0]")
_SIGNS: Final = re.compile(r"^[^/]|//|/\.|[\\;?#\0]")  # the same without what decoding takes away
_HIDDEN: Final = re.compile(rb"(?i)%2f|%c[01]|%[ef]0|[\xc0\xc1\xe0\xf0]")  # what the decoded path does not show
_END: Final = re.compile(r"[\0?#]")  # what cuts a path short for C, and for who decodes before splitting the query off
_AUTHORITY: Final = re.compile(r"(?:[^/:]*:)?//[^/]*|[^/]+")  # of a target that names one, or is taken for such
_HOPS: Final = 3  # how many may each read the path in a way of their own, one after the other
_MOST: Final = 65_536  # characters of all spellings together, each counted with what it costs besides: milliseconds
_EACH: Final = 512


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
        try:
            return all(match(method, spelling) for spelling in spellings(request))
        except TooManyError:
            return False


class Ambiguity:
    """Refuses a path whose spellings differ in the guarding patterns that they match; others are nobody's business.

    ``guards`` are these patterns, each with whether it is enforced.
    """

    __slots__ = ("_enforced", "_methods", "_patterns")

    def __init__(self, guards: Iterable[tuple[str, bool]]) -> None:
        entries = [(text, (place, enforced)) for place, (text, enforced) in enumerate(guards)]
        self._methods = any(" " in text for text, _ in entries)
        self._enforced = any(enforced for _, (_, enforced) in entries)
        self._patterns = PatternMap("guards", entries, guarding=True)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def check(self, request: Request) -> Refusal | None:
        """The refusal of a path that one hop would take for another than the next."""
        if not _is_odd(request):
            return None
        if len(request.target) > _LONGEST_GUARDED:
            return self._too_long(request)
        named = methods(request) if self._methods else (request.method,)
        plain = self._matched(named, request.path)
        try:
            for spelling in spellings(request):
                other = self._matched(named, spelling)
                if other != plain:
                    return self._refused(request, spelling, enforced=any(enforced for _, enforced in other ^ plain))
        except TooManyError:
            return self._too_long(request)
        return None

    def _matched(self, named: Sequence[str], path: str) -> set[tuple[int, bool]]:
        return {found for method in named for found in self._patterns.match(method, path)}

    def _too_long(self, request: Request) -> Refusal:
        detail = f"a path of {len(request.target)} bytes with odd signs"
        return Refusal("paths", "paths.too-long", 400, detail, enforced=self._enforced)

    @staticmethod
    def _refused(request: Request, spelling: str, *, enforced: bool) -> Refusal:
        detail = (
            f"{request.target[:200]!r} may mean {spelling[:200]!r}, which other rules guard than the path as it reads"
        )
        return Refusal("paths", "paths.ambiguous", 400, detail, enforced=enforced)


class TooManyError(Exception):
    """A path has more spellings than anybody would look at."""


def spellings(request: Request) -> Iterator[str]:
    """What routers, proxies and file systems may take this path for, one after the other.

    Raises TooManyError.
    """
    if not _is_odd(request):
        return
    seen: set[str] = set()
    found: Iterable[str] = (request.path, *_starts(request))
    for hop in range(_HOPS + 1):
        level = [spelling for spelling in dict.fromkeys(found) if spelling not in seen]
        seen.update(level)
        yield from level
        if sum(map(len, seen)) + _EACH * len(seen) > _MOST:
            raise TooManyError
        found = [reading for spelling in level for reading in _readings(spelling)] if hop < _HOPS else ()


def _is_odd(request: Request) -> bool:
    return _ODD.search(request.path) is not None or _HIDDEN.search(request.target) is not None


def _starts(request: Request) -> Iterator[str]:
    """Spellings that the decoded path does not show any more."""
    yield _below_root(request)  # a router that splits before it decodes
    if _OVERLONG.search(narrow := unquote_to_bytes(request.target)):
        yield _narrowed(narrow).removeprefix(request.root)


def _readings(path: str) -> Iterator[str]:
    """What one hop may make of a path."""
    if "%" in path:
        yield unquote(path)
        if _OVERLONG.search(narrow := unquote_to_bytes(path)):
            yield _narrowed(narrow)
    if not path.startswith("/") or path.startswith("//"):
        yield _AUTHORITY.sub("", path, count=1)
    if _SIGNS.search(path):
        yield from _variants(path)


def _below_root(request: Request) -> str:
    raw = request.target.decode("latin-1")
    if not request.root:
        return _decoded_but_slashes(raw)
    root = quote(request.root)
    return _decoded_but_slashes(raw[len(root) :]) if raw.startswith(root) else ""


def _decoded_but_slashes(raw: str) -> str:
    return "/".join(unquote(part).replace("/", "%2F") for part in raw.split("/"))


def _narrowed(raw: bytes) -> str:
    """The path of a decoder that takes ASCII in more bytes than it needs (which RFC 3629, 3 forbids)."""
    return _OVERLONG.sub(lambda found: bytes([_code(found[0])]), raw).decode("utf-8", "replace")


def _code(overlong: bytes) -> int:
    code = overlong[0] & 1 if len(overlong) == 2 else 0
    for byte in overlong[1:]:
        code = code << 6 | byte & 0x3F
    return code & 0x7F


def _variants(path: str) -> Iterator[str]:
    """Each sign read as what it means to somebody, alone and with all others."""
    cut = _END.split(path, maxsplit=1)[0]
    yield cut
    yield path.replace("\\", "/")
    yield _without_parameters(path)
    yield _resolved(path)
    plain = cut.replace("\\", "/")
    yield _resolved(plain)
    yield _resolved(_without_parameters(plain))


def _without_parameters(path: str) -> str:
    return "/".join(part.split(";", 1)[0] for part in path.split("/")) if ";" in path else path


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
