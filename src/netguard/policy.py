"""The one declarative description of what an app is protected by, and its presets."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final, Literal

from netguard.checks import MAKE_ONE, UNSET, check_secrets, listing, one_of, section
from netguard.cookies import Cookies
from netguard.counters import Shared
from netguard.errors import ConfigError
from netguard.events import Sink
from netguard.headers import Headers, presets
from netguard.lockout import Lockout, check_lockouts
from netguard.messages import Request
from netguard.proxies import Proxies
from netguard.rate_limit import REPORTS, RateLimit, check_names
from netguard.refusals import PageSource, check_pages
from netguard.rules import Mode
from netguard.rules.areas import Area, check_areas
from netguard.rules.hosts import Hosts, parse_authority
from netguard.rules.https import HTTPS
from netguard.rules.origin import Origin
from netguard.rules.paths import Exemptions
from netguard.store_schemes import check_scheme
from netguard.toml import read_section

Preset = Literal["web", "api", "strict", "legacy", "development"]

_HEADERS: Final = {
    "web": presets.WEB,
    "api": presets.API,
    "strict": presets.STRICT,
    "legacy": presets.LEGACY,
    "development": presets.DEVELOPMENT,
}
_OBSOLETE: Final = "1; mode=block"  # the filter that it turned on was a hole of its own
_OUTER: Final = ("hosts", "hosts_mode", "proxies", "exempt")  # what tenants have from the policy that lists them
_LOCAL_HOSTS: Final = ("localhost:*", "127.0.0.1:*", "[::1]:*", "testserver:*")


@section
class Policy:
    """What protects an app; ``Policy()`` alone is already safe, and every keyword narrows or widens one part of it.

    ``hosts`` lists the names that are served (``"*.club.example"`` for any depth, ``"localhost:*"`` for any port);
    without them any well-formed Host is served over https and plain http is refused. ``proxies`` lists the networks
    of your own proxies. ``exempt`` lists health paths that skip the host and the https rule alike. ``hosts_mode`` and
    ``paths_mode="report"`` only tell what the rules about hosts and spellings of paths would refuse. ``False``
    switches a section off. ``on_refusal`` gives own pages by status: an HTML template with ``$title``, ``$sentence``,
    ``$status`` and ``$code``, or a callable of the request and those words, with ``wait`` in seconds, that returns a
    content type and a body. ``secrets`` sign what must not be forged: the first signs, all verify; at least 32
    characters each, also from NETGUARD_SECRETS, separated by spaces. ``areas`` lists paths that only some
    networks and roles reach, ``limits`` rate limits, ``lockout`` is one lockout of logins, or several. ``tenants`` have
    policies of their own. ``store`` is where counters live, also from NETGUARD_STORE: ``"memory://"`` (default) or such
    as ``"redis://localhost"``; ``counter_key`` is what their keys are hashed with, also from
    NETGUARD_COUNTER_KEY (default: the oldest secret, so that rotation touches no counter as long as it is listed).
    ``outage_share`` is the part of each quota that a process grants while the store is out. ``texts`` gives the
    sentences by language, as in ``{"de": {403: "..."}}``, chosen by Accept-Language. Wrong values raise ConfigError
    here, naming the value and the mend.
    """

    hosts: Sequence[str] = ()
    hosts_mode: Mode = "enforce"
    proxies: Proxies | Sequence[str] = ()
    exempt: Sequence[str] = ()
    https: HTTPS | Literal[False] = UNSET
    headers: Headers | Literal[False] = UNSET
    cookies: Cookies | Literal[False] = UNSET
    origin: Origin | Literal[False] = UNSET
    paths_mode: Mode = "enforce"
    areas: Sequence[Area] = ()
    events: Sequence[Sink] = ()
    limits: Sequence[RateLimit] = ()
    lockout: Lockout | Sequence[Lockout] = ()
    secrets: Sequence[str] = field(default=(), repr=False)
    store: str = ""
    counter_key: str = field(default="", repr=False)
    outage_share: float = 0.5
    on_refusal: Mapping[int, PageSource] = field(default_factory=dict)
    texts: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    open: bool = False  # development only: answer clients outside the private networks too
    tenants: Tenants | None = None
    preset: Preset = "web"
    settled: str = field(default="", repr=False)  # the preset that filled in what was left unsaid
    space: str = field(default="", repr=False)  # whose counters these are, where tenants have one store
    shared: Shared = field(default_factory=Shared, repr=False, compare=False)  # also by what ``replace`` makes of it

    def __post_init__(self) -> None:
        one_of("Policy.preset", self.preset, tuple(_HEADERS))
        if self.settled not in ("", self.preset):
            raise ConfigError(f"Policy.preset: {self.settled!r} was filled in already: write Policy.{self.preset}(...)")
        one_of("Policy.open", self.open, (True, False))
        one_of("Policy.hosts_mode", self.hosts_mode, ("enforce", "report"))
        one_of("Policy.paths_mode", self.paths_mode, ("enforce", "report"))
        if self.open and self.preset != "development":
            raise ConfigError("Policy.open: only Policy.development() is closed to public addresses: leave it out")
        _kind("https", self.https, HTTPS)
        _kind("headers", self.headers, Headers)
        _kind("cookies", self.cookies, Cookies)
        _kind("origin", self.origin, Origin)
        Hosts(patterns=self.hosts)
        Exemptions("Policy.exempt", self.exempt)
        self._settle_from_environment()
        check_pages(self.on_refusal, self.texts)
        self._settle()
        self._check_signing()
        self._check_counters()
        self._settle_tenants()
        for sink in listing("Policy.events", self.events, object):
            if not callable(sink):
                raise ConfigError(f"Policy.events: {sink!r} cannot be called with an event")

    def _settle_from_environment(self) -> None:
        """Fill in the secrets, the store and its key from the environment where they were left unsaid; check them."""
        secrets = self.secrets or os.environ.get("NETGUARD_SECRETS", "").split()
        object.__setattr__(self, "secrets", check_secrets("Policy.secrets", secrets))
        object.__setattr__(self, "store", self.store or os.environ.get("NETGUARD_STORE", "memory://"))
        object.__setattr__(self, "counter_key", self.counter_key or os.environ.get("NETGUARD_COUNTER_KEY", ""))
        check_secrets("Policy.counter_key", [self.counter_key] if self.counter_key else [])
        if "://" not in str(self.store):
            raise ConfigError(f"Policy.store: write an address such as 'redis://localhost', not {self.store!r}")
        check_scheme("Policy.store", self.store)
        if type(self.outage_share) not in (int, float) or not 0 < self.outage_share <= 1:
            raise ConfigError(
                f"Policy.outage_share: a part of each quota is meant, above 0 to 1, not {self.outage_share!r}"
            )

    def _check_counters(self) -> None:
        """Several processes must hash alike what they count together."""
        counts = listing("Policy.limits", self.limits, RateLimit)
        if self.headers and self.headers.report_paths():
            counts += (REPORTS,)
        check_names(counts)
        check_areas(listing("Policy.areas", self.areas, Area))
        check_lockouts(self.lockouts())
        keyed = self.counter_key or self.secrets or self.store.startswith("memory://")
        if (counts or self.lockouts()) and not keyed:
            raise ConfigError(f"Policy.store: a shared store needs counter_key=... or secrets=[...]; {MAKE_ONE}")

    def lockouts(self) -> tuple[Lockout, ...]:
        """The lockouts, however they were written."""
        return listing("Policy.lockout", [self.lockout] if isinstance(self.lockout, Lockout) else self.lockout, Lockout)

    def key_of_counters(self) -> bytes:
        """What counter keys are hashed with: ``counter_key``, else the oldest secret, else a key of this process.

        A new secret in front changes none of them.
        """
        key = (self.counter_key or "".join(self.secrets[-1:])).encode() or self.shared.secret
        if not self.space:
            return key
        from hashlib import blake2b  # takes milliseconds to load: only who has tenants waits for it

        return blake2b(self.space.encode(), key=key[:64]).digest()

    def _check_signing(self) -> None:
        """Refuse what is signed where nothing signs it; in development the process makes a secret."""
        if self.secrets or self.preset == "development":
            return
        mend = (
            "everything signed needs secrets, and there are none: write Policy(secrets=[...]), or set NETGUARD_SECRETS"
        )
        if self.origin and self.origin.token:
            raise ConfigError(f"Origin.token: {mend}; {MAKE_ONE}")
        if any(lockout.devices for lockout in self.lockouts()):
            raise ConfigError(f"Lockout.devices: {mend}, or Lockout(devices=False); {MAKE_ONE}")

    def _settle(self) -> None:
        """Fill in what was left unsaid, once, so that every reader finds the whole policy."""
        preset = _HEADERS[self.preset]
        settled: dict[str, object] = {
            "settled": self.preset,
            "proxies": Proxies.of(self.proxies),
            "https": (self.preset != "development" and HTTPS()) if self.https is UNSET else self.https,
            "headers": preset if self.headers is UNSET else self.headers and self.headers.over(preset),
            "cookies": Cookies() if self.cookies is UNSET else self.cookies,
            "origin": Origin(ambient_only=self.preset == "api") if self.origin is UNSET else self.origin,
            "hosts": (*self.hosts, *_LOCAL_HOSTS) if self.preset == "development" else tuple(self.hosts),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        headers = self.headers
        if self.preset != "legacy" and headers and (headers.expect_ct or headers.x_xss_protection == _OBSOLETE):
            raise ConfigError("Policy.headers: Expect-CT and X-XSS-Protection: 1 are for Policy.legacy(...) alone")

    def _settle_tenants(self) -> None:
        """Give each tenant what the outer policy owns, and counters of its own."""
        if self.tenants is None:
            return
        if not isinstance(self.tenants, Tenants):
            raise ConfigError(f"Policy.tenants: write Tenants(...), not {self.tenants!r}")
        hosts = Hosts(patterns=self.hosts)
        for name in self.tenants.policies if self.hosts and self.tenants.by is None else ():
            if not (name.startswith("*.") or hosts.lists(name)):
                raise ConfigError(f"Policy.tenants: nobody reaches {name!r}, which is not in hosts: list it there")
        own: dict[str, Any] = {name: getattr(self, name) for name in _OUTER}
        policies = {name: replace(one, **own, space=f"tenant {name}") for name, one in self.tenants.policies.items()}
        object.__setattr__(self, "tenants", replace(self.tenants, policies=policies))

    @classmethod
    def from_toml(cls, path: str | Path) -> Policy:
        """The policy of a TOML file: the same names, tables for sections, callables as ``"module:name"``."""
        return read_section(cls, path)

    @classmethod
    def web(cls, **keywords: Any) -> Policy:  # the keywords of Policy, checked there
        """Pages for browsers: the default."""
        return cls(preset="web", **keywords)

    @classmethod
    def api(cls, **keywords: Any) -> Policy:
        """JSON for programs: five headers, nothing stored, no origin check without cookies or Basic credentials."""
        return cls(preset="api", **keywords)

    @classmethod
    def strict(cls, **keywords: Any) -> Policy:
        """Pages that load nothing by default, with scripts by nonce only, Trusted Types and isolation."""
        return cls(preset="strict", **keywords)

    @classmethod
    def legacy(cls, **keywords: Any) -> Policy:
        """``web`` with the obsolete X-XSS-Protection and Expect-CT, for auditors who ask for them; warns."""
        return cls(preset="legacy", **keywords)

    @classmethod
    def development(cls, **keywords: Any) -> Policy:
        """``web`` for a developer's machine: no redirect, no HSTS, local names served, public clients refused."""
        return cls(preset="development", **keywords)


@section
class Tenants:
    """Policies of one app's tenants: ``Tenants({"north.example": Policy(...), "*.south.example": Policy(...)})``.

    The names are hosts, ``*.`` for any depth below one, of which the longest that fits is taken; or ``by``, a callable
    of the request, gives a name. Where nothing fits or it gives None, the outer policy serves, which owns hosts,
    proxies and exempt paths; all else is each tenant's own, counters included. Code that counts for one takes its
    policy from ``policy.tenants.policies``.
    """

    policies: Mapping[str, Policy] = field(kw_only=False)
    by: Callable[[Request], str | None] | None = None

    def __post_init__(self) -> None:
        if not (self.policies and hasattr(self.policies, "items")):
            raise ConfigError(f"Tenants: write a mapping of names to policies, not {self.policies!r}")
        for name, policy in self.policies.items():
            if not isinstance(policy, Policy):
                raise ConfigError(f"Tenants[{name!r}]: write Policy(...), not {policy!r}")
            if not policy.space and _says_what_is_outer(policy):
                owned = ", ".join(_OUTER)
                raise ConfigError(f"Tenants[{name!r}]: {owned} and tenants are the outer policy's own")
        if self.by is not None and not callable(self.by):
            raise ConfigError(f"Tenants.by: a callable of the request is meant, not {self.by!r}")
        for name in self.policies if self.by is None else ():
            _check_tenant(name)

    def chooser(self) -> Callable[[Request], str | None]:
        """What names the tenant of a request."""
        return self.by or (lambda request: self._of_host(request.host))

    def _of_host(self, host: str | None) -> str | None:
        """The longest name that fits a host; None where none does."""
        if host is None or host in self.policies:
            return host
        rest = host
        while "." in rest:
            rest = rest.partition(".")[2]
            if f"*.{rest}" in self.policies:
                return f"*.{rest}"
        return None


def _says_what_is_outer(policy: Policy) -> bool:
    """Whether a tenant says what the policy that lists it says."""
    named = policy.hosts not in ((), _LOCAL_HOSTS) or Proxies.of(policy.proxies).trusted or policy.exempt
    return bool(named or policy.tenants) or policy.hosts_mode != "enforce"


def _check_tenant(name: str) -> None:
    """Refuse a name that no request's host is ever equal to."""
    Hosts(patterns=[name])
    bare = name.removeprefix("*.")
    found = parse_authority(bare.encode())
    if found is not None and found != (bare, None):
        meant = name[: len(name) - len(bare)] + found.host
        raise ConfigError(f"Tenants: write {meant!r}, not {name!r}: in lower case, without port and final dot")


def _kind(name: str, value: object, kind: type) -> None:
    """Refuse what is neither such a section nor False."""
    if value is UNSET or value is False or isinstance(value, kind):
        return
    raise ConfigError(f"Policy.{name}: write {kind.__name__}(...), or False to switch it off, not {value!r}")
