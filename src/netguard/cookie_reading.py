"""A Cookie field as apps read it: prefixed names under the app's own, and nothing that a parser may take for those."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from netguard.cookie_attributes import PREFIXES, prefix_of, prefixed
from netguard.cookies import Cookies

# What every parser reads alike: visible ASCII names and no white space, or a whole quoted string.
_PLAIN: Final = re.compile(rb"[ \t]*[!#-:<>-~]+=[!#-:<-~\x80-\xff]*[ \t]*\Z")
_QUOTED: Final = re.compile(rb'[ \t]*[!#-:<>-~]+="(?:[^\\"]|\\.)*"[ \t]*\Z')


class CookieReader:
    """The way in of a section with a prefix: what was renamed comes back, what was tossed beside it does not."""

    __slots__ = ("_else", "_marks", "_prefixes")

    def __init__(self, config: Cookies) -> None:
        # Computed here: a client's names must cost no look-up of rules, and fill no memory.
        names = {*config.rules, *config.only, *config.exempt}
        self._prefixes = {name.encode("ascii"): prefix_of(config, name) for name in names}
        self._else = prefix_of(config, "")
        self._marks = () if self._else else (b"__", *(name for name, prefix in self._prefixes.items() if prefix))

    @property
    def renames(self) -> bool:
        """Whether any cookie has another name at the browser than in the app."""
        return bool(self._else or any(self._prefixes.values()))

    def prefix(self, name: bytes) -> bytes:
        """The prefix under which the policy keeps the app's cookie of this name; empty where it has none."""
        found = self._prefixes.get(name)
        if found is not None:
            return found
        return b"" if not self._else or prefixed(name) else self._else

    def plain(self, name: bytes) -> bytes | None:
        """The app's name for a cookie that the policy keeps under this one; None where it keeps none so."""
        for prefix in PREFIXES.values():
            if name.startswith(prefix) and len(name) > len(prefix) and self.prefix(name[len(prefix) :]) == prefix:
                return name[len(prefix) :]
        return None

    def read(self, field: bytes) -> bytes:
        """The field for the app. A prefixed cookie has both names, since the app may have prefixed it itself."""
        kept = []
        whole = True  # a quoted string that is left open may end in any later part
        for part in field.split(b";"):
            name, equals, rest = part.strip(b" \t").partition(b"=")
            alike = _PLAIN.match(part) or (whole and _QUOTED.match(part))
            if not alike:
                whole = whole and b'"' not in part
            plain = self.plain(name)
            if plain is None and self.prefix(name):
                continue
            if not alike and self._tossed(part, name):
                continue
            if plain is not None:
                kept.append(plain + equals + rest)
            kept.append(name + equals + rest)
        return b"; ".join(kept)

    def _tossed(self, part: bytes, name: bytes) -> bool:
        """Whether some parser finds another name in this part, one that browsers guard or that would pass for such."""
        if self._marks and not any(mark in part for mark in self._marks):
            return False
        return any(prefixed(reading) or self.prefix(reading) for reading in readings(part) - {name})


def readings(part: bytes) -> set[bytes]:
    """Every name under which a parser may find a cookie in one part of a Cookie field.

    Django and Starlette strip what Unicode calls white space, in UTF-8 or in latin-1; http.cookies ends a cookie at
    white space, and begins the next.
    """
    texts = {part.decode("latin-1"), part.decode("utf-8", "replace")}
    return {name.encode("utf-8") for text in texts for name in _names(text)}


def _names(text: str) -> Iterator[str]:
    before = text.split("=")
    yield before[0].strip()
    for piece in before[:-1]:  # not a pattern: one that looks for a word and its sign would take a square of time
        yield from piece.rpartition('"')[2].split()[-1:]
