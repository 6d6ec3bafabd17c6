"""What configuration values may be: shared checks, each raising ConfigError with the value and the mend."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence, Set
from difflib import get_close_matches
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, dataclass_transform

from netguard.errors import ConfigError

T = TypeVar("T")
C = TypeVar("C", bound=type)


class Unset:
    """The type of UNSET: a keyword that was not given, so that the preset decides."""

    def __repr__(self) -> str:
        return "(the preset's)"

    def __copy__(self) -> Unset:
        return self

    def __deepcopy__(self, memo: object) -> Unset:
        return self

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final[Any] = Unset()


def nearest(word: str, known: Iterable[str]) -> str:
    """A clause that suggests the nearest known word, or an empty string."""
    match = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {match[0]!r}?" if match else ""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
def section(cls: C) -> C:
    """A section of a policy: a frozen, slotted, keyword-only dataclass whose misspelt keywords are ConfigErrors."""
    if TYPE_CHECKING:
        return cls
    made = dataclasses.dataclass(frozen=True, slots=True, kw_only=True)(cls)
    plain, names = made.__init__, tuple(f.name for f in dataclasses.fields(made) if f.init)

    @wraps(plain)
    def __init__(self: object, *args: object, **keywords: object) -> None:
        for name in keywords:
            if name not in names:
                raise ConfigError(f"{made.__name__}: no keyword {name!r}{nearest(name, names)}")
        _positional(made, plain, args)
        plain(self, *args, **keywords)

    made.__init__ = __init__
    return cast(C, made)


def _positional(cls: type, init: Callable[..., None], args: tuple[object, ...]) -> None:
    allowed = init.__code__.co_argcount - 1
    if len(args) > allowed:
        raise ConfigError(f"{cls.__name__}: name each argument, as in {cls.__name__}(name=value); got {args[0]!r}")


def listing(where: str, value: object, kind: type[T]) -> tuple[T, ...]:
    """The value as a tuple; a bare string, bytes or mapping where a list is meant is refused."""
    if isinstance(value, str | bytes):
        raise ConfigError(f"{where}: write a list, [{value!r}], not the bare string {value!r}")
    if not isinstance(value, Sequence | Set):  # an iterator would be empty at its second reading
        raise ConfigError(f"{where}: a list is meant, not {value!r}")
    items = tuple(value)
    for item in items:
        if not isinstance(item, kind) or isinstance(item, bool):
            raise ConfigError(f"{where}: each entry is a {kind.__name__}, not {item!r}")
    return items


def one_of(where: str, value: object, known: Sequence[object]) -> None:
    """Refuse a value outside the known ones."""
    if not any(value is item or (value == item and type(value) is type(item)) for item in known):
        hint = nearest(value, [k for k in known if isinstance(k, str)]) if isinstance(value, str) else ""
        raise ConfigError(f"{where}: {value!r} is not one of {', '.join(map(repr, known))}{hint}")


def whole(where: str, value: object, low: int, high: int) -> None:
    """Refuse what is no whole number from low to high."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"{where}: a whole number from {low} to {high} is meant, not {value!r}")


def header_value(where: str, value: object) -> bytes:
    """The bytes of a header value: printable ASCII only, so that no value can end its line."""
    if not isinstance(value, str):
        raise ConfigError(f"{where}: a string is meant, not {value!r}")
    if not value or not all(" " <= char <= "~" for char in value):
        raise ConfigError(f"{where}: {value!r} must be printable ASCII without line breaks")
    return value.encode("ascii")


_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")


def header_name(where: str, value: object) -> bytes:
    """The lower-case bytes of a field name (RFC 9110, 5.1)."""
    if not isinstance(value, str) or not value or not _TOKEN.issuperset(value.lower()):
        raise ConfigError(f"{where}: {value!r} is no header name")
    return value.lower().encode("ascii")


SECRET_LENGTH: Final = 32  # characters: 192 bits as token_urlsafe writes them
MAKE_ONE: Final = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"


def check_secrets(where: str, secrets: Sequence[str]) -> tuple[str, ...]:
    """The secrets, each long enough; the error never shows one."""
    if isinstance(secrets, str | bytes) or any(
        not isinstance(secret, str) for secret in listing(where, secrets, object)
    ):
        raise ConfigError(f"{where}: a list of strings is meant, as in [new, old]")
    for secret in secrets:
        if len(secret) < SECRET_LENGTH:
            short = f"one has {len(secret)} characters, fewer than {SECRET_LENGTH}"
            raise ConfigError(f"{where}: {short}; {MAKE_ONE}")
    return tuple(secrets)
