"""One spelling for each identity, so that nobody gets a counter for each way to write a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from unicodedata import category, normalize

from netguard.errors import ConfigError

SameAs = Callable[[str], str]

_LONGEST: Final = 256  # characters, of a name
_INVISIBLE: Final = frozenset({"Cc", "Cf"})
# What else collations ignore, as Unicode's Default_Ignorable_Code_Point has it: joiners, fillers, variation selectors.
_IGNORED: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\ufe00-\ufe0f\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


def identity(text: str, same_as: SameAs | None = None) -> str:
    """One spelling for all that databases and people take for the same (Unicode TR15, NFKC; no invisible characters).

    A text of over ``_LONGEST`` characters, which is no name but may be one in disguise, loses its combining marks
    first: to order thousands of them takes seconds.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        text = "".join([char for char in text if category(char)[0] != "M"])
    folded = normalize("NFKC", normalize("NFKC", text).casefold())
    if not (folded.isascii() and folded.isprintable()):
        seen = [char for char in _IGNORED.sub("", folded) if category(char) not in _INVISIBLE]
        folded = normalize("NFKC", "".join(seen))  # a mark may follow another letter now
    folded = folded.strip()
    return same_as(folded) if same_as else folded


def text_of(where: str, value: object) -> str:
    """What a value is counted as. Raises ConfigError for objects whose text is their address: each would be its own."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    kind = type(value)
    if hasattr(value, "__await__") or (kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__):
        raise ConfigError(f"by {where}: text, a number or None is counted, not {kind.__name__}")
    return str(value)
