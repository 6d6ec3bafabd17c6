"""What becomes of one cookie's name and attributes, byte for byte: what a policy says is added or replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from netguard.checks import UNSET
from netguard.cookies import PREFIXED, CookieRule, Cookies, Domain, below

PREFIXES: Final = {"host": b"__Host-", "secure": b"__Secure-"}
_SECURE_NAMES: Final = tuple(name.encode("ascii") for name in PREFIXED)  # what browsers take with Secure only
_HTTP_NAMES: Final = (b"__http-", b"__host-http-")  # and with HttpOnly only (RFC 6265bis, 4.1.3)
_SCRIPT_NAMES: Final = frozenset({b"csrftoken", b"xsrf-token"})  # frameworks' scripts read these
_SAME_SITES: Final = frozenset({b"strict", b"lax", b"none"})
_NO_RULE: Final = CookieRule()
_FORCED: Final = {b"httponly": "http_only", b"samesite": "same_site", b"domain": "domain", b"path": "path"}
_SECONDS: Final = re.compile(rb"-?[0-9]+\Z")
# No clock is read here: what deletes says the epoch, or a year before every browser's release of today.
_LONG_AGO: Final = re.compile(rb"[ -](?:19\d\d|20[01]\d|[7-9]\d)[ ]")


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


def want(config: Cookies, written: bytes) -> Wanted:
    """What a section says of cookies with this name; one that has its prefix already is the same cookie."""
    name = _plain(config, written)
    text = name.decode("latin-1")
    rule = config.rules.get(text, _NO_RULE)
    plain = config.http_only and name.lower() not in _SCRIPT_NAMES
    same_site = config.same_site if rule.same_site is UNSET else rule.same_site
    path = config.path if rule.path is UNSET else rule.path
    prefix = prefix_of(config, text)
    return Wanted(
        covered=_covered(config, text),
        secure=config.secure or same_site == "None" or bool(prefix) or prefixed(written),
        http_only=_http_named(prefix + name) or (plain if rule.http_only is UNSET else rule.http_only),
        same_site=same_site.encode() if same_site else None,
        domain=config.domain if rule.domain is UNSET else rule.domain,
        path=path.encode() if path else None,
        prefix=b"" if prefixed(written) else prefix,
        forced=frozenset(key for key, field in _FORCED.items() if getattr(rule, field) is not UNSET),
    )


def prefix_of(config: Cookies, name: str) -> bytes:
    """The prefix under which a section keeps the app's cookies of this name."""
    rule = config.rules.get(name, _NO_RULE)
    prefix = config.prefix if rule.prefix is UNSET else rule.prefix
    return PREFIXES[prefix] if prefix and _covered(config, name) and not prefixed(name.encode("latin-1")) else b""


def prefixed(name: bytes) -> bool:
    """Whether browsers ask more of a name like this, without regard to case (RFC 6265bis, 5.4)."""
    return name.lower().startswith(_SECURE_NAMES)


def _covered(config: Cookies, name: str) -> bool:
    return name in config.rules or not ((config.only and name not in config.only) or name in config.exempt)


def _plain(config: Cookies, written: bytes) -> bytes:
    if written.decode("latin-1") in config.rules:
        return written
    for prefix in PREFIXES.values():
        name = written[len(prefix) :]
        if name and written.startswith(prefix) and prefix_of(config, name.decode("latin-1")) == prefix:
            return name
    return written


def _http_named(name: bytes) -> bool:
    return name.lower().startswith(_HTTP_NAMES)


def rewritten(
    wanted: Wanted, name: bytes, attributes: bytes, host: str | None, *, secure: bool
) -> tuple[bytes, bytes | None]:
    """The prefix of a cookie's name and all that follows its value, or None where it leaves just as it is.

    ``secure`` is False where browsers would drop Secure; ``host`` is the one that was asked, or the domain above it.
    """
    if not wanted.covered:
        return b"", None
    prefix = wanted.prefix if secure and name else b""
    locked = (prefix or name).lower().startswith(b"__host-")
    domain = _domain(wanted.domain, host)
    tail = _tail(wanted, attributes, domain, secure=secure or prefixed(name), locked=locked)  # no prefix without Secure
    unchanged = not prefix and tail == (b";" + attributes if attributes else b"")
    return prefix, None if unchanged else tail


def bare_deletion(name: bytes) -> bytes:
    """What deletes a cookie that the policy leaves alone, with what browsers ask of its name."""
    needed = b"; Secure" if prefixed(name) else b""
    return name + b"=; Max-Age=0; Path=/" + needed + (b"; HttpOnly" if _http_named(name) else b"")


def deletes(attributes: bytes) -> bool:
    """Whether a cookie with these attributes is deleted, and so in no other's way; Max-Age goes before Expires."""
    said = [(_name(part), _value(part)) for part in attributes.split(b";")]
    ages = [value for name, value in said if name == b"max-age" and _SECONDS.match(value)]
    if ages:
        return ages[-1].startswith(b"-") or not ages[-1].strip(b"0")
    ends = [value for name, value in said if name == b"expires"]
    return bool(ends and _LONG_AGO.search(ends[-1]))


def scope(attributes: bytes) -> bytes:
    """Domain and Path, which tell two cookies of one name apart, as browsers read them: the last of each counts."""
    said = {_name(part): _value(part) for part in attributes.split(b";")}
    path = said.get(b"path", b"")
    return said.get(b"domain", b"").removeprefix(b".").lower() + b";" + (path if path.startswith(b"/") else b"")


def _domain(domain: Domain, host: str | None) -> bytes | None:
    """The Domain for a host; none that it is not below, for browsers would drop the cookie (RFC 6265bis, 5.7)."""
    found = domain.get(host or "") if isinstance(domain, Mapping) else domain
    return found.encode("ascii") if found and host and below(host, found) else None


def _tail(wanted: Wanted, attributes: bytes, domain: bytes | None, *, secure: bool, locked: bool) -> bytes:
    """What follows the value; ``locked`` gives it the scope of a ``__Host-`` cookie."""
    parts = attributes.split(b";") if attributes else []
    present = {_name(part): _value(part) for part in parts}
    dropped = {name for name in wanted.forced if present.get(name) != _said(wanted, name, domain)}
    if wanted.same_site and present.get(b"samesite", b"lax").lower() not in _SAME_SITES:
        dropped |= {b"samesite"}  # browsers take it for none at all
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
    cross_site = (present.get(b"samesite") or wanted.same_site or b"").lower() == b"none"
    needed = cross_site or b"partitioned" in present  # browsers take these with Secure only, on localhost too
    if (needed or (secure and wanted.secure)) and b"secure" not in present:
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
