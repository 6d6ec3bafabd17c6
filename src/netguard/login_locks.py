"""What a lockout holds: who is locked now, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from netguard.checks import nearest, whole
from netguard.errors import ConfigError, NetguardError, StoreError
from netguard.events import Sinks
from netguard.identities import identity, text_of
from netguard.keys import Keys
from netguard.lockout import Lockout
from netguard.login_counting import Account, Part, TryCounting
from netguard.messages import Taken
from netguard.networks import packed
from netguard.plan import Plan
from netguard.policy import Policy
from netguard.serving import first_plan, is_live
from netguard.taking import Counters, store_of
from netguard.unlocking import UnlockTokens

if TYPE_CHECKING:
    from netguard.live import LivePolicy

_MINUTE: Final = 60  # seconds
_BATCH: Final = 100  # keys
_WEEK: Final = 7 * 24 * 60  # minutes


class Lock(NamedTuple):
    """Who may not try now, by a pseudonym, and for how many seconds."""

    what: str  # "account", "pair" with some client, "client", "device", or "cap": an account that waits to be unlocked
    factor: str  # "first" or "second"
    pseudonym: str  # of the account, but for "client"
    wait: float


class LoginLocks:
    """The locks of one lockout of a policy, by its ``name`` if there are several."""

    __slots__ = ("_counters", "_first", "_plan", "_second", "_sinks", "_tokens", "lockout")

    def __init__(self, policy: Policy | Plan | LivePolicy, name: str = "", *, link_minutes: int = 30) -> None:
        if not isinstance(policy, Policy | Plan) and not is_live(policy):
            raise ConfigError(f"Logins: write Logins(Policy(...)), not {policy!r}")
        whole("Logins.link_minutes", link_minutes, 1, _WEEK)
        self._plan = plan = first_plan(policy)
        self.lockout, second = _named(plan.policy.lockouts(), name)
        keys = Keys(plan.policy.key_of_counters())
        self._first = TryCounting(self.lockout, keys)
        self._second = TryCounting(second, keys, second=True)
        self._sinks = Sinks(plan.policy.events)
        store = store_of(plan.policy) if plan.store is None else plan.store
        self._counters = Counters(store, self._sinks)
        secrets = plan.policy.secrets
        self._tokens = UnlockTokens(secrets, keys, seconds=link_minutes * _MINUTE) if secrets else None

    def locked_for(self, *usernames: object) -> list[float]:
        """For how many seconds each account, from a device that is not known, may not try; 0 where it may.

        One call of the store. Where pairs are locked, it tells of the cap alone.
        """
        return _waits(usernames, self._counters.peek(self._locks_asked(usernames)))

    async def alocked_for(self, *usernames: object) -> list[float]:
        """The same, awaited."""
        return _waits(usernames, await self._counters.apeek(self._locks_asked(usernames)))

    def locks(self) -> list[Lock]:
        """Who is locked now; reads every key of the store. Raises StoreError where it is out or cannot list them."""
        held = [found for key in self._counters.store.held() if (found := self._part_of(key)) is not None]
        batches = [held[at : at + _BATCH] for at in range(0, len(held), _BATCH)]
        locks = [lock for batch in batches for lock in self._locked_of(batch)]
        self._check_reached()
        return locks

    def pseudonym(self, username: object) -> str:
        """What ``locks`` call an account, and events too, unless the policy shows names."""
        return self._account(username).tag.hex()

    def client_pseudonym(self, address: str) -> str:
        """What ``locks`` call a client."""
        return self._first.network(checked_address(address)).hex()

    def _account(self, username: object) -> Account:
        return self._first.account(self._first.name(name_of(username)))

    def _part_of(self, key: bytes) -> tuple[TryCounting, Part] | None:
        for counting in (self._first, self._second):
            part = counting.of_key(key)
            if part is not None:
                return counting, part
        return None

    def _locked_of(self, held: Sequence[tuple[TryCounting, Part]]) -> Iterator[Lock]:
        counts = self._counters.peek([part.op for _, part in held]).counts
        for (counting, part), (_, wait, _, _) in zip(held, counts, strict=True):
            if wait > 0:
                pairs = part.role == "account" and counting.config.per == "account+client"
                factor = "second" if counting is self._second else "first"
                yield Lock("pair" if pairs else part.role, factor, part.op.tag.hex(), wait / 1e6)

    def _locks_asked(self, usernames: Sequence[object]) -> list[Any]:
        return [op for username in usernames for op in self._first.locks_of(self._account(username))]

    def _check_reached(self) -> None:
        if self._counters.store.out:
            raise StoreError(f"lockout {self.lockout.name!r}: the store is out, and what it holds is as it was")


def name_of(username: object) -> str:
    """A username in one spelling; "" for None. Raises ConfigError for an object that has no text of its own."""
    return identity("" if username is None else text_of("username", username))


def checked_address(address: str) -> str:
    """An address, or an empty string for clients of which nobody knows one. Raises NetguardError for other text."""
    if address and packed(address) is None:  # all that is no address would be one client
        raise NetguardError(f"client: an IP address is meant, such as '192.0.2.7', not {address!r}")
    return address


def _named(lockouts: Sequence[Lockout], name: str) -> tuple[Lockout, Lockout]:
    """The lockouts of this name for the first and the second factor, which may be one."""
    if not lockouts:
        raise ConfigError("Logins: the policy has no lockout: write Policy(lockout=Lockout(...))")
    known = list(dict.fromkeys(lockout.name for lockout in lockouts))
    if not name and len(known) > 1:
        raise ConfigError(f"Logins: say which, as in Logins(policy, {known[0]!r}): there are {', '.join(known)}")
    found = sorted((one for one in lockouts if one.name == (name or known[0])), key=lambda one: one.factor == "second")
    if not found:
        raise ConfigError(f"Logins: there is no lockout {name!r}{nearest(name, known)} (there are {', '.join(known)})")
    return found[0], found[-1]


def _waits(usernames: Sequence[object], taken: Taken) -> list[float]:
    """The longest wait of each account, of which all have as many counts."""
    waits = [max(0, wait) / 1e6 for _, wait, _, _ in taken.counts]
    each = len(waits) // max(1, len(usernames))
    return [max(waits[at * each : (at + 1) * each], default=0.0) for at in range(len(usernames))]
