"""How a policy says what is counted by: the names of sources, callables, and the notation of files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from netguard.checks import header_name, nearest
from netguard.count_sources import By, Called, Cookie, Form, Header, JSONField, basic, client, user
from netguard.errors import ConfigError
from netguard.identities import SameAs
from netguard.toml import named

_COROUTINE: Final = 0x80  # of a code object; the module ``inspect`` would cost more than all of this


def header(name: str) -> Header:
    """Count by a request header, such as an API key; clients that send none share one counter."""
    return Header(header_name("header(...)", name))


def cookie(name: str) -> Cookie:
    """Count by a cookie; clients that send none share one counter."""
    return Cookie(header_name("cookie(...)", name) and name.encode("ascii"))


def form(name: str, *, same_as: SameAs | None = None) -> Form:
    """Count by a form's field; ``same_as`` maps what a looser database takes for one to one text."""
    return Form(_named("form(...)", name), _mapping("form(...)", same_as))


def json_field(name: str, *, same_as: SameAs | None = None) -> JSONField:
    """Count by a string of a JSON body; ``"user.name"`` is the member ``name`` of ``user``."""
    return JSONField(tuple(_named("json_field(...)", name).split(".")), _mapping("json_field(...)", same_as))


def _named(where: str, name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{where}: the name of a field is meant, not {name!r}")
    return name


def _mapping(where: str, same_as: SameAs | None) -> SameAs | None:
    if same_as is not None and not callable(same_as):
        raise ConfigError(f"{where}: same_as is a callable from text to text, not {same_as!r}")
    return same_as


def sources(where: str, by: object) -> tuple[By, ...]:
    """What ``by=`` names: one source, a callable, or a tuple of them."""
    given: tuple[Any, ...] = tuple(by) if isinstance(by, tuple | list) else (by,)
    if not given:
        raise ConfigError(f"{where}: name what to count by, as in by=client")
    return tuple(_source(where, one) for one in given)


_KINDS: Final[dict[str, Callable[[str], By]]] = {"form": form, "json": json_field, "header": header, "cookie": cookie}


_WORDS: Final[dict[str, By]] = {"client": client, "user": user, "basic": basic}


def _written(where: str, text: str) -> By:
    """A source as files have it: ``"client"``, ``"user"``, ``"form:email"`` and its like, or ``"module:callable"``."""
    kind, colon, name = text.partition(":")
    if colon and kind in _KINDS:
        return _KINDS[kind](name)
    if text in _WORDS:
        return _WORDS[text]
    hint = nearest(kind, (*_KINDS, *_WORDS))
    if colon and not hint:
        return _called(where, named(where, text))
    raise ConfigError(f"{where}: {text!r} is nothing to count by{hint or ': write client, user or such as form:email'}")


def _called(where: str, found: object) -> Called:
    if getattr(getattr(found, "__code__", None), "co_flags", 0) & _COROUTINE:
        raise ConfigError(
            f"{where}: {found!r} must not be async: what is counted is asked for in the middle of a decision"
        )
    if not callable(found) or isinstance(found, type) or type(found).__hash__ is None:
        raise ConfigError(f"{where}: {found!r} is nothing to count by: write client, form('email'), or a callable")
    return Called(found)


def _source(where: str, one: Any) -> By:
    if isinstance(one, str):
        return _written(where, one)
    if one in (form, json_field, header, cookie):
        raise ConfigError(f"{where}: write {one.__name__}(name), with the name of the field")
    if hasattr(one, "found") and hasattr(one, "reads_body") and not isinstance(one, type):
        return one  # type: ignore[no-any-return]
    return _called(where, one)
