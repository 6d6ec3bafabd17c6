"""Logins as blocks of code: a try that a view takes itself, and settles where the block ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from netguard.counters import Settlement
from netguard.errors import Busy, LockedOut, NetguardError
from netguard.events import NO_REQUEST, Sinks
from netguard.exchange import Exchange
from netguard.login_attempts import LoginShare, Said, Tried
from netguard.messages import Request, Taken
from netguard.taking import Counters


class LoginAttempt:
    """One try from code, for one ``with`` or ``async with`` block, which takes it and settles it."""

    __slots__ = ("_counters", "_exchange", "_last", "_name", "_share", "_sinks", "_stage", "_tried")

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
        self._stage = ""  # then "begun", "open", "ended"
        self._tried: Tried | None = None

    def succeeded(self, *, last: bool | None = None) -> None:
        """The password was right; ``last=False`` where a second factor follows, so that the device is not known yet."""
        tried = self._say("succeeded")
        if last is not None:
            tried.last = last

    def failed(self) -> None:
        """It was not; what a block says last counts."""
        self._say("failed")

    def not_checked(self) -> None:
        """No password was checked: the try goes back."""
        self._say("not checked")

    def __enter__(self) -> Self:
        ops = self._begun()
        while ops:
            ops = self._judged(self._counters.take(ops))
        return self

    async def __aenter__(self) -> Self:
        ops = self._begun()
        while ops:
            ops = self._judged(await self._counters.atake(ops))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome, ops = self._ended(error)
        if ops:
            self._counters.settle(ops)
        self._tell(outcome)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome, ops = self._ended(error)
        if ops:
            await self._counters.asettle(ops)
        self._tell(outcome)

    def _begun(self) -> Sequence[Any]:
        """Begin the block: what it takes."""
        if self._stage:  # a second block would settle the first one's try again
            raise NetguardError("attempt: it is one try, for one block: ask for another by lockout.attempt(...)")
        self._stage = "begun"
        return self._share.named(self._name)

    def _judged(self, taken: Taken) -> Sequence[Any]:
        """Open the block where a try was granted; what to take instead where the device was revoked.

        Raises LockedOut where no try is left.
        """
        if not taken.ok and self._share.again(taken.counts):
            return self._share.named(self._name)
        refusal = self._share.judge(taken.counts)
        enforced = self._share.mode == "enforce"
        if refusal is not None:
            self._sinks.tell(self._request(), replace(refusal, enforced=enforced))
        if refusal is not None and enforced:
            raise LockedOut(refusal.detail, refusal)
        self._tried = self._share.tried(taken.counts)
        if self._tried is not None:
            self._tried.last = self._last
        self._stage = "open"
        return ()

    def _say(self, said: Said) -> Tried:
        if self._tried is None or self._stage != "open":
            raise NetguardError("attempt: say what came of it inside of `with lockout.attempt(...) as attempt:`")
        self._tried.said = said
        return self._tried

    def _ended(self, error: BaseException | None) -> tuple[Said, Sequence[Settlement]]:
        """End the block: what it came to, and what to settle.

        An error in it is no success, and one of Busy, where no password was checked, no failure either.
        """
        self._stage = "ended"
        if self._tried is None:
            return "failed", ()
        if error is not None:
            checked = self._tried.said == "failed" or not isinstance(error, Busy)
            self._tried.said = "failed" if checked else "not checked"
        outcome = self._tried.said or "failed"
        return outcome, self._tried.settlement(outcome)

    def _tell(self, outcome: Said) -> None:
        """Tell the events of the try, and let the answer carry the cookie of a device that it made known."""
        if self._tried is None:
            return
        for note in self._tried.notes(outcome):
            self._sinks.tell(self._request(), note)
        cookie = self._tried.cookie(outcome)
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
    raise NetguardError(
        f"{request!r} did not come through netguard: give the framework's request, its exchange, or client=..."
    )
