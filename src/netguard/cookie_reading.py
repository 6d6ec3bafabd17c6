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
_WORDS: Final = re.compile(r'([^\s"=]+)\s*=')  # http.cookies ends a cookie at white space, and begins the next


class CookieReader:
    """The way in of a section with a prefix: what was renamed comes back, what was tossed beside it does not."""

    __slots__ = ("_else", "_prefixes")

    def __init__(self, config: Cookies) -> None:
        # Computed here: a client's names must cost no look-up of rules, and fill no memory.
        names = {*config.rules, *config.only, *config.exempt}
        self._prefixes = {name.encode("ascii"): prefix_of(config, name) for name in names}
        self._else = prefix_of(config, "")

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
            if not (_PLAIN.match(part) or (whole and _QUOTED.match(part))):
                whole = whole and b'"' not in part
                if any(self._tossed(reading) for reading in readings(part) - {name}):
                    continue
            plain = self.plain(name)
            if plain is not None:
                kept += [plain + equals + rest, name + equals + rest]
            elif not self.prefix(name):
                kept.append(name + equals + rest)
        return b"; ".join(kept)

    def _tossed(self, reading: bytes) -> bool:
        """Whether a name that only some parsers find would pass for one that browsers guard."""
        return prefixed(reading) or bool(self.prefix(reading))


def readings(part: bytes) -> set[bytes]:
    """Every name under which a parser may find a cookie in one part of a Cookie field.

    Django and Starlette strip what Unicode calls white space, in UTF-8 or in latin-1.
    """
    return {name.encode("utf-8") for text in _decoded(part) for name in (_stripped(text), *_WORDS.findall(text))}


def _decoded(part: bytes) -> Iterator[str]:
    yield part.decode("latin-1")
    yield part.decode("utf-8", "replace")


def _stripped(text: str) -> str:
    return text.partition("=")[0].strip()
