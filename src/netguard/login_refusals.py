"""What the locked are told, and the events about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netguard.counters import NO_ROOM, UNAVAILABLE
from netguard.lockout import Lockout
from netguard.login_counting import Account, Part, Role
from netguard.messages import Count, Refusal
from netguard.rate_answers import retry_after, seconds

_LEAST_WAIT: Final = 1_000_000  # microseconds
_NO_STORE: Final = {NO_ROOM: "the store has no room for another account", UNAVAILABLE: "the store is out"}
_WHAT: Final[dict[Role, str]] = {
    "account": "account %s",
    "client": "client, over all accounts (account %s)",
    "cap": "account %s, until it is unlocked, for all but known devices",
    "device": "device of account %s",
    "names": "client, for the many accounts that it tried (account %s)",
    "clients": "account %s, for the many clients that tried it",
}
_CODES: Final[dict[Role, str]] = {
    "account": "lockout.account",
    "device": "lockout.account",
    "clients": "lockout.account",
    "client": "lockout.client",
    "names": "lockout.client",
    "cap": "lockout.capped",
}


def refusal(config: Lockout, account: Account, parts: Sequence[Part], counts: Sequence[Count]) -> Refusal | None:
    """The refusal of the longest wait, where any refuses; what only reports refuses nothing."""
    refused = [
        (count[1], part.role) for part, count in zip(parts, counts, strict=True) if count[1] and _refuses(config, part)
    ]
    if not refused:
        return None
    wait, role = max(refused)
    if wait < 0:  # nothing is known to be locked, and nothing can be counted
        detail = f"lockout {config.name!r}: {_NO_STORE[wait]}"
        return Refusal("lockout", "lockout.unavailable", 503, detail, (retry_after(_LEAST_WAIT),), wait=_LEAST_WAIT)
    detail = f"lockout {config.name!r}: no try for {seconds(wait)} s by the {_WHAT[role] % account.shown}"
    return Refusal("lockout", _CODES[role], 429, detail, (retry_after(wait),), wait=wait, account=account.shown)


def _refuses(config: Lockout, part: Part) -> bool:
    """Whether this part may refuse a try; of a lockout that only reports, whether it would."""
    if part.role == "revoked" or (part.role in ("names", "clients") and config.distinct_mode == "report"):
        return False
    return not part.op.report or config.mode == "report"
