"""The errors that netguard raises. Every configuration error names the value and the mend."""

from typing import Any


class NetguardError(Exception):
    """Base of every error that netguard raises on purpose."""


class ConfigError(NetguardError, ValueError):
    """The policy cannot mean what was written; raised at start-up, never on a request."""


class StoreError(NetguardError):
    """A counter store did not answer; the foreign error is its ``__cause__``."""


class RateLimited(NetguardError):
    """A rate limit refused what code took by ``Limiter.take``; after ``wait`` seconds it would pass."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class NonceError(NetguardError, RuntimeError):
    """The CSP nonce was first read after the response head had left."""


class TokenError(NetguardError, RuntimeError):
    """A request token was first read after the response head had left, or under a policy that makes none."""


class CookieError(NetguardError):
    """The app set a cookie that browsers drop or confuse; raised in development, where the policy asks for it."""


class Disconnected(NetguardError):
    """The client went away before its request body was complete."""


class BodyTooLarge(NetguardError):
    """The request body is larger than the rules that need it may read.

    ``read`` is what was taken of it, ``more`` whether the rest is still to come.
    """

    def __init__(self, message: str, read: bytes = b"", *, more: bool = False) -> None:
        super().__init__(message)
        self.read = read
        self.more = more


class Unreadable(NetguardError):
    """A request body that two parsers could read in two ways, or none."""


class LengthRequired(NetguardError):
    """A body that a rule needs came without its length, where the server cannot say where it ends."""


class Refused(NetguardError):
    """An error that a driver answers by its ``refusal``, where no view caught it."""

    def __init__(self, message: str, refusal: Any) -> None:
        super().__init__(message)
        self.refusal = refusal


class LockedOut(Refused):
    """Too many failed tries; after ``wait`` seconds the next one is looked at."""

    @property
    def wait(self) -> float:
        """Seconds."""
        return float(self.refusal.wait / 1_000_000)

    @property
    def retry_after(self) -> int:
        """The wait in whole seconds, never too early, as Retry-After has it."""
        return int(-(-self.refusal.wait // 1_000_000))


class Busy(Refused):
    """More passwords wait for their hash than may; a second later the same may pass."""


class WeakPassword(NetguardError):
    """A password that may not be chosen; the message names the mend.

    ``code`` is "too-short", "too-long", "is-the-name", "breached", or "unchecked" where the list of breached ones
    could not be asked and the configuration refuses then.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
