"""Rules that need the user: a second pass, where the framework knows who is asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from netguard.messages import Continue, Refusal, Request, Respond
from netguard.rules import Mode


class UserRule(Protocol):
    """A rule about the user of a request; ``user`` is whatever the adapter's framework calls one, None for nobody."""

    @property
    def rule(self) -> str: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def hides(self) -> bool:
        """Whether who is refused must not learn that there is anything."""

    def matches(self, request: Request) -> bool:
        """Whether the rule guards this request."""

    def judge(self, request: Request, user: object) -> Refusal | None:
        """What the rule says of this user."""


def judge_user(request: Request, rules: Sequence[UserRule], user: object) -> Continue | Respond:
    """Continue where every rule passes this user, else the answer of the first that refuses."""
    notes: tuple[Refusal, ...] = ()
    for rule in rules:
        refusal = rule.judge(request, user)
        if refusal is not None and rule.mode == "enforce":
            return Respond(refusal, notes)
        if refusal is not None:
            notes += (replace(refusal, enforced=False),)
    return Continue(notes)
