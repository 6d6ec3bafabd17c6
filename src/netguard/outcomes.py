"""What proves that a login succeeded. Nothing is taken for a success that is not proved to be one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from netguard.checks import UNSET, listing, nearest, whole
from netguard.errors import ConfigError
from netguard.memo import Memo
from netguard.messages import Request
from netguard.patterns import Pattern, PatternMap
from netguard.rules.paths import spellings
from netguard.toml import named

_COROUTINE: Final = 0x80  # of a code object
_REDIRECTS: Final = frozenset({302, 303})
_WAYS: Final = (
    "redirected() where the view answers a right password by 302 or 303 to another page, status(200) where it answers "
    "by that status and a wrong one by another, reported() where it calls exchange.login_succeeded() or the framework "
    "signals it (Django, Flask-Login), or a callable of the request and the answer"
)


class LoginAnswer(NamedTuple):
    """What an app answered to a login: its status, and its headers by lower-case name."""

    status: int
    headers: Mapping[str, str]


Proof = Callable[[Request, LoginAnswer], bool]  # whether this answer proves that the login succeeded


@dataclass(frozen=True, slots=True)
class Redirected:
    """A redirect by 302 or 303 to a path that is neither the login's own nor among ``away_from``."""

    away_from: tuple[str, ...] = ()

    def bound(self, on: Sequence[str]) -> Proof:
        """The proof for the logins at these patterns."""
        paths = [text.rpartition(" ")[2] for text in (*on, *self.away_from)]  # without their methods
        stays = PatternMap("Lockout.on", [(path, True) for path in paths], guarding=True)

        def leads_away(redirect: tuple[bytes, str, str]) -> bool:
            landings = _landings(*redirect)
            return bool(landings) and not any(stays.match("GET", path) for path in landings)

        known = Memo(leads_away)

        def proves(request: Request, answer: LoginAnswer) -> bool:
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return False
            return known[request.target, request.root, location]

        return proves


@dataclass(frozen=True, slots=True)
class Status:
    """One of these statuses."""

    codes: frozenset[int]

    def bound(self, on: Sequence[str]) -> Proof:
        return lambda request, answer: answer.status in self.codes


@dataclass(frozen=True, slots=True)
class Reported:
    """Nothing but the word of the view, or of the framework's signal."""

    def bound(self, on: Sequence[str]) -> Proof:
        return lambda request, answer: False


@dataclass(frozen=True, slots=True)
class _Called:
    function: Proof

    def bound(self, on: Sequence[str]) -> Proof:
        return self.function


Success = Redirected | Status | Reported | _Called


def redirected(*, away_from: Sequence[str] = ()) -> Redirected:
    """A login succeeded where the app answers 302 or 303 to a path other than the login's own.

    ``away_from`` lists patterns of further paths that failures are sent to. Not for a view that sends on whoever is
    logged in already without a look at the password: that would prove a login to any account.
    """
    paths = listing("redirected(away_from=...)", away_from, str)
    for path in paths:
        Pattern.parse("redirected(away_from=...)", path)
    return Redirected(paths)


def status(*codes: int) -> Status:
    """A login succeeded where the app answers one of these statuses; one that a failure may get proves nothing."""
    if not codes:
        raise ConfigError("status(...): name the status of a success, as in status(200)")
    for code in codes:
        whole("status(...)", code, 101, 499)
    return Status(frozenset(codes))


def reported() -> Reported:
    """A login succeeded where the view calls ``exchange.login_succeeded()``, or a framework's signal says so."""
    return Reported()


_WRITTEN: Final[Mapping[str, Callable[[], Success]]] = {"redirected": redirected, "reported": reported}


def success_of(where: str, given: Any) -> Success:
    """What ``success=`` names. Raises ConfigError with the choice where it names nothing."""
    if given is UNSET:
        raise ConfigError(f"{where}: say what proves a login, since a wrong guess would open the lock: {_WAYS}")
    if isinstance(given, str):
        return _read(where, given)
    if given in (redirected, status, reported):
        raise ConfigError(f"{where}: call it: write {given.__name__}({'200' if given is status else ''})")
    if isinstance(given, Redirected | Status | Reported | _Called):
        return given
    if getattr(getattr(given, "__code__", None), "co_flags", 0) & _COROUTINE:
        raise ConfigError(f"{where}: {given!r} must not be async: what it gives would be true for every answer")
    if not callable(given) or isinstance(given, type):
        raise ConfigError(f"{where}: {given!r} proves no login: write {_WAYS}")
    return _Called(given)


def _read(where: str, text: str) -> Success:
    """A proof as files have it: ``"redirected"``, ``"reported"``, ``"status:200"`` or ``"module:callable"``."""
    kind, _, rest = text.partition(":")
    if text in _WRITTEN:
        return _WRITTEN[text]()
    if kind == "status" and rest.isdecimal():
        return status(int(rest))
    if rest and not nearest(kind, (*_WRITTEN, "status")):  # "staus:200" is a slip, and no module
        return success_of(where, named(where, text))
    raise ConfigError(f"{where}: {text!r} proves no login: write 'redirected', 'reported' or 'status:200'")


def _landings(target: bytes, root: str, location: str) -> list[str]:
    """The path that a browser is sent to, below the root path, in every spelling; none where it cannot be read."""
    try:
        raw = urlsplit(urljoin(target.decode("latin-1"), location.strip().replace("\\", "/"))).path or "/"
    except ValueError:
        return []
    plain = unquote(raw)
    path = plain[len(root) :] if root and plain.startswith(root) else plain
    there = Request("GET", path or "/", {}, target=raw.encode("latin-1", "replace"), root=root)
    return [there.path, *spellings(there)]
