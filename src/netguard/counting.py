"""Rules that count: gathers what all of them need into one body and one take, and lets each judge its share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from netguard.bodies import Body
from netguard.messages import Continue, Decision, NeedCounts, Refusal, Request, Respond, Taken
from netguard.rules import Mode
from netguard.rules.users import UserRule


class Counted(Protocol):
    """A rule that counts: which requests, what to count, and what the counts mean."""

    rule: str
    mode: Mode
    reads_body: bool

    def matches(self, request: Request) -> bool:
        """Whether the rule is about this request."""

    def ops(self, request: Request, body: Body) -> Sequence[object] | Refusal:
        """What to count, or a refusal, as of a body that cannot be read."""

    def judge(self, request: Request, counts: Sequence[tuple[int, int, int, int]]) -> Refusal | None:
        """What the counts of these operations mean."""


@dataclass(frozen=True, slots=True)
class Counting:
    """One request's pass through the rules that count."""

    request: Request
    matched: tuple[Counted, ...]
    pending: tuple[UserRule, ...]

    def unread(self, why: Refusal, notes: tuple[Refusal, ...]) -> Decision:
        """Refuse a body that cannot be had, unless all who wanted it only report."""
        if any(rule.reads_body and rule.mode == "enforce" for rule in self.matched):
            return Respond(why, notes)
        others = tuple(rule for rule in self.matched if not rule.reads_body)
        return replace(self, matched=others).operations(b"", (*notes, replace(why, enforced=False)))

    def operations(self, body: bytes, notes: tuple[Refusal, ...]) -> Decision:
        """Ask for one take of what every rule counts, or refuse a body that one cannot read."""
        ops: list[object] = []
        shares: list[tuple[Counted, slice]] = []
        read = Body(body, self.request.headers.get(b"content-type"))
        for rule in self.matched:
            made = rule.ops(self.request, read)
            if isinstance(made, Refusal):
                if rule.mode == "enforce":
                    return Respond(made, notes)
                notes += (replace(made, enforced=False),)
                continue
            shares.append((rule, slice(len(ops), len(ops) + len(made))))
            ops.extend(made)
        if not ops:
            return Continue(notes, self.pending)
        return NeedCounts(tuple(ops), lambda taken: self.judged(shares, taken, notes))

    def judged(self, shares: Sequence[tuple[Counted, slice]], taken: Taken, notes: tuple[Refusal, ...]) -> Decision:
        """What the counts mean, rule by rule; the first that refuses decides."""
        for rule, share in shares:
            refusal = rule.judge(self.request, taken.counts[share])
            if refusal is not None and rule.mode == "enforce":
                return Respond(refusal, notes)
            if refusal is not None:
                notes += (replace(refusal, enforced=False),)
        if not taken.ok:  # A store that refused without a rule saying so is a bug: it fails closed.
            unsaid = Refusal("counts", "counts.refused", 429, "the store refused and no rule said why")
            return Respond(unsaid, notes)
        return Continue(notes, self.pending)
