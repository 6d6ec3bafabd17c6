"""What every cookie of the app must carry: the section of a policy, and its rules by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from typing import Any, Final, Literal

from netguard.checks import UNSET, listing, one_of, section
from netguard.errors import ConfigError
from netguard.rules.hosts import is_address, parse_authority

SameSite = Literal["Lax", "Strict", "None", False]
Prefix = Literal["host", "secure", False]
Domain = str | Mapping[str, str] | Literal[False]

_SAME_SITES: Final = ("Lax", "Strict", "None", False)
_PREFIXES: Final = ("host", "secure", False)
PREFIXED: Final = ("__host-", "__secure-", "__http-")  # names that browsers ask more of
_NO_NAME: Final = frozenset('=;," ')  # beside all that is not ASCII or not visible: parsers differ over these
_SCOPE_OF_HOST: Final = "a __Host- cookie has Path=/ and no Domain (RFC 6265bis, 4.1.3.2)"


@section
class CookieRule:
    """What one cookie must be, whatever the app wrote: what is named here replaces the app's own attribute.

    ``domain=False`` makes it a cookie of the host alone. ``prefix="host"`` keeps it under ``__Host-`` at the browser
    while the app goes on using its plain name.
    """

    http_only: bool = UNSET
    same_site: SameSite = UNSET
    domain: Domain = UNSET
    path: str = UNSET
    prefix: Prefix = UNSET

    def __post_init__(self) -> None:
        for item in fields(self):
            if getattr(self, item.name) is not UNSET:
                _check("CookieRule", item.name, getattr(self, item.name))
        if self.prefix == "host" and _scoped(self):
            raise ConfigError(f"CookieRule.prefix: {_SCOPE_OF_HOST}")
        if self.same_site is False:
            raise ConfigError("CookieRule.same_site: write 'None' for a cookie that other sites' requests may carry")
        object.__setattr__(self, "domain", _canonical(self.domain))


@section
class Cookies:
    """Give every cookie Secure, HttpOnly and SameSite where it lacks them (RFC 6265bis, 4.1.2).

    An explicit SameSite, Domain and Path stay, unless ``rules`` names the cookie: ``{"theme":
    CookieRule(http_only=False)}``. ``domain`` is for cookies without one, by host where it is a mapping:
    ``{"www.club.example": "club.example"}``. ``path`` likewise. ``only`` or ``exempt`` choose cookies by name.
    ``prefix`` keeps the app's cookies under ``__Host-`` or ``__Secure-`` names at the browser; where a script reads one
    by its name, write ``{"csrftoken": CookieRule(prefix=False)}``. ``csrftoken`` and ``XSRF-TOKEN`` get no HttpOnly,
    since scripts must read them. Over plain http on localhost Secure and the prefix are left off, but for names that
    the app prefixes itself. A cookie over 4,096 bytes, or one name with two scopes, is an event; with ``strict`` an
    error in development.
    """

    secure: bool = True
    http_only: bool = True
    same_site: SameSite = "Lax"
    domain: Domain = False
    path: str | Literal[False] = False
    prefix: Prefix = False
    rules: Mapping[str, CookieRule] = field(default_factory=dict)
    only: Sequence[str] = ()
    exempt: Sequence[str] = ()
    strict: bool = False

    def __post_init__(self) -> None:
        for name in ("secure", "http_only", "same_site", "domain", "path", "prefix"):
            _check("Cookies", name, getattr(self, name))
        one_of("Cookies.strict", self.strict, (True, False))
        for where in ("only", "exempt"):
            for name in listing(f"Cookies.{where}", getattr(self, where), str):
                _check_name(f"Cookies.{where}", name)
        if self.prefix and not self.secure:
            raise ConfigError("Cookies.prefix: a prefixed cookie is Secure (RFC 6265bis, 4.1.3): leave secure=True")
        if self.prefix == "host" and (self.domain or self.path not in (False, "/")):
            raise ConfigError(f"Cookies.prefix: {_SCOPE_OF_HOST}")
        if self.only and self.exempt:
            raise ConfigError("Cookies: write only=[...] or exempt=[...], not both")
        if not isinstance(self.rules, Mapping):
            raise ConfigError(f"Cookies.rules: write a mapping as in {{'theme': CookieRule(...)}}, not {self.rules!r}")
        for name, rule in self.rules.items():
            self._check_rule(name, rule)
        object.__setattr__(self, "domain", _canonical(self.domain))

    def _check_rule(self, name: object, rule: object) -> None:
        where = "Cookies.rules"
        _check_name(where, name)
        if not isinstance(rule, CookieRule):
            raise ConfigError(f"{where}: {name!r} needs a CookieRule(...), not {rule!r}")
        lower, prefix = str(name).lower(), self.prefix if rule.prefix is UNSET else rule.prefix
        if rule.prefix in _PREFIXES[:2] and lower.startswith(PREFIXED):
            raise ConfigError(
                f"{where}: {name!r} has its prefix already: leave prefix out, or write the app's plain name"
            )
        if _scoped(rule) and (lower.startswith("__host-") or (prefix == "host" and not lower.startswith("__secure-"))):
            raise ConfigError(f"{where}: {name!r}: {_SCOPE_OF_HOST}: leave domain and path out, or write prefix=False")
        if rule.http_only is False and lower.startswith(("__http-", "__host-http-")):
            raise ConfigError(f"{where}: {name!r}: browsers take such a name with HttpOnly only: leave http_only out")


def is_name(value: object) -> bool:
    """Whether every browser and framework takes this for a cookie's name."""
    readable = isinstance(value, str) and value.isascii() and value.isprintable()
    return readable and bool(value) and not _NO_NAME.intersection(str(value))


def below(host: str, domain: str) -> bool:
    """Whether a host may set a cookie with this Domain (RFC 6265bis, 5.1.3)."""
    return host == domain or (host.endswith("." + domain) and not is_address(host))


def _check_name(where: str, name: object) -> None:
    if not is_name(name):
        raise ConfigError(f"{where}: {name!r} is no cookie's name: write visible ASCII, as in 'session'")


def _scoped(rule: CookieRule) -> bool:
    return rule.path not in (UNSET, "/") or rule.domain not in (UNSET, False)


def _check(section_name: str, name: str, value: Any) -> None:
    where = f"{section_name}.{name}"
    match name:
        case "secure" | "http_only":
            one_of(where, value, (True, False))
        case "same_site":
            one_of(where, value, _SAME_SITES)
        case "prefix":
            one_of(where, value, _PREFIXES)
        case "path":
            _check_path(where, value)
        case "domain":
            for domain in _domains(where, value):
                _check_domain(where, domain)
            _check_reach(where, value)


def _check_path(where: str, value: object) -> None:
    if value is False:
        return
    readable = isinstance(value, str) and value.startswith("/") and value.isascii() and value.isprintable()
    if not readable or ";" in str(value):
        raise ConfigError(f"{where}: a path such as '/' is meant, not {value!r}")


def _domains(where: str, value: object) -> tuple[object, ...]:
    if value is False:
        return ()
    if isinstance(value, Mapping):
        return (*value, *value.values())
    return (value,)


def _check_domain(where: str, domain: object) -> None:
    if _host(domain) is None:
        raise ConfigError(f"{where}: {domain!r} is no domain: write it bare, as in 'club.example'")


def _check_reach(where: str, value: object) -> None:
    for host, domain in value.items() if isinstance(value, Mapping) else ():
        if not below(str(_host(host)), str(_host(domain))):
            raise ConfigError(f"{where}: browsers take no cookie for {domain!r} from {host!r}, which is not below it")


def _host(domain: object) -> str | None:
    parsed = parse_authority(domain.encode("utf-8", "surrogatepass")) if isinstance(domain, str) else None
    return None if parsed is None or parsed.port is not None else parsed.host


def _canonical(domain: Any) -> Any:
    """A domain as requests' hosts are written: in small letters, without a final dot."""
    if isinstance(domain, Mapping):
        return {_host(host): _host(value) for host, value in domain.items()}
    return _host(domain) if isinstance(domain, str) else domain
