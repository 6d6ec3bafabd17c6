"""What a logged-out browser is told to forget: cookies in the scopes that the policy gives them, and storage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from netguard.cookie_attributes import bare_deletion, scope
from netguard.cookie_rewriting import CookieRewriter
from netguard.cookies import is_name
from netguard.errors import NetguardError
from netguard.messages import RawHeaders

_MOST: Final = 64  # deletions of what a client brought: it chooses how many, and each is a header
DEVICE_COOKIES: Final = (b"netguard-device", b"__Host-netguard-device")  # who logs out is still known
_CLEAR: Final = b"clear-site-data"


def asked(names: Iterable[str]) -> list[bytes]:
    """The names that an app gives; NetguardError where one could end the field, or name nothing."""
    found = []
    for name in names:
        if not is_name(name):
            raise NetguardError(f"forget: {name!r} is no cookie's name: write visible ASCII, as in 'session'")
        found.append(name.encode("ascii"))
    return found


def brought(field: bytes, rewriter: CookieRewriter | None, spared: Iterable[bytes]) -> list[bytes]:
    """The names in a Cookie field as the app reads it, those that the policy names first, but for the ``spared``."""
    names = dict.fromkeys(part.partition(b"=")[0].strip() for part in field.split(b";") if b"=" in part)
    kept = [name for name in names if is_name(name.decode("latin-1")) and name not in spared]
    if rewriter is not None:
        kept = [name for name in kept if rewriter.reader.plain(name) not in names]  # else the app has it by both names
        # A sister site that tosses many must not keep the session from being deleted.
        kept.sort(key=lambda name: not rewriter.names(name))
    return kept[:_MOST]


class Forgetting:
    """What one response has to forget, collected by any number of calls."""

    __slots__ = ("_kinds", "_names")

    def __init__(self) -> None:
        self._names: dict[bytes, None] = {}
        self._kinds = [b'"cache"', b'"storage"']

    def add(self, names: Iterable[bytes], *, cookies: bool) -> None:
        """Forget these cookies too; ``cookies`` clears all of the site."""
        self._names.update(dict.fromkeys(names))
        if cookies and b'"cookies"' not in self._kinds:
            self._kinds.append(b'"cookies"')

    def cookies(
        self, headers: RawHeaders, rewriter: CookieRewriter | None, host: str | None, *, secure: bool
    ) -> RawHeaders:
        """The deletions; what the response sets or deletes itself in the same scope stays the app's own."""
        own = {_place(value) for name, value in headers if name.lower() == b"set-cookie"}
        deletions = dict.fromkeys(
            bare_deletion(name) if rewriter is None else rewriter.deletion(name, host, secure=secure)
            for name in self._names
        )
        return [(b"set-cookie", value) for value in deletions if _place(value) not in own]

    def cleared(self, headers: RawHeaders) -> RawHeaders:
        """The headers with one Clear-Site-Data, which says what the app's own says too."""
        told = b",".join(value for name, value in headers if name.lower() == _CLEAR)
        kinds = [kind.strip() for kind in told.split(b",") if kind.strip()]
        kinds += [] if b'"*"' in kinds else [kind for kind in self._kinds if kind not in kinds]
        kept = [(name, value) for name, value in headers if name.lower() != _CLEAR]
        return [*kept, (_CLEAR, b", ".join(kinds))]


def _place(cookie: bytes) -> tuple[bytes, bytes]:
    """What tells a cookie from every other; a Path that an app leaves out is taken for the root."""
    pair, _, attributes = cookie.partition(b";")
    where = scope(attributes)
    return pair.partition(b"=")[0].strip(), where + b"/" if where.endswith(b";") else where
