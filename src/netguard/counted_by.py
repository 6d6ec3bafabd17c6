"""What is counted by: the client, a field, a cookie, the user; and the keys that come of it.

Values that people type (form and JSON fields) are trimmed, NFKC-normalised and casefolded, so that no spelling of one
account gets a counter of its own; tokens (headers, cookies) count as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from netguard.bodies import Body
from netguard.checks import header_name, nearest, one_of
from netguard.errors import ConfigError
from netguard.identities import SameAs, identity, text_of
from netguard.messages import Request
from netguard.networks import packed
from netguard.toml import named

_COROUTINE: Final = 0x80  # of a code object; the module ``inspect`` would cost more than all of this


class By(Protocol):
    """Something to count by: ``found`` is what a request says of it, ``same`` the one spelling that is counted."""

    @property
    def reads_body(self) -> bool: ...
    @property
    def needs_user(self) -> bool: ...

    def found(self, request: Request, body: Body, user: object) -> str:
        """What this request says; an empty string where it does not. Raises Unreadable."""

    def same(self, text: str) -> str:
        """One text for all that counts as the same."""


@dataclass(frozen=True, slots=True)
class Client:
    """The client's IPv4 address, or its IPv6 network of ``ipv6`` bits; ``client(ipv6=56)`` for wider ones."""

    ipv6: int = 64
    reads_body: bool = field(default=False, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def __call__(self, *, ipv6: int = 64) -> Client:
        one_of("client(ipv6=...)", ipv6, (48, 56, 64, 128))
        return Client(ipv6)

    def found(self, request: Request, body: Body, user: object) -> str:
        return request.client or ""

    def same(self, text: str) -> str:
        raw = packed(text)
        return "" if raw is None else raw.hex() if len(raw) == 4 else raw[: self.ipv6 // 8].hex()

    def __str__(self) -> str:
        return "client" if self.ipv6 == 64 else f"client(ipv6={self.ipv6})"


@dataclass(frozen=True, slots=True)
class Header:
    """The value of a request header, as it was sent; none where there are several, of which an app takes any."""

    name: bytes
    reads_body: bool = field(default=False, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        value = (request.headers.get(self.name) or b"").decode("latin-1")
        return "" if "," in value else value

    def same(self, text: str) -> str:
        return text.strip()

    def __str__(self) -> str:
        return f"header({self.name.decode()})"


@dataclass(frozen=True, slots=True)
class Cookie:
    """The value of a cookie, as it was sent; none where several differ or one is quoted: apps read these otherwise."""

    name: bytes
    reads_body: bool = field(default=False, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        text = (request.headers.get(b"cookie") or b"").decode("latin-1")
        found = set(re.findall(rf"(?:^|[;\s]){re.escape(self.name.decode())}\s*=\s*([^;\s]*)", text))
        value = found.pop() if len(found) == 1 else ""
        return "" if value.startswith('"') else value

    def same(self, text: str) -> str:
        return text

    def __str__(self) -> str:
        return f"cookie({self.name.decode()})"


@dataclass(frozen=True, slots=True)
class Form:
    """A field of a form, urlencoded or multipart."""

    name: str
    same_as: SameAs | None = None
    reads_body: bool = field(default=True, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        return body.form(self.name) or ""

    def same(self, text: str) -> str:
        return identity(text, self.same_as)

    def __str__(self) -> str:
        return f"form({self.name})"


@dataclass(frozen=True, slots=True)
class JSONField:
    """A string in a JSON body, by the path of its members."""

    path: tuple[str, ...]
    same_as: SameAs | None = None
    reads_body: bool = field(default=True, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        return body.json(*self.path) or ""

    def same(self, text: str) -> str:
        return identity(text, self.same_as)

    def __str__(self) -> str:
        return f"json_field({'.'.join(self.path)})"


@dataclass(frozen=True, slots=True)
class User:
    """The user that the framework knows, by its ``pk``, ``id`` or text; who is nobody counts as the client."""

    reads_body: bool = field(default=False, init=False, repr=False)
    needs_user: bool = field(default=True, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        if user is None:
            return "client " + client.same(request.client or "")
        for name in ("pk", "id", "get_id", "username", "identity", "sub"):
            found = getattr(user, name, None)
            if found is not None:
                return "user " + text_of("user", found() if callable(found) else found)
        return "user " + text_of("user", user)

    def same(self, text: str) -> str:
        return text

    def __str__(self) -> str:
        return "user"


@dataclass(frozen=True, slots=True)
class Called:
    """What a callable makes of the request: text, or None."""

    function: Callable[[Request], str | None]
    reads_body: bool = field(default=False, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        found = self.function(request)
        return "" if found is None else text_of(str(self), found)

    def same(self, text: str) -> str:
        return text

    def __str__(self) -> str:
        return getattr(self.function, "__qualname__", type(self.function).__qualname__)


@dataclass(frozen=True, slots=True)
class Given:
    """What the code that asks says itself."""

    reads_body: bool = field(default=False, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        return ""

    def same(self, text: str) -> str:
        return identity(text)

    def __str__(self) -> str:
        return "given"


client: Final = Client()
user: Final = User()


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


def _written(where: str, text: str) -> By:
    """A source as files have it: ``"client"``, ``"user"``, ``"form:email"`` and its like, or ``"module:callable"``."""
    kind, colon, name = text.partition(":")
    if colon and kind in _KINDS:
        return _KINDS[kind](name)
    if text in ("client", "user"):
        return client if text == "client" else user
    hint = nearest(kind, (*_KINDS, "client", "user"))
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
