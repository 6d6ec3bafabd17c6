"""Route patterns: ``"[METHOD ]/path"`` with ``{name}`` for one segment and a final ``*`` for any rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from netguard.errors import ConfigError

T = TypeVar("T")

_METHOD: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ-")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One parsed pattern; ``rest`` is true for a final ``*``, a ``None`` segment is a ``{name}``."""

    method: str | None
    segments: tuple[str | None, ...]
    rest: bool

    @classmethod
    def parse(cls, where: str, text: str) -> Pattern:
        """Read a pattern; ``where`` names the keyword in the error."""
        method, space, path = text.rpartition(" ")
        if space and not (method and _METHOD.issuperset(method)):
            raise ConfigError(
                f"{where}: {method!r} in {text!r} is no method: write it in capitals, as in 'POST /login'"
            )
        if not path.startswith("/"):
            raise ConfigError(f"{where}: {text!r} must name a path that starts with '/', as in '/admin/*'")
        rest = path.endswith("/*")
        body = path[:-2] if rest else path
        segments = () if rest and not body else tuple(_segment(where, text, part) for part in body[1:].split("/"))
        return cls(method or None, segments, rest)

    @property
    def guarding(self) -> Pattern:
        """The same as it guards: slashes at its end change nothing."""
        segments = self.segments
        while segments and segments[-1] == "":
            segments = segments[:-1]
        return Pattern(self.method, segments, self.rest)

    @property
    def rank(self) -> tuple[int, ...]:
        """How specific it is: of two patterns that match one path, the greater one says more of it."""
        return (
            *(2 if segment is not None else 1 for segment in self.guarding.segments),
            0 if self.rest else 3,
            int(bool(self.method)) + (self.method == "HEAD"),  # which GET includes
        )


def _segment(where: str, text: str, part: str) -> str | None:
    if part.startswith("{") and part.endswith("}") and part[1:-1].isidentifier():
        return None
    if "*" in part or "{" in part or "}" in part:
        raise ConfigError(f"{where}: {part!r} in {text!r}: '*' stands alone at the end, '{{name}}' for a whole segment")
    if any(sign in part for sign in "%\\;?#") or part in {".", ".."}:
        raise ConfigError(f"{where}: {part!r} in {text!r}: write the decoded path, without '%', '\\\\', ';', '?', dots")
    return part


@dataclass(slots=True)
class _Node(Generic[T]):
    literal: dict[str, _Node[T]] = field(default_factory=dict)
    any_segment: _Node[T] | None = None
    here: list[tuple[str | None, T]] = field(default_factory=list)
    rest: list[tuple[str | None, T]] = field(default_factory=list)

    def child(self, segment: str | None) -> _Node[T]:
        if segment is not None:
            return self.literal.setdefault(segment, _Node())
        if self.any_segment is None:
            self.any_segment = _Node()
        return self.any_segment


class PatternMap(Generic[T]):
    """Patterns with a value each, matched in time that does not grow with their number.

    ``guarding`` patterns match widely: a trailing slash or line end changes nothing, ``/admin/*`` includes ``/admin``,
    and ``GET`` includes HEAD. Others, which exempt, match exactly.
    """

    __slots__ = ("_guarding", "_root")

    def __init__(self, where: str, entries: Iterable[tuple[str, T]], *, guarding: bool) -> None:
        self._guarding = guarding
        self._root: _Node[T] = _Node()
        for text, value in entries:
            self._add(Pattern.parse(where, text), value)

    def _add(self, pattern: Pattern, value: T) -> None:
        node = self._root
        for segment in (pattern.guarding if self._guarding else pattern).segments:
            node = node.child(segment)
        (node.rest if pattern.rest else node.here).append((pattern.method, value))

    def __bool__(self) -> bool:
        root = self._root
        return bool(root.literal or root.any_segment or root.here or root.rest)

    def match(self, method: str, path: str) -> list[T]:
        """The values of every pattern that matches."""
        if not path.startswith("/"):
            if not self._guarding:
                return []
            path = "/" + path
        if self._guarding:
            path = path.removesuffix("\n")  # before which the "$" of routers that match by patterns ends a path, too
        segments = path[1:].split("/")
        if self._guarding:
            method = method.upper()  # as frameworks do that would run "post" as POST
            while segments and segments[-1] == "":
                segments.pop()
            if method == "HEAD":
                return [v for m, v in self._found(segments) if m is None or m == "HEAD" or m == "GET"]
        return [v for m, v in self._found(segments) if m is None or m == method]

    def _found(self, segments: list[str]) -> Iterator[tuple[str | None, T]]:
        level = [self._root]
        for segment in segments:
            for node in level:
                yield from node.rest
            level = [child for node in level for child in _children(node, segment)]
            if not level:
                return
        for node in level:
            yield from node.here
            if self._guarding:
                yield from node.rest


def _children(node: _Node[T], segment: str) -> Iterator[_Node[T]]:
    found = node.literal.get(segment)
    if found is not None:
        yield found
    if node.any_segment is not None and segment:
        yield node.any_segment
