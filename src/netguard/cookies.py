"""Hardening of every Set-Cookie that leaves the app: missing attributes are added, byte for byte."""

from __future__ import annotations

from typing import Final, Literal

from netguard.checks import one_of, section
from netguard.memo import Memo

_SCRIPT_NAMES: Final = frozenset({b"csrftoken", b"xsrf-token"})  # frameworks' scripts read these


@section
class Cookies:
    """Give every cookie Secure, HttpOnly and SameSite where it lacks them (RFC 6265bis, 4.1.2).

    Explicit attributes stay, also ``SameSite=None``. ``csrftoken`` and ``XSRF-TOKEN`` get no HttpOnly, since scripts
    must read them. Over plain http on localhost Secure is not added: browsers would drop it.
    """

    secure: bool = True
    http_only: bool = True
    same_site: Literal["Lax", "Strict", "None", False] = "Lax"

    def __post_init__(self) -> None:
        one_of("Cookies.secure", self.secure, (True, False))
        one_of("Cookies.http_only", self.http_only, (True, False))
        one_of("Cookies.same_site", self.same_site, ("Lax", "Strict", "None", False))


class CookieHardener:
    """The compiled form of ``Cookies``; what to add depends on the attributes alone, so that answers are kept."""

    __slots__ = ("_additions", "_config")

    def __init__(self, config: Cookies) -> None:
        self._config = config
        self._additions: Memo[tuple[bool, bool, bytes], bytes] = Memo(self._addition, 256)

    def harden(self, cookie: bytes, *, secure: bool) -> bytes:
        """The Set-Cookie value with what it lacks appended; ``secure`` is False where browsers would drop Secure."""
        pair, _, attributes = cookie.partition(b";")
        name = pair.partition(b"=")[0].strip().lower()
        if len(attributes) > 256:  # too wide to be worth remembering
            return cookie + self._addition((secure, name in _SCRIPT_NAMES, attributes))
        return cookie + self._additions[secure, name in _SCRIPT_NAMES, attributes]

    def _addition(self, key: tuple[bool, bool, bytes]) -> bytes:
        secure, for_scripts, attributes = key
        present = {part.partition(b"=")[0].strip().lower(): part for part in attributes.split(b";")}
        config, added = self._config, b""
        stated = present.get(b"samesite", b"=" + str(config.same_site).encode())
        cross_site = stated.partition(b"=")[2].strip().lower() == b"none"  # browsers take it with Secure only
        if b"secure" not in present and secure and (config.secure or cross_site):
            added += b"; Secure"
        if b"httponly" not in present and config.http_only and not for_scripts:
            added += b"; HttpOnly"
        if b"samesite" not in present and config.same_site:
            added += b"; SameSite=" + config.same_site.encode()
        return added
