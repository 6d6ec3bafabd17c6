"""What becomes of one cookie's name and attributes, byte for byte: what a policy says is added or replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from netguard.checks import UNSET
from netguard.cookies import CookieRule, Cookies, Domain

PREFIXES: Final = {"host": b"__Host-", "secure": b"__Secure-"}
_SCRIPT_NAMES: Final = frozenset({b"csrftoken", b"xsrf-token"})  # frameworks' scripts read these
_SCOPE: Final = frozenset({b"domain", b"path"})
_NO_RULE: Final = CookieRule()
_FORCED: Final = {b"httponly": "http_only", b"samesite": "same_site", b"domain": "domain", b"path": "path"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a cookie of one name must carry; ``forced`` attributes replace the app's, the others fill a gap."""

    covered: bool
    secure: bool
    http_only: bool
    same_site: bytes | None
    domain: Domain
    path: bytes | None
    prefix: bytes
    forced: frozenset[bytes]


def want(config: Cookies, name: bytes) -> Wanted:
    """What a section says of cookies with this name."""
    text = name.decode("latin-1")
    rule = config.rules.get(text, _NO_RULE)
    covered = text in config.rules or not ((config.only and text not in config.only) or text in config.exempt)
    plain = config.http_only and name.lower() not in _SCRIPT_NAMES
    same_site = config.same_site if rule.same_site is UNSET else rule.same_site
    path = config.path if rule.path is UNSET else rule.path
    prefix = config.prefix if rule.prefix is UNSET else rule.prefix
    return Wanted(
        covered=covered,
        secure=config.secure or same_site == "None" or bool(prefix) or _named(name),
        http_only=plain if rule.http_only is UNSET else rule.http_only,
        same_site=same_site.encode() if same_site else None,
        domain=config.domain if rule.domain is UNSET else rule.domain,
        path=path.encode() if path else None,
        prefix=PREFIXES[prefix] if prefix and not _named(name) else b"",
        forced=frozenset(key for key, field in _FORCED.items() if getattr(rule, field) is not UNSET),
    )


def rewritten(
    wanted: Wanted, name: bytes, attributes: bytes, host: str | None, *, secure: bool
) -> tuple[bytes, bytes | None]:
    """The prefix of a cookie's name and all that follows its value, or None where it leaves just as it is.

    ``secure`` is False where browsers would drop Secure.
    """
    if not wanted.covered:
        return b"", None
    prefix = wanted.prefix if secure and name else b""
    locked = (prefix or name).lower().startswith(b"__host-")  # without regard to case (RFC 6265bis, 5.4)
    domain = _domain(wanted.domain, host)
    tail = _tail(wanted, attributes, domain, secure=secure or _named(name), locked=locked)  # no prefix without Secure
    unchanged = not prefix and tail == (b";" + attributes if attributes else b"")
    return prefix, None if unchanged else tail


def deletes(attributes: bytes) -> bool:
    """Whether a cookie with these attributes is deleted, and so in no other's way."""
    return any(_name(part) == b"max-age" and _value(part)[:1] in (b"0", b"-") for part in attributes.split(b";"))


def scope(attributes: bytes) -> bytes:
    """Domain and Path, which tell two cookies of one name apart."""
    parts = (part.strip().lower() for part in attributes.split(b";"))
    return b";".join(sorted(part for part in parts if _name(part) in _SCOPE))


def _named(name: bytes) -> bool:
    return name.lower().startswith((b"__host-", b"__secure-"))


def _domain(domain: Domain, host: str | None) -> bytes | None:
    found = domain.get(host or "") if isinstance(domain, Mapping) else domain
    return found.encode("ascii") if found else None


def _tail(wanted: Wanted, attributes: bytes, domain: bytes | None, *, secure: bool, locked: bool) -> bytes:
    """What follows the value; ``locked`` gives it the scope of a ``__Host-`` cookie."""
    parts = attributes.split(b";") if attributes else []
    present = {_name(part): _value(part) for part in parts}
    dropped = {name for name in wanted.forced if present.get(name) != _said(wanted, name, domain)}
    if locked:
        dropped |= {b"domain"}
        domain = None
        if present.get(b"path") != b"/":
            dropped |= {b"path"}
    kept = [part for part in parts if _name(part) not in dropped]
    present = {_name(part): _value(part) for part in kept}
    added = _added(wanted, present, domain, b"/" if locked else wanted.path, secure=secure)
    return b"".join(b";" + part for part in kept) + added


def _said(wanted: Wanted, name: bytes, domain: bytes | None) -> bytes | None:
    """What a rule's attribute must read; None where it must not be there."""
    said: dict[bytes, bytes | None] = {
        b"httponly": b"" if wanted.http_only else None,
        b"samesite": wanted.same_site,
        b"domain": domain,
        b"path": wanted.path,
    }
    return said[name]


def _added(
    wanted: Wanted, present: Mapping[bytes, bytes], domain: bytes | None, path: bytes | None, *, secure: bool
) -> bytes:
    added = b""
    cross_site = present.get(b"samesite", b"").lower() == b"none"  # browsers take it with Secure only
    if secure and (wanted.secure or cross_site) and b"secure" not in present:
        added += b"; Secure"
    if wanted.http_only and b"httponly" not in present:
        added += b"; HttpOnly"
    if wanted.same_site and b"samesite" not in present:
        added += b"; SameSite=" + wanted.same_site
    if domain and b"domain" not in present:
        added += b"; Domain=" + domain
    if path and b"path" not in present:
        added += b"; Path=" + path
    return added


def _name(part: bytes) -> bytes:
    return part.partition(b"=")[0].strip().lower()


def _value(part: bytes) -> bytes:
    return part.partition(b"=")[2].strip()
