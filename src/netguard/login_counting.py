"""A lockout, compiled: from an account and a client to the operations that count a try, and back to what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple

from netguard.bodies import Body
from netguard.count_sources import client
from netguard.counters import Clear, Op
from netguard.counters.rates import Distinct
from netguard.counters.tries import Revocation, Streak, Windows
from netguard.devices import Device
from netguard.errors import Unreadable
from netguard.identities import identity
from netguard.keys import Keys
from netguard.lockout import Lockout
from netguard.memo import Memo
from netguard.messages import Request
from netguard.rates import Rate

Role = Literal["account", "client", "cap", "device", "revoked", "names", "clients"]  # of a counter, not of a user

_DAY: Final = 86_400_000_000  # microseconds
_HALF: Final = 8  # bytes of a key: its tag, which says whose it is; the rest is its suffix, which says what it counts
_MARK: Final = 4  # bytes of a suffix that tell the role, where one account has many counters of it


class Part(NamedTuple):
    """One operation of a try, and what it counts."""

    role: Role
    op: Op


class Account(NamedTuple):
    """An account, as it is counted: its one spelling, and what events call it."""

    name: str
    shown: str  # a pseudonym, unless the policy shows names
    tag: bytes  # 8 bytes, with which all keys of its counters begin


class TryCounting:
    """The counters of one lockout, for its first or its ``second`` factor: none of them is one of another's.

    A key is whose it is and what it counts, a keyed hash of 8 bytes each: so keys that are found in a store tell the
    pseudonym that events show, and to those without the key nothing.
    """

    __slots__ = (
        "_client_windows", "_clients", "_counts_cap", "_keys", "_kind", "_names", "_networks", "_roles", "_shared",
        "_suffixes", "_windows", "config",
    )  # fmt: skip

    def __init__(self, config: Lockout, keys: Keys, *, second: bool = False) -> None:
        # A lockout of the second factor's own route has its own ``tries``.
        tries = config.second_factor_tries if second and config.factor != "second" else config.tries
        second = second or config.factor == "second"
        self.config = config
        self._keys = keys
        self._kind = ("lockout", config.name, "second" if second else "first")
        self._counts_cap = bool(config.cap) and not second  # failures in a row
        self._windows = config.windows(tries)
        self._client_windows = config.windows(config.client_tries)
        self._shared: dict[str, Any] = {"report": config.mode == "report", "on_outage": config.on_outage}
        self._names = () if second else self._rated("names", config.distinct(config.distinct_names))
        self._clients = () if second else self._rated("clients", config.distinct(config.distinct_clients))
        counted: tuple[Role, ...] = ("account", "client", "cap")
        self._suffixes = {role: self._suffix(role) for role in counted}
        marks: tuple[tuple[Role, str], ...] = (("account", "pair"), ("device", "device"))
        self._roles: dict[bytes, Role] = {suffix: role for role, suffix in self._suffixes.items()}
        if not self._counts_cap:
            del self._roles[self._suffixes["cap"]]
        self._roles.update({self._suffix(what)[:_MARK]: role for role, what in marks})
        self._networks: Memo[str, bytes] = Memo(lambda address: keys.digest("tag", client.same(address), size=8))

    def found(self, request: Request, body: Body) -> str:
        """The name that a request tries; empty where it says none. Raises Unreadable where it says two."""
        told = {source.same(found) for source in self.config.sources if (found := source.found(request, body, None))}
        names = set(map(identity, told)) - {""}
        if len(names) > 1:
            raise Unreadable("the request names two accounts")
        return names.pop() if names else ""

    def name(self, text: str) -> str:
        """The one spelling of a name that code says, as that of a request: by the first source with a ``same_as``."""
        source = next((one for one in self.config.sources if getattr(one, "same_as", None)), None)
        return identity(text if source is None else source.same(text))

    def account(self, name: str) -> Account:
        """An account by its one spelling."""
        tag = self._keys.digest("account", self.config.name, name, size=8)
        return Account(name, name if self.config.show_names else tag.hex(), tag)

    def network(self, address: str | None) -> bytes:
        """What stands for a client: its IPv4 address or IPv6 /64."""
        return self._networks[address or ""]

    def parts(self, account: Account, address: str | None, device: Device | None) -> Sequence[Part]:
        """What a try counts: a known device by itself alone, anybody else by account and client."""
        return self._unknown(account, self.network(address)) if device is None else self._known(account, device)

    def revocation(self, account: Account, which: str, issued: int) -> Revocation:
        """The operation about a device by its id in hex digits, or with "" all of the account.

        ``issued`` is in seconds since the epoch: of the device that asks, or of the moment that revokes.
        """
        key = account.tag + self._keys.digest("revoked", which, size=8)
        return Revocation(key=key, tag=account.tag, issued=issued, keep=self.config.device_days * _DAY)

    def of_key(self, key: bytes) -> Part | None:
        """The lock that a key of a store may be; None for what locks nobody, or is another lockout's."""
        tag, suffix = key[:_HALF], key[_HALF:]
        role = self._roles.get(suffix) or self._roles.get(suffix[:_MARK])
        if role is None:
            return None
        windows = self._client_windows if role == "client" else self._windows
        return Part(role, self._cap(tag) if role == "cap" else self._tries(role, tag, windows, suffix))

    def locks_of(self, account: Account) -> list[Op]:
        """The operations that tell whether an account is locked, whatever the client."""
        locks: list[Op] = [self._cap(account.tag)] if self._counts_cap else []
        if self.config.per == "account":
            locks.append(self._tries("account", account.tag, self._windows))
        return locks

    def cleared(self, account: Account, address: str | None) -> list[Clear]:
        """What unlocks an account, or its pair with the client at ``address`` where pairs are counted."""
        parts = self._unknown(account, self.network(address))
        return [Clear(op.key, op.tag) for role, op in parts if role in ("account", "cap", "clients")]

    def cleared_device(self, device: Device) -> Clear:
        """What lets a known device try again."""
        return Clear(device.tag + self._marked("device", device.id), device.tag)

    def cleared_client(self, address: str) -> list[Clear]:
        """What lets a client try again."""
        tag = self.network(address)
        keys = [tag + self._suffixes["client"], *(made(tag, b"").key for made in self._names)]
        return [Clear(key, tag) for key in keys]

    def _unknown(self, account: Account, network: bytes) -> list[Part]:
        """What a try without a known device counts."""
        pair = self._marked("pair", network) if self.config.per == "account+client" else None
        parts = [Part("account", self._tries("account", account.tag, self._windows, pair))]
        if self._client_windows:
            parts.append(Part("client", self._tries("client", network, self._client_windows)))
        if self._counts_cap:
            parts.append(Part("cap", self._cap(account.tag)))
        for made in self._names:
            parts.append(Part("names", made(network, account.tag)))
        for made in self._clients:
            parts.append(Part("clients", made(account.tag, network)))
        return parts

    def _known(self, account: Account, device: Device) -> list[Part]:
        """What a try of a known device counts, and whether all of the account's or this one were revoked."""
        return [
            Part("device", self._tries("device", account.tag, self._windows, self._marked("device", device.id))),
            Part("revoked", self.revocation(account, "", device.issued)),
            Part("revoked", self.revocation(account, device.id.hex(), device.issued)),
        ]

    def _suffix(self, *parts: str) -> bytes:
        return self._keys.digest(*self._kind, *parts, size=8)

    def _marked(self, role: str, which: bytes) -> bytes:
        """A suffix for each of a role's, by whose first half a key that is found in a store tells the role."""
        return self._suffix(role)[:_MARK] + self._suffix(role, which.hex())[:_MARK]

    def _tries(
        self, role: Role, tag: bytes, windows: tuple[tuple[int, int], ...], suffix: bytes | None = None
    ) -> Windows:
        return Windows(key=tag + (suffix or self._suffixes[role]), tag=tag, windows=windows, **self._shared)

    def _cap(self, tag: bytes) -> Streak:
        keep = self.config.cap_days * _DAY
        return Streak(key=tag + self._suffixes["cap"], tag=tag, limit=self.config.cap, keep=keep, **self._shared)

    def _rated(self, role: Role, rates: Sequence[Rate]) -> tuple[Callable[[bytes, bytes], Distinct], ...]:
        """What makes the operations that count different members of a tag."""
        shared = self._shared if self.config.distinct_mode == "enforce" else {**self._shared, "report": True}

        def made(suffix: bytes, rate: Rate) -> Callable[[bytes, bytes], Distinct]:
            limit, period = rate.amount, rate.period
            return lambda tag, member: Distinct(
                key=tag + suffix, tag=tag, member=member, limit=limit, period=period, shared=False, **shared
            )

        return tuple(made(self._suffix(role, str(rate.seconds)), rate) for rate in rates)
