"""Sections of a policy from TOML files: the same names as in Python, callables as ``"module:name"``."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from netguard.errors import ConfigError

S = TypeVar("S")

_UNIONS: Final = (Union, UnionType)
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z")


def read_section(kind: type[S], path: str | Path) -> S:
    """The section of a policy, such as ``Policy`` itself, that a TOML file describes.

    Tables are sections: ``[headers.csp]`` is ``Headers(csp=CSP(...))``, with ``from_preset = false`` for
    ``CSP.only(...)``; ``preset = "strict"`` is ``Policy.strict(...)``. Switching a section off is ``https = false``.
    ConfigError names the file, the key and the mend.
    """
    try:
        with open(path, "rb") as file:
            written = tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: the policy cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: this is no TOML: {error}") from error
    except (RecursionError, ValueError) as error:
        raise ConfigError(f"{path}: the policy cannot be read: {error}") from error
    try:
        return cast(S, _section(kind, written))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _section(kind: type[Any], written: Mapping[str, Any]) -> Any:
    """An instance of a section from its table; the section itself refuses what it does not know."""
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    missing = [name for name, field in fields.items() if _must_be_said(field) and name not in written]
    if missing and written.keys() <= fields.keys():  # else the section names what is misspelt
        raise ConfigError(f"{kind.__name__}: {missing[0]!r} is missing")
    hints = get_type_hints(kind)
    values = {name: _value(f"{kind.__name__}.{name}", hints.get(name, Any), value) for name, value in written.items()}
    return kind(**values)


def _value(where: str, hint: Any, written: Any) -> Any:
    """A TOML value as its field means it: a table a section, a ``"module:name"`` the thing of that name."""
    options = get_args(hint) if get_origin(hint) in _UNIONS else (hint,)
    if isinstance(written, Mapping):
        return _table(where, options, written)
    for option in options:
        if isinstance(written, str) and _is_callable(option) and _NAME.match(written):
            return named(where, written)
        if isinstance(written, list) and get_args(option) and not _is_callable(option):
            return [_value(where, get_args(option)[0], item) for item in written]
    return written


def _table(where: str, options: tuple[Any, ...], written: Mapping[str, Any]) -> Any:
    for option in options:
        if dataclasses.is_dataclass(option) and isinstance(option, type):
            return _section(option, written)
    for option in options:
        if _is_mapping(option):
            key, value = get_args(option)
            return {_key(where, key, name): _value(where, value, item) for name, item in written.items()}
    mend = f"; write [[{where.rpartition('.')[2]}]] for one entry" if any(map(_lists_sections, options)) else ""
    raise ConfigError(f"{where}: a table is not meant here: {dict(written)!r}{mend}")


def _key(where: str, kind: Any, name: str) -> Any:
    """TOML's keys are strings, also where numbers are meant."""
    if kind is not int:
        return name
    try:
        return int(name)
    except ValueError:
        raise ConfigError(f"{where}: {name!r} is no number") from None


def _must_be_said(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _lists_sections(option: Any) -> bool:
    return get_origin(option) is Sequence and any(map(dataclasses.is_dataclass, get_args(option)))


def _is_mapping(option: Any) -> bool:
    return get_origin(option) is Mapping


def _is_callable(option: Any) -> bool:
    return get_origin(option) is Callable


def named(where: str, written: str) -> object:
    """The object that ``"module:name"`` names, imported at start-up."""
    module, _, name = written.partition(":")
    try:
        found: object = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{where}: {written!r} cannot be imported: {error}") from error
    return found
