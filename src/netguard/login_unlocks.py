"""Letting the locked try again: by administrators, by a link, after the reset of a password; and revoking devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netguard.counters import UNAVAILABLE, Clear, Revoke, Settlement
from netguard.errors import ConfigError, NetguardError
from netguard.events import NO_REQUEST
from netguard.login_blocks import exchange_in
from netguard.login_locks import LoginLocks, checked_address
from netguard.messages import Refusal, Taken
from netguard.unlocking import Unlocking, UnlockTokens


class _Change(NamedTuple):
    """What to settle, and what to tell of it."""

    ops: Sequence[Settlement]
    code: str
    detail: str
    account: str = ""  # as events show it


class LoginUnlocks(LoginLocks):
    """What ends the locks of one lockout. All of it raises StoreError where the store is out."""

    __slots__ = ()

    def unlock(self, username: object, request: object = None, *, client: str | None = None) -> None:
        """Let an account try again: after a reset of its password, or by an administrator.

        A ``request`` of its owner's, as that of the reset, lets the device that sent it try again too. Where pairs are
        locked, its client or ``client`` says whose.
        """
        self._do(self._unlocking(username, request, client))

    async def aunlock(self, username: object, request: object = None, *, client: str | None = None) -> None:
        """The same, awaited."""
        await self._ado(self._unlocking(username, request, client))

    def unlock_client(self, address: str) -> None:
        """Let a client try again, by its address."""
        self._do(self._unlocking_client(address))

    async def aunlock_client(self, address: str) -> None:
        """The same, awaited."""
        await self._ado(self._unlocking_client(address))

    def unlock_token(self, username: object, *, client: str | None = None) -> str:
        """The token for a link that unlocks this account once; to be mailed to its owner, locked or not.

        Good for ``link_minutes``. Raises ConfigError where the policy has no secrets to sign it with.
        """
        return self._signer().token(self._unlocking(username, None, client).ops)  # type: ignore[arg-type]  # Clear

    def unlock_by(self, token: str, request: object = None) -> bool:
        """Unlock what a token names; False where it is forged, too old or used. ``request`` is as in ``unlock``.

        Let a button of the linked page ask, by POST: mail scanners follow links.
        """
        found = self._signer().read(token)
        if found is None or not self._granted(self._counters.take([found.once])):
            return False
        self._do(self._unlocking_by(found, request))
        return True

    async def aunlock_by(self, token: str, request: object = None) -> bool:
        """The same, awaited."""
        found = self._signer().read(token)
        if found is None or not self._granted(await self._counters.atake([found.once])):
            return False
        await self._ado(self._unlocking_by(found, request))
        return True

    def revoke_devices(self, username: object, device: str = "") -> None:
        """Make an account's known devices worth no more than unknown ones: all, or the one of this id, in hex digits.

        Raises ConfigError where the policy knows no devices.
        """
        self._do(self._revoking(username, device))

    async def arevoke_devices(self, username: object, device: str = "") -> None:
        """The same, awaited."""
        await self._ado(self._revoking(username, device))

    def _unlocking(self, username: object, request: object, client: str | None) -> _Change:
        account, exchange = self._account(username), exchange_in(request)
        address = exchange.client if client is None and exchange is not None else client
        if self.lockout.per == "account+client" and address is None:
            raise NetguardError("Lockout(per='account+client') locks pairs: say whose, as in unlock(name, client=...)")
        address = None if address is None else checked_address(address)
        clears = [clear for counting in (self._first, self._second) for clear in counting.cleared(account, address)]
        clears += self._devices_cleared(account.tag, request)
        return _Change(clears, "lockout.unlocked", f"account {account.shown} was unlocked", account.shown)

    def _devices_cleared(self, tag: bytes, request: object) -> list[Clear]:
        """What lets the device of a request try again, where it is known for this account."""
        exchange, devices = exchange_in(request), self._plan.devices
        device = devices.known(exchange.request, tag) if devices is not None and exchange is not None else None
        return [] if device is None else [one.cleared_device(device) for one in (self._first, self._second)]

    def _unlocking_client(self, address: str) -> _Change:
        clears = self._first.cleared_client(checked_address(address))
        clears += self._second.cleared_client(address)
        return _Change(clears, "lockout.unlocked", f"client {address} was unlocked")

    def _unlocking_by(self, found: Unlocking, request: object) -> _Change:
        tag = found.clears[0].tag
        clears = [*found.clears, *self._devices_cleared(tag, request)]
        return _Change(clears, "lockout.unlocked", f"account {tag.hex()} was unlocked by its link", tag.hex())

    def _revoking(self, username: object, device: str) -> _Change:
        if self._plan.devices is None:
            raise ConfigError("Logins: the policy knows no devices: write Lockout(devices=True)")
        account = self._account(username)
        revoked = Revoke(self._first.revocation(account, device, self._plan.devices.now()))
        what = f"device {device}" if device else "all devices"
        return _Change([revoked], "lockout.revoked", f"{what} of account {account.shown} revoked", account.shown)

    def _signer(self) -> UnlockTokens:
        if self._tokens is None:
            raise ConfigError("Logins: unlock links are signed: write Policy(secrets=[...]), or set NETGUARD_SECRETS")
        return self._tokens

    def _granted(self, taken: Taken) -> bool:
        """Whether a token's one use was free; a store that is out cannot tell."""
        if taken.counts[0][1] == UNAVAILABLE:
            self._check_reached()
        return taken.ok

    def _do(self, change: _Change) -> None:
        """Settle a change and tell it. Raises StoreError where the store is out."""
        self._counters.settle(change.ops)
        self._done(change)

    async def _ado(self, change: _Change) -> None:
        """The same, awaited."""
        await self._counters.asettle(change.ops)
        self._done(change)

    def _done(self, change: _Change) -> None:
        self._check_reached()
        detail = f"lockout {self.lockout.name!r}: {change.detail}"
        note = Refusal("lockout", change.code, 200, detail, enforced=False, account=change.account)
        self._sinks.tell(NO_REQUEST, note)
