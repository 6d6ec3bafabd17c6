"""A second factor by one-time codes (RFC 6238), each of which works once, and recovery codes for a lost device."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from time import time
from typing import Any, Final

from netguard.awaited import Awaited
from netguard.checks import MAKE_ONE, whole
from netguard.counters import Op
from netguard.counters.tries import Windows
from netguard.errors import ConfigError
from netguard.events import Sinks, logger
from netguard.identities import text_of
from netguard.keys import Keys
from netguard.plan import Plan
from netguard.policy import Policy
from netguard.recovery import RecoveryCodes, recovery_codes, use_recovery
from netguard.taking import Counters, store_of

__all__ = ["TOTP", "RecoveryCodes", "recovery_codes", "use_recovery"]

_SECOND: Final = 1_000_000  # microseconds
_LONGEST: Final = 32  # characters of a code as it is typed
_SHORTEST: Final = 16  # characters of a secret
_UNASKED: Final = "TOTP: write `await totp.averify(...)`; without await, nothing was verified"


class TOTP:
    """One-time codes from an authenticator app: ``TOTP(policy, issuer="Booking")``.

    Codes of ``drift`` steps before and after the present one pass, a step being ``step`` seconds. A code passes once,
    and none passes that is older than one that did (RFC 6238, 5.2; NIST SP 800-63B-4, 3.1.4.2): kept in the policy's
    store, so that it holds for all processes where they share one. While the store is out, no code passes.

    Tries are not counted here: six digits fall to a million of them. Put ``verify`` behind a lockout's second factor,
    or a rate limit by account. ``clock`` gives seconds since the epoch.
    """

    __slots__ = ("_clock", "_counters", "_digits", "_drift", "_issuer", "_keys", "_life", "_made", "_step")

    def __init__(
        self,
        policy: Policy | Plan,
        *,
        issuer: str,
        digits: int = 6,
        step: int = 30,
        drift: int = 1,
        clock: Callable[[], float] = time,
    ) -> None:
        if not isinstance(policy, Policy | Plan):
            raise ConfigError(f"TOTP: write TOTP(Policy(...), issuer='Booking'), not {policy!r}")
        _check_issuer(issuer)
        whole("TOTP.digits", digits, 6, 8)
        whole("TOTP.step", step, 15, 120)
        whole("TOTP.drift", drift, 0, 4)
        self._made = _pyotp()
        self._counters, self._keys = _counted(policy)
        self._issuer, self._digits, self._step, self._drift, self._clock = issuer, digits, step, drift, clock
        self._life = (2 * drift + 3) * step * _SECOND  # how long a code may pass, by clocks that differ by a step

    def secret(self) -> str:
        """A new secret of 160 bits (RFC 4226, 4, R6) in base32, to be stored encrypted with the account."""
        return str(self._made.random_base32())

    def uri(self, secret: str, name: str) -> str:
        """The ``otpauth://`` address for a QR code; ``name`` is the account's, as its owner shall see it."""
        code = self._made.TOTP(secret, digits=self._digits, interval=self._step)
        return str(code.provisioning_uri(name=name, issuer_name=self._issuer))

    def verify(self, user: object, secret: str | None, code: object) -> bool:
        """Whether the code is right and the first of its step or a later one; spaces and dashes in it mean nothing.

        ``user`` is the account's key. Anything that is no code is False, as is an account without a secret.
        """
        ops = self._ops(user, secret, code)
        return bool(ops) and self._counters.take(ops).ok

    def averify(self, user: object, secret: str | None, code: object) -> Awaitable[bool]:
        """The same, to be awaited before it says anything."""
        return Awaited(self._averify(user, secret, code), _UNASKED)

    async def _averify(self, user: object, secret: str | None, code: object) -> bool:
        ops = self._ops(user, secret, code)
        return bool(ops) and (await self._counters.atake(ops)).ok

    def _ops(self, user: object, secret: str | None, code: object) -> list[Op]:
        """Use up the step of this code, and with it all older ones that might still pass; nothing for a wrong code."""
        typed = _digits(code, self._digits)
        kept = _kept(secret)
        if typed is None or kept is None:
            return []
        matched = self._matched(kept, typed)
        if matched is None:
            return []
        who = "totp", text_of("TOTP user", user), kept
        tag = self._keys.digest(*who, size=8)
        oldest = matched - 2 * self._drift - 1
        return [
            Windows(
                key=self._keys.digest(*who, str(number)), tag=tag, windows=((1, self._life),),
                report=number != matched, on_outage="refuse",
            )
            for number in range(matched, oldest - 1, -1)
        ]  # fmt: skip

    def _matched(self, secret: str, typed: str) -> int | None:
        """The last step whose code this is; all are compared, each in constant time."""
        now, found = int(self._clock() // self._step), None
        try:
            code = self._made.TOTP(secret, digits=self._digits, interval=self._step)
            for number in range(max(0, now - self._drift), now + self._drift + 1):
                if compare_digest(code.generate_otp(number), typed):
                    found = number
        except ValueError:
            logger.warning("a stored secret for one-time codes is broken: no code of its account can pass")
        return found


def _digits(code: object, count: int) -> str | None:
    """The digits of a code as it was typed; None for what is none, other scripts' digits included."""
    if not isinstance(code, str) or len(code) > _LONGEST:
        return None
    plain = code.replace(" ", "").replace("-", "")
    return plain if len(plain) == count and plain.isascii() and plain.isdecimal() else None


def _kept(secret: object) -> str | None:
    """One spelling of a secret, so that it has one counter."""
    if not isinstance(secret, str):
        return None
    plain = secret.replace(" ", "").upper().rstrip("=")
    return plain if len(plain) >= _SHORTEST else None


def _check_issuer(issuer: object) -> None:
    if not isinstance(issuer, str) or not issuer.strip() or ":" in issuer:
        raise ConfigError(f"TOTP.issuer: the name of your service, without a colon, is meant, not {issuer!r}")


def _pyotp() -> Any:
    try:
        import pyotp
    except ImportError as error:
        raise ConfigError("TOTP needs pyotp: pip install 'netguard[passwords]'") from error
    return pyotp


def _counted(policy: Policy | Plan) -> tuple[Counters, Keys]:
    plan, policy = (policy, policy.policy) if isinstance(policy, Plan) else (None, policy)
    if not policy.store.startswith("memory://") and not (policy.counter_key or policy.secrets):
        raise ConfigError(f"TOTP: a shared store needs Policy(counter_key=...) or Policy(secrets=[...]); {MAKE_ONE}")
    store = store_of(policy) if plan is None or plan.store is None else plan.store
    return Counters(store, Sinks(policy.events)), Keys(policy.key_of_counters())
