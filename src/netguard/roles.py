"""Roles: what ``Area(require=...)`` asks of a user, whatever the framework calls one. No user has no role."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from netguard.checks import nearest
from netguard.errors import ConfigError
from netguard.toml import named

Check = Callable[[Any], object]  # of a user

_LAZY: Final = 0x20 | 0x80 | 0x200  # of a code object: what a generator or coroutine function returns is always true


@dataclass(frozen=True, slots=True)
class Role:
    """A named check of a user; true where the user has the role."""

    name: str
    check: Check

    def __call__(self, user: object) -> object:
        return self.check(user)

    def __str__(self) -> str:
        return self.name


def _flag(name: str) -> Check:
    return lambda user: getattr(user, name, False) is True


def _is_somebody(user: object) -> bool:
    """Hooks say "nobody" in many ways, such as False or a user that is not authenticated."""
    return bool(user) and bool(getattr(user, "is_authenticated", True))


signed_in: Final = Role("signed in", _is_somebody)
staff: Final = Role("staff", _flag("is_staff"))
superuser: Final = Role("superuser", _flag("is_superuser"))


def permission(name: str) -> Role:
    """Who has a permission, by ``user.has_perm``, as Django's users: ``permission("booking.view_stats")``."""
    return Role(f"permission {_text('permission', name)}", lambda user: _called(user, "has_perm", name))


def group(name: str) -> Role:
    """Who is in a group: ``user.groups`` is Django's, or names."""
    return Role(f"group {_text('group', name)}", lambda user: _in_group(getattr(user, "groups", ()), name))


def role(name: str) -> Role:
    """Whose ``user.role`` it is, or whose ``user.roles`` hold it."""

    def check(user: object) -> bool:
        return getattr(user, "role", None) == name or _holds(getattr(user, "roles", ()), name)

    return Role(f"role {_text('role', name)}", check)


def scope(name: str) -> Role:
    """Who came with a scope: Starlette's ``request.auth.scopes``, or ``user.scopes``."""
    return Role(f"scope {_text('scope', name)}", lambda user: _holds(getattr(user, "scopes", ()), name))


_WORDS: Final = {"signed-in": signed_in, "staff": staff, "superuser": superuser}
_KINDS: Final = {"permission": permission, "group": group, "role": role, "scope": scope}


def roles_of(where: str, given: Any) -> tuple[Role, ...]:
    """What ``require=`` names, all of which a user must have: one or a list."""
    if given is None or given is False:
        return ()
    several = tuple(given) if isinstance(given, list | tuple) else (given,)
    if not several:
        raise ConfigError(f"{where}: an empty list asks for nothing: leave it out, or write require=signed_in")
    return tuple(_role(where, one) for one in several)


def lacks(roles: Sequence[Role], user: object) -> Role | None:
    """The first role that a user does not have; an answer that is awaited is none."""
    for one in roles:
        said = one(user)
        if hasattr(said, "__await__") or not said:
            return one
    return None


def _role(where: str, given: Any) -> Role:
    if given is True:
        return signed_in
    if isinstance(given, str):
        return _written(where, given)
    if given in (permission, group, role, scope):
        raise ConfigError(f"{where}: write {given.__name__}('...'), with a name")
    if isinstance(given, Role):
        return given
    code = getattr(given, "__code__", None) or getattr(getattr(given, "__call__", None), "__code__", None)  # noqa: B004  # the code of what is called
    if getattr(code, "co_flags", 0) & _LAZY:
        raise ConfigError(
            f"{where}: {given!r} must neither be async nor yield: it is asked in the middle of a decision"
        )
    if not callable(given) or isinstance(given, type):
        raise ConfigError(f"{where}: {given!r} is no role: write staff, permission('...') or a callable of the user")
    return Role(getattr(given, "__qualname__", type(given).__qualname__), given)


def _written(where: str, text: str) -> Role:
    """A role as files have it: ``"staff"``, ``"permission:booking.view_stats"``, ``"module:callable"``."""
    kind, colon, name = text.partition(":")
    if text in _WORDS:
        return _WORDS[text]
    if colon and kind in _KINDS:
        return _KINDS[kind](name)
    hint = nearest(kind, (*_WORDS, *_KINDS))
    if not colon or hint:
        raise ConfigError(f"{where}: {text!r} is no role{hint or ': write staff, signed-in or such as group:office'}")
    return _role(where, named(where, text))


def _text(kind: str, name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{kind}(...): a name is meant, not {name!r}")
    return name


def _called(user: object, method: str, name: str) -> object:
    found = getattr(user, method, None)
    return found(name) if callable(found) else False


def _in_group(groups: Any, name: str) -> bool:
    if hasattr(groups, "filter"):
        return bool(groups.filter(name=name).exists())
    return _holds(groups, name)


def _holds(names: Any, name: str) -> bool:
    if isinstance(names, str):  # "admin" must not hold "min"
        return names == name
    if isinstance(names, Mapping):  # of flags
        return bool(names.get(name))
    try:
        return name in names
    except TypeError:
        return False
