"""Structured field values (RFC 9651): the few types that netguard's headers are made of, serialised strictly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from netguard.errors import ConfigError

_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]*\Z")
_TOKEN: Final = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*\Z")
_STRING: Final = re.compile(r"[ -~]*\Z")
_LARGEST: Final = 999_999_999_999_999


class Token(str):
    """A word that is written without quotes (3.3.4)."""

    __slots__ = ()


Bare = bool | int | str  # a Token is a str


@dataclass(frozen=True, slots=True)
class Item:
    """A value with parameters, as in ``same-origin;report-to="site"`` (3.3)."""

    value: Bare
    parameters: Mapping[str, Bare] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InnerList:
    """Values in parentheses, as one member of a list or dictionary (3.1.1)."""

    items: Iterable[Item | Bare]
    parameters: Mapping[str, Bare] = field(default_factory=dict)


Member = InnerList | Item | Bare


def item(value: Item | Bare) -> str:
    """An item (4.1.3). Here and below, what the RFC cannot express is a ConfigError."""
    whole = value if isinstance(value, Item) else Item(value)
    return _bare(whole.value) + _parameters(whole.parameters)


def sequence(members: Iterable[Member]) -> str:
    """A list (4.1.1); empty, it is the empty string, and its field is not to be sent (4.1)."""
    return ", ".join(map(_member, members))


def dictionary(members: Mapping[str, Member]) -> str:
    """A dictionary in the order given (4.1.2); empty, its field is not to be sent (4.1)."""
    return ", ".join(_entry(key, member) for key, member in members.items())


def is_key(text: object) -> bool:
    """Whether this may be a dictionary's key (3.1.2); each key is a token too."""
    return isinstance(text, str) and _KEY.match(text) is not None


def _entry(key: str, member: Member) -> str:
    whole = member if isinstance(member, Item | InnerList) else Item(member)
    if isinstance(whole, Item) and whole.value is True:
        return _key(key) + _parameters(whole.parameters)
    return f"{_key(key)}={_member(whole)}"


def _member(member: Member) -> str:
    if isinstance(member, InnerList):
        return f"({' '.join(map(item, member.items))}){_parameters(member.parameters)}"
    return item(member)


def _parameters(parameters: Mapping[str, Bare]) -> str:
    return "".join(
        f";{_key(key)}" if value is True else f";{_key(key)}={_bare(value)}" for key, value in parameters.items()
    )


def _key(key: object) -> str:
    if not isinstance(key, str) or not _KEY.match(key):
        raise ConfigError(f"{key!r} is no key of a structured field: write lower-case letters, digits, '_', '-', '.'")
    return key


def _bare(value: object) -> str:
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, int) and -_LARGEST <= value <= _LARGEST:
        return str(int(value))
    if isinstance(value, Token) and _TOKEN.match(value):
        return str(value)
    if isinstance(value, str) and not isinstance(value, Token) and _STRING.match(value):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    raise ConfigError(
        f"{value!r} is nothing that a structured field can say: write a boolean, a whole number of at most 15 digits, "
        "a token, or a string of printable ASCII"
    )
