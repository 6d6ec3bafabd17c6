"""Areas: paths that only some networks and roles reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final, Literal

from netguard.checks import listing, one_of, section
from netguard.errors import ConfigError
from netguard.intervals import Pause, no_pause
from netguard.messages import NOT_FOUND, Refusal, Request
from netguard.network_lists import NetworkList
from netguard.networks import NetworkSet
from netguard.patterns import Pattern, PatternMap
from netguard.roles import Role, lacks, roles_of
from netguard.rules import Mode
from netguard.rules.methods import methods
from netguard.rules.users import UserRule

_HIDES: Final = {True: ("areas", "roles"), False: (), "outside": ("areas",)}  # by ``hide``: whose refusals hide


@section
class Area:
    """Let only some networks and users reach a path: ``Area("/admin/*", networks=["10.8.0.0/16"], require=staff)``.

    ``path`` is one guarding pattern or a list. ``networks`` may come (default: all), ``deny`` may not, and is asked
    first: CIDRs and addresses, ``"private"``, ``"loopback"``, ``"file:..."``, a Path, or a callable that gives them.
    ``require`` is a role that the user must have, asked where the app knows the user: ``signed_in``, ``staff``,
    ``permission(...)``, ``group(...)``, ``role(...)``, ``scope(...)``, a callable of the user, or a list of these, of
    which all are needed; where the app tells no user, it refuses. Of several areas that match, the one with the most
    specific pattern alone decides. A refusal is 403, or with ``hide`` 404; ``hide="outside"`` hides from addresses
    alone, so that users inside read what they lack. An address that cannot be known is in no network.
    """

    path: str | Sequence[str] = field(kw_only=False)
    networks: Any = None
    deny: Any = None
    require: Any = None
    hide: bool | Literal["outside"] = False
    mode: Mode = "enforce"
    allowed: NetworkList | None = field(default=None, init=False, repr=False, compare=False)
    denied: NetworkList | None = field(default=None, init=False, repr=False, compare=False)
    roles: tuple[Role, ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        one_of("Area.mode", self.mode, ("enforce", "report"))
        one_of("Area.hide", self.hide, (True, False, "outside"))
        for pattern in self.patterns():
            Pattern.parse("Area.path", pattern)
        compiled = {
            "allowed": None if self.networks is None else NetworkList("Area.networks", self.networks),
            "denied": None if self.deny is None else NetworkList("Area.deny", self.deny),
            "roles": roles_of("Area.require", self.require),
        }
        for name, value in compiled.items():
            object.__setattr__(self, name, value)
        if not any(compiled.values()):
            raise ConfigError(f"Area({self.path!r}): it refuses nobody: say networks=[...], deny=[...] or require=...")

    def files(self) -> Iterator[Path]:
        """The files that its networks are read from."""
        for networks in (self.allowed, self.denied):
            yield from networks.files if networks else ()

    def patterns(self) -> tuple[str, ...]:
        """The patterns of ``path``. Raises ConfigError where there is none."""
        found = (self.path,) if isinstance(self.path, str) else listing("Area.path", self.path, str)
        if not found:
            raise ConfigError("Area.path: name a path, as in Area('/admin/*')")
        return found


def check_areas(areas: Sequence[Area]) -> None:
    """Refuse two areas of one pattern: neither is more specific."""
    seen: set[Pattern] = set()
    for text in (text for area in areas for text in area.patterns()):
        pattern = Pattern.parse("Area.path", text).guarding
        if pattern in seen:
            raise ConfigError(f"Policy.areas: two areas are {text!r}: make them one")
        seen.add(pattern)


class Guard:
    """One area, compiled: its networks are read."""

    __slots__ = ("_allowed", "_denied", "_enforced", "_hidden", "area", "name", "roles")

    def __init__(self, area: Area, pause: Pause) -> None:
        self.area = area
        self.roles = area.roles
        self._allowed: NetworkSet | None = area.allowed.read(pause) if area.allowed else None
        self._denied: NetworkSet | None = area.denied.read(pause) if area.denied else None
        self._hidden = _HIDES[area.hide]
        self._enforced = area.mode == "enforce"
        self.name = ", ".join(area.patterns())

    def refusal(self, request: Request) -> Refusal | None:
        """Why the address may not come; deny before allow."""
        client = request.client
        if self._allowed is None and self._denied is None:
            return None
        if client is None:
            return self._refused("areas.unresolved", "the client's address cannot be known")
        if self._denied is not None and client in self._denied:
            return self._refused("areas.denied", f"{client} is in its deny list")
        if self._allowed is not None and client not in self._allowed:
            return self._refused("areas.outside", f"{client} is in none of its networks")
        return None

    def judge(self, user: object) -> Refusal | None:
        """Why the user may not come; ``user`` is None for nobody. What a role raises passes on, or on trial refuses."""
        if user is None:
            return self._refused("roles.nobody", f"it needs {self._wanted()}, and nobody is signed in", "roles")
        try:
            lacking = lacks(self.roles, user)
        except Exception as error:  # of the app's callables; on trial, they break nothing
            if self._enforced:
                raise
            return self._refused("roles.missing", f"asking for {self._wanted()} failed: {error!r}", "roles")
        return self._refused("roles.missing", f"the user is not: {lacking}", "roles") if lacking else None

    def _wanted(self) -> str:
        return " and ".join(map(str, self.roles))

    def _refused(self, code: str, why: str, rule: str = "areas") -> Refusal:
        detail = f"area {self.name}: {why}"
        status, told = (404, NOT_FOUND) if rule in self._hidden else (403, "")
        return Refusal(rule, code, status, detail, enforced=self._enforced, told=told)


class AreaRule:
    """What guards a request: the area with the most specific pattern."""

    __slots__ = ("_methods", "_routes", "asks_user")

    def __init__(self, areas: Sequence[Area], pause: Pause = no_pause) -> None:
        entries = [(text, guard) for area in areas for guard in [Guard(area, pause)] for text in area.patterns()]
        ranked = [(text, (Pattern.parse("Area.path", text).rank, guard)) for text, guard in entries]
        self._routes = PatternMap("Area.path", ranked, guarding=True)
        self._methods = any(" " in text for text, _ in entries)
        self.asks_user = any(guard.roles for _, guard in entries)

    def check(self, request: Request) -> Refusal | None:
        """Why a request's address may not come; of several areas, one that enforces says so before one that reports."""
        found: Refusal | None = None
        for guard in self.guards(request):
            refusal = guard.refusal(request)
            if refusal is not None and (found is None or refusal.enforced > found.enforced):
                found = refusal
        return found

    def guards(self, request: Request) -> Sequence[Guard]:
        """The area of a request; several where a header makes another method of it."""
        if not self._methods:
            return self._best(request.method, request.path)
        found = [guard for method in methods(request) for guard in self._best(method, request.path)]
        return tuple(dict.fromkeys(found))

    def rules(self, request: Request) -> Sequence[UserRule]:
        """The rules about the user that guard a request; none where its area asks for no role."""
        return [RoleRule(guard) for guard in self.guards(request) if guard.roles] if self.asks_user else ()

    def _best(self, method: str, path: str) -> tuple[Guard, ...]:
        found = self._routes.match(method, path)
        if not found:
            return ()
        return (found[0][1],) if len(found) == 1 else (max(found, key=_rank)[1],)


class RoleRule:
    """The roles of one area, asked where the user is known."""

    __slots__ = ("_guard", "hides", "mode")

    rule: Final = "roles"

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.mode: Mode = guard.area.mode
        self.hides = guard.area.hide is True

    def matches(self, request: Request) -> bool:
        """Always: it was chosen for this request."""
        return True

    def judge(self, request: Request, user: object) -> Refusal | None:
        """What it says of this user."""
        refusal = self._guard.judge(user)
        return None if refusal is None else replace(refusal, enforced=True)  # who asks turns it into a note


def _rank(found: tuple[tuple[int, ...], Guard]) -> tuple[int, ...]:
    return found[0]
