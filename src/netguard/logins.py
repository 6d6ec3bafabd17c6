"""Logins from code: attempts that a view counts itself, unlocking, and what is locked now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from netguard.checks import nearest
from netguard.core import Plan
from netguard.counters import Clear, Revoke, Settlement
from netguard.errors import Busy, ConfigError, LockedOut, NetguardError, StoreError
from netguard.events import NO_REQUEST, Sinks
from netguard.exchange import Exchange
from netguard.identities import identity, text_of
from netguard.keys import Keys
from netguard.lockout import Lockout
from netguard.login_attempts import LoginShare, Said, Tried
from netguard.login_counting import Account, TryCounting
from netguard.messages import Refusal, Request, Taken
from netguard.policy import Policy
from netguard.taking import Counters, store_of
from netguard.unlocking import UnlockTokens

_MINUTE: Final = 60  # seconds
_BATCH: Final = 100  # keys


class Lock(NamedTuple):
    """Who may not try now: an account or a client by its pseudonym, for so many seconds."""

    what: str  # "account", "client", or "cap" for an account that waits to be unlocked
    shown: str
    wait: float


class Logins:
    """The logins that a lockout of the policy guards, for code: ``Logins(policy)``, by ``name`` if there are several.

    It counts where the policy's middlewares do, under the same keys. ``link_minutes`` is how long an unlock link is
    good.
    """

    __slots__ = ("_counters", "_first", "_plan", "_second", "_sinks", "_tokens", "lockout")

    def __init__(self, policy: Policy | Plan, name: str = "", *, link_minutes: int = 30) -> None:
        if not isinstance(policy, Policy | Plan):
            raise ConfigError(f"Logins: write Logins(Policy(...)), not {policy!r}")
        self._plan = plan = policy if isinstance(policy, Plan) else Plan(policy)
        self.lockout = _named(plan.policy.lockouts(), name)
        keys = Keys(plan.policy.key_of_counters())
        self._first = TryCounting(self.lockout, keys)
        self._second = TryCounting(self.lockout, keys, second=True)
        self._sinks = Sinks(plan.policy.events)
        self._counters = Counters(plan.store or store_of(plan.policy), self._sinks)
        secrets = plan.policy.secrets
        self._tokens = UnlockTokens(secrets, keys, seconds=link_minutes * _MINUTE) if secrets else None

    def attempt(self, username: object, request: object = None, *, client: str | None = None) -> LoginAttempt:
        """A try to log in, for ``with`` and ``async with``: LockedOut is raised where there is none.

        Say ``attempt.succeeded()`` in the block where the password was right; a block that ends otherwise has failed.
        ``request`` is the framework's request or its exchange; a job without one gives the ``client``'s address.
        """
        return self._attempt(self._first, username, request, client)

    def second_factor(self, username: object, request: object = None, *, client: str | None = None) -> LoginAttempt:
        """The same for a second factor, with counters of its own; its success makes the device known."""
        return self._attempt(self._second, username, request, client)

    def _attempt(self, counting: TryCounting, username: object, request: object, client: str | None) -> LoginAttempt:
        exchange = exchange_in(request)
        asked = Request("", "", {}, client=client) if exchange is None else exchange.request
        devices = self._plan.devices if self.lockout.devices and exchange is not None else None
        share = LoginShare(counting, devices, asked, reads_body=False)
        last = counting is self._second or self.lockout.factor != "first"
        return LoginAttempt(share, _name(username), last, exchange, self._counters, self._sinks)

    def unlock(self, username: object, *, client: str | None = None) -> None:
        """Let an account try again: after a reset of its password, or by an administrator. Names a pair's ``client``.

        Raises StoreError where the store is out, as all that unlocks or revokes.
        """
        account, clears = self._unlocked(username, client)
        self._settle(clears)
        self._tell("lockout.unlocked", f"account {account.shown} was unlocked", account.shown)

    async def aunlock(self, username: object, *, client: str | None = None) -> None:
        """The same, awaited."""
        account, clears = self._unlocked(username, client)
        await self._asettle(clears)
        self._tell("lockout.unlocked", f"account {account.shown} was unlocked", account.shown)

    def unlock_client(self, address: str) -> None:
        """Let a client try again."""
        self._settle(self._first.cleared_client(address))
        self._tell("lockout.unlocked", f"client {address} was unlocked")

    async def aunlock_client(self, address: str) -> None:
        """The same, awaited."""
        await self._asettle(self._first.cleared_client(address))
        self._tell("lockout.unlocked", f"client {address} was unlocked")

    def unlock_token(self, username: object, *, client: str | None = None) -> str:
        """The token for a link that unlocks this account once; to be mailed to its owner, locked or not."""
        return self._signer().token(self._unlocked(username, client)[1])

    def unlock_by(self, token: str) -> bool:
        """Unlock what a token names; False where it is forged, too old or used.

        Let a button of the linked page ask, by POST: mail scanners follow links.
        """
        found = self._signer().read(token)
        if found is None or not self._counters.take([found.once]).ok:
            return False
        self._settle(found.clears)
        self._tell("lockout.unlocked", "an account was unlocked by its link")
        return True

    async def aunlock_by(self, token: str) -> bool:
        """The same, awaited."""
        found = self._signer().read(token)
        if found is None or not (await self._counters.atake([found.once])).ok:
            return False
        await self._asettle(found.clears)
        self._tell("lockout.unlocked", "an account was unlocked by its link")
        return True

    def revoke_devices(self, username: object, device: str = "") -> None:
        """Make an account's known devices worth no more than unknown ones: all, or the one of this id."""
        account, revoked = self._revoked(username, device)
        self._settle([revoked])
        self._tell("lockout.revoked", f"devices of account {account.shown} were revoked", account.shown)

    async def arevoke_devices(self, username: object, device: str = "") -> None:
        """The same, awaited."""
        account, revoked = self._revoked(username, device)
        await self._asettle([revoked])
        self._tell("lockout.revoked", f"devices of account {account.shown} were revoked", account.shown)

    def wait(self, username: object, *, client: str | None = None) -> float:
        """For how many seconds an account, from a device that is not known, may not try; 0 where it may."""
        return _wait(self._counters.peek(self._asked(username, client)))

    async def await_of(self, username: object, *, client: str | None = None) -> float:
        """The same, awaited."""
        return _wait(await self._counters.apeek(self._asked(username, client)))

    def pseudonym(self, username: object) -> str:
        """What events and ``locks`` call an account."""
        return self._first.account(_name(username)).tag.hex()

    def locks(self) -> list[Lock]:
        """Who is locked now; reads every key of the store. Raises StoreError where it is out or cannot list them."""
        found = [part for part in map(self._first.of_key, self._counters.store.held()) if part is not None]
        locks: list[Lock] = []
        for at in range(0, len(found), _BATCH):
            parts = found[at : at + _BATCH]
            counts = self._counters.store.peek([part.op for part in parts]).counts
            waits = zip(parts, counts, strict=True)
            locks += [Lock(part.role, part.op.tag.hex(), count[1] / 1e6) for part, count in waits if count[1] > 0]
        return locks

    def _unlocked(self, username: object, client: str | None) -> tuple[Account, Sequence[Clear]]:
        account = self._first.account(_name(username))
        if self.lockout.per == "account+client" and client is None:
            raise ConfigError("Lockout(per='account+client') locks pairs: say whose, as in unlock(name, client='...')")
        return account, [*self._first.cleared(account, client), *self._second.cleared(account, client)]

    def _revoked(self, username: object, device: str) -> tuple[Account, Revoke]:
        if self._plan.devices is None:
            raise ConfigError("Logins: the policy knows no devices: write Lockout(devices=True)")
        account = self._first.account(_name(username))
        return account, Revoke(self._first.revocation(account, device, self._plan.devices.minutes()))

    def _asked(self, username: object, client: str | None) -> list[Any]:
        account = self._first.account(_name(username))
        return [part.op for part in self._first.parts(account, client, None) if part.role in ("account", "cap")]

    def _signer(self) -> UnlockTokens:
        if self._tokens is None:
            raise ConfigError("Logins: unlock links are signed: write Policy(secrets=[...]), or set NETGUARD_SECRETS")
        return self._tokens

    def _settle(self, ops: Sequence[Settlement]) -> None:
        self._counters.settle(ops)
        self._check_settled()

    async def _asettle(self, ops: Sequence[Settlement]) -> None:
        await self._counters.asettle(ops)
        self._check_settled()

    def _check_settled(self) -> None:
        if self._counters.store.out:
            raise StoreError(f"lockout {self.lockout.name!r}: the store is out, and what it holds is as it was")

    def _tell(self, code: str, detail: str, account: str = "") -> None:
        note = Refusal(
            "lockout", code, 200, f"lockout {self.lockout.name!r}: {detail}", enforced=False, account=account
        )
        self._sinks.tell(NO_REQUEST, note)


class LoginAttempt:
    """One try from code, in a ``with`` or ``async with`` block, which takes it and settles it."""

    __slots__ = ("_counters", "_exchange", "_last", "_name", "_share", "_sinks", "_tried")

    def __init__(
        self,
        share: LoginShare,
        name: str,
        last: bool,  # whether no further factor follows
        exchange: Exchange | None,
        counters: Counters,
        sinks: Sinks,
    ) -> None:
        self._share = share
        self._name = name
        self._last = last
        self._exchange = exchange
        self._counters = counters
        self._sinks = sinks
        self._tried: Tried | None = None

    def succeeded(self, *, last: bool | None = None) -> None:
        """The password was right; ``last=False`` where a second factor follows, so that the device is not known yet."""
        self._say("succeeded")
        if self._tried is not None and last is not None:
            self._tried.last = last

    def failed(self) -> None:
        """It was not; what a block says last counts."""
        self._say("failed")

    def not_checked(self) -> None:
        """No password was checked: the try goes back."""
        self._say("not checked")

    def __enter__(self) -> Self:
        ops: Sequence[Any] = self._share.named(self._name)
        while ops:
            ops = self._judged(self._counters.take(ops))
        return self

    async def __aenter__(self) -> Self:
        ops: Sequence[Any] = self._share.named(self._name)
        while ops:
            ops = self._judged(await self._counters.atake(ops))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome = self._ended(error)
        if self._tried is not None:
            self._counters.settle(self._tried.settlement(outcome))
        self._told(outcome)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome = self._ended(error)
        if self._tried is not None:
            await self._counters.asettle(self._tried.settlement(outcome))
        self._told(outcome)

    def _say(self, said: Said) -> None:
        if self._tried is None:
            raise NetguardError("attempt: say what came of it inside of `with lockout.attempt(...) as attempt:`")
        self._tried.said = said

    def _judged(self, taken: Taken) -> Sequence[Any]:
        """Nothing more to take where a try was granted; raises LockedOut where there is none."""
        if not taken.ok and self._share.again(taken.counts):
            return self._share.named(self._name)
        refusal = self._share.judge(taken.counts)
        if refusal is not None:
            self._sinks.tell(self._request(), replace(refusal, enforced=self._share.mode == "enforce"))
            if self._share.mode == "enforce":
                raise LockedOut(refusal.detail, refusal)
        self._tried = self._share.tried(taken.counts)
        if self._tried is not None:
            self._tried.last = self._last
        return ()

    def _ended(self, error: BaseException | None) -> Said:
        """What the block came to; an error in it is no success, and where passwords are not checked, no failure."""
        if self._tried is None:
            return "failed"
        if error is not None:
            return "not checked" if isinstance(error, Busy) else "failed"
        return self._tried.said or "failed"

    def _told(self, outcome: Said) -> None:
        if self._tried is None:
            return
        for note in self._tried.notes(outcome):
            self._sinks.tell(self._request(), note)
        cookie = self._tried.cookie(outcome) if self._exchange is not None else b""
        if cookie and self._exchange is not None:
            self._exchange.make_known(cookie)

    def _request(self) -> Request:
        return NO_REQUEST if self._exchange is None else self._exchange.request


def exchange_in(request: object) -> Exchange | None:
    """The exchange of a framework's request, of a scope or an environ, or itself; None where no request is given."""
    if request is None or isinstance(request, Exchange):
        return request
    for place in (request, getattr(request, "scope", None), getattr(request, "environ", None)):
        found = place.get("netguard") if isinstance(place, Mapping) else getattr(place, "netguard", None)
        if isinstance(found, Exchange):
            return found
    raise NetguardError(f"attempt: {request!r} did not come through netguard: give its request, exchange or client=...")


def _name(username: object) -> str:
    return identity("" if username is None else text_of("username", username))


def _named(lockouts: Sequence[Lockout], name: str) -> Lockout:
    if not lockouts:
        raise ConfigError("Logins: the policy has no lockout: write Policy(lockout=Lockout(...))")
    if not name and len(lockouts) == 1:
        return lockouts[0]
    found = [lockout for lockout in lockouts if lockout.name == name and lockout.factor != "second"]
    if not found:
        known = [lockout.name for lockout in lockouts]
        raise ConfigError(
            f"Logins: there is no lockout {name!r}{nearest(name, known)} (the policy has {', '.join(known)})"
        )
    return found[0]


def _wait(taken: Taken) -> float:
    return max(0, *(count[1] for count in taken.counts)) / 1e6
