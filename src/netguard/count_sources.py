"""What a request says of who it counts as: the client, a field, a cookie, the user.

Values that people type (form and JSON fields) are trimmed, NFKC-normalised and casefolded, so that no spelling of one
account gets a counter of its own; tokens (headers, cookies) count as they are.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from netguard.bodies import Body
from netguard.checks import one_of
from netguard.errors import Unreadable
from netguard.identities import SameAs, identity, text_of
from netguard.messages import Request
from netguard.networks import packed

_BASIC: Final = re.compile(r"(?:^|,)\s*basic(?=\s|$)", re.IGNORECASE)  # apps split at any whitespace


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
    """The value of a cookie, one under ``prefix`` before others; none where apps may differ: of several, or quoted."""

    name: bytes
    prefix: bytes = b""
    reads_body: bool = field(default=False, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        text = (request.headers.get(b"cookie") or b"").decode("latin-1")
        name = rf"({re.escape(self.prefix.decode())})?{re.escape(self.name.decode())}"
        pairs = re.findall(rf"(?:^|[;\s]){name}\s*=\s*([^;\s]*)", text)
        found = {value for prefix, value in pairs if prefix} or {value for _, value in pairs}
        value = found.pop() if len(found) == 1 else ""
        return "" if value.startswith('"') else value

    def same(self, text: str) -> str:
        return text

    def __str__(self) -> str:
        return f"cookie({self.name.decode()})"


@dataclass(frozen=True, slots=True)
class Basic:
    """The user name of HTTP Basic credentials (RFC 7617); what two apps could read in two ways is unreadable."""

    reads_body: bool = field(default=False, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        credentials = self._credentials(request)
        if credentials is None:
            return ""
        try:
            name, colon, _ = b64decode(credentials, validate=True).decode("utf-8").partition(":")
        except ValueError as error:
            raise Unreadable("Basic credentials that are no base64 of UTF-8") from error
        if not colon:
            raise Unreadable("Basic credentials without a colon")
        return name

    def asks(self, request: Request) -> bool:
        """Whether a request has such credentials at all."""
        return self._credentials(request) is not None

    @staticmethod
    def _credentials(request: Request) -> str | None:
        field = (request.headers.get(b"authorization") or b"").decode("latin-1")
        scheme = _BASIC.search(field)
        if scheme is None:
            return None
        return field[scheme.end() :].strip() if not field[: scheme.start()].strip() else field  # of two, some take one

    def same(self, text: str) -> str:
        return identity(text)

    def __str__(self) -> str:
        return "basic"


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
    strict: bool = False  # whether what is no string is refused
    reads_body: bool = field(default=True, init=False, repr=False)
    needs_user: bool = field(default=False, init=False, repr=False)

    def found(self, request: Request, body: Body, user: object) -> str:
        return body.json(*self.path, strict=self.strict) or ""

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
basic: Final = Basic()
user: Final = User()
