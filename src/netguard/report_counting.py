"""The receiver of violation reports, behind a rate limit of its own."""

from __future__ import annotations

from netguard.counting import NO_BODY, Counting
from netguard.keys import Keys
from netguard.limiting import Group, LimitShare
from netguard.messages import Decision, NeedCounts, Refusal, Request, Respond
from netguard.rate_counting import Limit
from netguard.rate_limit import REPORTS
from netguard.rules.reports import Receiver


class CountedReceiver:
    """Takes as many deliveries of a client as ``REPORTS`` says; the body of one too many is not read."""

    __slots__ = ("_group", "_receiver")

    def __init__(self, receiver: Receiver, secret: bytes) -> None:
        self._group = Group([Limit(REPORTS, Keys(secret))])
        self._receiver = receiver

    def decide(self, request: Request, notes: tuple[Refusal, ...]) -> Decision:
        """Ask for the count, and then what the receiver asks."""
        asked = Counting(request, [LimitShare(self._group, request)]).counted(NO_BODY, notes)
        if not isinstance(asked, NeedCounts):
            return asked
        return NeedCounts(asked.ops, lambda taken: self._received(request, notes, asked.supply(taken)))

    def _received(self, request: Request, notes: tuple[Refusal, ...], counted: Decision) -> Decision:
        return counted if isinstance(counted, Respond) else self._receiver.decide(request, notes)
