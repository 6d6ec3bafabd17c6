"""Login attempts: a try that a request takes before its password is checked, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from netguard.bodies import Body
from netguard.count_sources import Basic, basic
from netguard.counters import NOTHING, Clear, GiveBack, Op, Settlement
from netguard.counting import NO_BODY
from netguard.devices import Device, Devices
from netguard.errors import Unreadable
from netguard.lockout import Lockout
from netguard.login_counting import Account, Part, TryCounting
from netguard.login_refusals import refusal
from netguard.messages import Count, RawHeaders, Refusal, Request
from netguard.outcomes import LoginAnswer
from netguard.patterns import PatternMap
from netguard.rate_counting import SAFE, has_no_body
from netguard.rules import Mode

Said = Literal["", "succeeded", "failed", "not checked"]  # of a login: by the view, "" for nothing, or by its answer

_LOCKS: Final = {
    "account": "account %s",
    "client": "the client of account %s",
    "device": "a device of account %s",
    "cap": "account %s, until it is unlocked, for all but known devices",
}
_WATCHED: Final = {
    "names": ("lockout.spraying", "a client tries many accounts (account %s)"),
    "clients": ("lockout.spread", "many clients try account %s"),
}


class LoginShare:
    """One request's part in a lockout: it takes a try for the account that it names."""

    __slots__ = ("_account", "_counting", "_device", "_devices", "_parts", "_request", "mode", "reads_body")

    rule: Final = "lockout"

    def __init__(self, counting: TryCounting, devices: Devices | None, request: Request, *, reads_body: bool) -> None:
        self.mode: Mode = counting.config.mode
        self.reads_body = reads_body
        self._counting = counting
        self._devices = devices
        self._request = request
        self._account: Account | None = None
        self._device: Device | None = None
        self._parts: Sequence[Part] = ()

    def ops(self, body: Body, user: object) -> Sequence[Op] | Refusal:
        """What to take; the refusal of a request that names no account which can be read."""
        try:
            return self.named(self._counting.found(self._request, body))
        except Unreadable as error:
            detail = f"lockout {self._counting.config.name!r} cannot read the account: {error}"
            return Refusal("lockout", "lockout.unreadable", 400, detail)

    def named(self, name: str) -> Sequence[Op]:
        """The same where the account is known; after the first call it stays the one that was named then."""
        if self._account is None:
            self._account = self._counting.account(name)
            self._device = self._devices.known(self._request, self._account.tag) if self._devices else None
        self._parts = self._counting.parts(self._account, self._request.client, self._device)
        return [part.op for part in self._parts]

    def again(self, counts: Sequence[Count]) -> bool:
        """Whether to ask once more: the device was revoked, and is forgotten, since it counts no more than none."""
        revoked = any(part.role == "revoked" and count[1] for part, count in zip(self._parts, counts, strict=True))
        if revoked:
            self._device = None
        return revoked

    def judge(self, counts: Sequence[Count]) -> Refusal | None:
        """The refusal of the longest wait, where any counter refuses."""
        account = self._account
        return None if account is None else refusal(self._counting.config, account, self._parts, counts)

    def told(self, counts: Sequence[Count]) -> RawHeaders:
        """Nothing: how many tries are left is nobody's business."""
        return []

    def tried(self, counts: Sequence[Count]) -> Tried | None:
        """The try, once it is taken."""
        if self._account is None:
            return None
        return Tried(self._counting, self._devices, self._request, self._account, self._device, self._parts, counts)


class Tried:
    """A try that was taken. It is settled once, by what the answer proves."""

    __slots__ = ("_account", "_config", "_counts", "_device", "_devices", "_made", "_parts", "_request", "last", "said")

    def __init__(
        self,
        counting: TryCounting,
        devices: Devices | None,
        request: Request,
        account: Account,
        device: Device | None,
        parts: Sequence[Part],
        counts: Sequence[Count],
    ) -> None:
        self._config = counting.config
        self._devices = devices
        self._request = request
        self._account = account
        self._device = device
        self._parts = parts
        self._counts = counts
        self._made: tuple[Device, bytes] | None = None  # the device that this login makes known, and its cookie
        self.said: Said = ""
        self.last = counting.config.factor != "first"  # whether no further factor follows

    def outcome(self, status: int, headers: Mapping[str, str]) -> Said:
        """What an answer proves, never ""; what it does not prove has failed, and so has what the app broke down over.

        ``headers`` are by lower-case name.
        """
        if status >= 500 and self.said != "not checked":
            return "failed"
        if self.said:
            return self.said
        if not self._config.proof(self._request, LoginAnswer(status, headers)):
            return "failed"
        return "succeeded" if _is_checked(self._config, self._request) else "not checked"

    def settlement(self, outcome: Said) -> list[Settlement]:
        """What to settle: a success clears the account's counters and gives the client's try back, a failure stays."""
        if outcome == "failed":
            return []
        settled: list[Settlement] = []
        for (role, op), (_, wait, _, generation) in zip(self._parts, self._counts, strict=True):
            # The empty account is everybody's: nobody's success frees it for the others.
            if outcome == "succeeded" and role in ("account", "cap", "device") and self._account.name:
                settled.append(Clear(op.key, op.tag))
            elif generation != NOTHING and not wait:
                settled.append(GiveBack(op, generation))
        return settled

    def cookie(self, outcome: Said) -> bytes:
        """The Set-Cookie that makes this browser known after the last factor; empty where there is none to set."""
        if outcome != "succeeded" or not (self.last and self._account.name):
            return b""
        if self._devices is None or self._config.mode == "report":
            return b""
        if self._made is None:
            self._made = self._devices.cookie(self._request, self._account.tag, self._device)
        return self._made[1]

    def notes(self, outcome: Said) -> list[Refusal]:
        """What happened, for the events."""
        shown, name = self._account.shown, f"lockout {self._config.name!r}"
        if outcome == "not checked":
            return []
        if outcome == "failed":
            told = [("lockout.failed", f"{name}: a try to log in to account {shown} failed"), *self._locks()]
        else:
            told = list(self._successes())
        told += [(code, detail % shown) for code, detail in self._watched()]
        return [self._note(code, detail) for code, detail in told]

    def _locks(self) -> list[tuple[str, str]]:
        """The locks that this failure began."""
        name, shown = self._config.name, self._account.shown
        return [
            ("lockout.began", f"lockout {name!r} locks {_LOCKS[part.role] % shown}")
            for part, (left, wait, _, _) in zip(self._parts, self._counts, strict=True)
            if not left and not wait and part.role in _LOCKS  # it took the last try
        ]

    def _successes(self) -> list[tuple[str, str]]:
        """What this success is worth telling; makes the device known, where ``cookie`` did not yet."""
        shown, name = self._account.shown, f"lockout {self._config.name!r}"
        told = [("lockout.succeeded", f"{name}: a login to account {shown}")]
        before = self._failures()
        if before:
            told[0] = ("lockout.recovered", f"{name}: a login to account {shown} after {before} failures")
        if self.cookie("succeeded") and self._device is None and self._made is not None:
            device = self._made[0].id.hex()
            told.append(("lockout.new-device", f"{name}: the first login to account {shown} from device {device}"))
        return told

    def _failures(self) -> int:
        """How many failures in a row came before, as far as they are counted."""
        for part, (left, _, _, _) in zip(self._parts, self._counts, strict=True):
            if part.role == "cap":
                return int(self._config.cap) - 1 - left
        fewest = min(limit for limit, _ in self._config.windows(self._config.tries))
        left = self._counts[0][0]  # of the account or the device, which is the first part
        return max(0, fewest - 1 - left)

    def _watched(self) -> list[tuple[str, str]]:
        """What is over ``distinct_names`` or ``distinct_clients``."""
        pairs = zip(self._parts, self._counts, strict=True)
        return [_WATCHED[part.role] for part, (_, wait, _, _) in pairs if wait > 0 and part.role in _WATCHED]

    def _note(self, code: str, detail: str) -> Refusal:
        return Refusal("lockout", code, 200, detail, enforced=False, account=self._account.shown)


class Lockouts:
    """The lockouts of a policy, as rules that count."""

    __slots__ = ("_devices", "_routes")

    def __init__(self, countings: Sequence[TryCounting], devices: Devices | None) -> None:
        entries = [(pattern, counting) for counting in countings for pattern in counting.config.patterns()]
        self._routes = PatternMap("Lockout.on", entries, guarding=True)
        self._devices = devices

    def shares(self, request: Request) -> Sequence[LoginShare]:
        """The tries that this request takes: none where it cannot bring a password."""
        return [self._share(counting, request) for counting in self._asked(request)]

    def tried(self, request: Request) -> Sequence[Lockout]:
        """The lockouts that this request takes a try of."""
        return [counting.config for counting in self._asked(request)]

    def _asked(self, request: Request) -> Sequence[TryCounting]:
        found = self._routes.match(request.method, request.path)
        return [counting for counting in dict.fromkeys(found) if _asks(counting, request)] if found else ()

    def _share(self, counting: TryCounting, request: Request) -> LoginShare:
        reads_body = any(source.reads_body for source in counting.config.sources)
        devices = self._devices if counting.config.devices and not basic.asks(request) else None  # programs keep none
        return LoginShare(counting, devices, request, reads_body=reads_body)


def _asks(counting: TryCounting, request: Request) -> bool:
    """Whether a request tries a password: the page with the form does not, nor what comes without credentials."""
    unsafe = request.method not in SAFE
    for source in counting.config.sources:
        if source.reads_body:
            if not has_no_body(request):
                return True
        elif source.asks(request) if isinstance(source, Basic) else unsafe or source.found(request, NO_BODY, None):
            return True
    return False


def _is_checked(config: Lockout, request: Request) -> bool:
    """Whether an answer can tell of credentials: few apps look at them in OPTIONS, or at the body of a GET."""
    if request.method not in SAFE:
        return True
    sources = () if request.method == "OPTIONS" else config.sources
    return any(not source.reads_body and source.found(request, NO_BODY, None) for source in sources)
