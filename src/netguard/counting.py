"""Rules that count: gathers what all of them need into one body and one take, and lets each judge its share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from netguard.bodies import Body
from netguard.counters import Op
from netguard.messages import (
    CONTINUE,
    Continue,
    Count,
    Decision,
    NeedBody,
    NeedCounts,
    RawHeaders,
    Refusal,
    Request,
    Respond,
    Taken,
)
from netguard.refusals import UNJUDGED, UNJUDGED_HIDDEN
from netguard.rules import Mode
from netguard.rules.users import UserRule, judge_user

BODY_LIMIT: Final = 65_536  # bytes of a body that rules may read
NO_BODY: Final = Body(b"", None)

# Bugs of a store fail closed.
_MISCOUNTED: Final = Refusal("counts", "counts.missing", 500, "the store told fewer counts than it was asked for")
_UNSAID: Final = Refusal("counts", "counts.refused", 429, "the store refused and no rule said why")


class Share(Protocol):
    """One request's part in one rule that counts."""

    @property
    def rule(self) -> str: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def reads_body(self) -> bool: ...

    def ops(self, body: Body, user: object) -> Sequence[Op] | Refusal:
        """What to count, or a refusal, as of a body that cannot be read."""

    def judge(self, counts: Sequence[Count]) -> Refusal | None:
        """What the counts of these operations mean."""

    def told(self, counts: Sequence[Count]) -> RawHeaders:
        """What an answer that passes says of them."""

    def again(self, counts: Sequence[Count]) -> bool:
        """Whether the counts showed that other operations are meant, which ``ops`` gives from then on."""

    def tried(self, counts: Sequence[Count]) -> object | None:
        """What the answer has to settle, where it passes."""


class Counted(Protocol):
    """A rule that counts."""

    def shares(self, request: Request) -> Sequence[Share]:
        """The parts that this request has in it."""


class Counting:
    """One request's pass through the rules that count; ``later`` is what still needs the user."""

    __slots__ = ("_later", "_request", "_shares", "_user")

    def __init__(  # no dataclass: this runs on every request that is counted
        self, request: Request, shares: Sequence[Share], later: Later | None = None, user: object = None
    ) -> None:
        self._request = request
        self._shares = shares
        self._later = later
        self._user = user

    def asked(self, notes: tuple[Refusal, ...]) -> Decision:
        """What is needed first: the body where any rule of this pass or the later one wants it, else the counts."""
        for share in self._all():
            if share.reads_body:
                return self._before_body(notes)
        return self.counted(NO_BODY, notes)

    def _before_body(self, notes: tuple[Refusal, ...]) -> Decision:
        """Ask for the body, unless a rule refuses that does not read it; what these count is made once."""
        known = [share if share.reads_body else _Made(share, share.ops(NO_BODY, self._user)) for share in self._shares]
        first = Counting(self._request, _without_body(known)).counted(NO_BODY, notes)
        if isinstance(first, Respond):
            return first
        whole = Counting(self._request, known, self._later, self._user)
        return NeedBody(
            BODY_LIMIT,
            lambda raw: whole._read(raw, notes),
            lambda why: whole._unread(why, notes),
            first if isinstance(first, NeedCounts) else None,
        )

    def _all(self) -> Sequence[Share]:
        return self._shares if self._later is None else (*self._shares, *self._later.shares)

    def _read(self, raw: bytes, notes: tuple[Refusal, ...]) -> Decision:
        body = Body(raw, self._request.headers.get(b"content-type"))
        later = self._later and Later(self._request, self._later.rules, self._later.shares, body)
        return Counting(self._request, self._shares, later).counted(body, notes)

    def _unread(self, why: Refusal, notes: tuple[Refusal, ...]) -> Decision:
        """Refuse a body that cannot be had, unless all who wanted it only report."""
        if any(share.reads_body and share.mode == "enforce" for share in self._all()):
            return Respond(why, notes)
        later = self._later and Later(self._request, self._later.rules, _without_body(self._later.shares))
        others = Counting(self._request, _without_body(self._shares), later)
        return others.counted(NO_BODY, (*notes, replace(why, enforced=False)))

    def counted(self, body: Body, notes: tuple[Refusal, ...]) -> Decision:
        """Ask for one take of what every rule counts, or refuse a body that one cannot read."""
        ops: tuple[Op, ...] = ()
        parts: list[tuple[Share, int]] = []
        before = notes
        for share in self._shares:
            made = share.ops(body, self._user)
            if isinstance(made, Refusal):
                if share.mode == "enforce":
                    return Respond(made, notes)
                notes += (replace(made, enforced=False),)
            elif len(made):
                ops += tuple(made)
                parts.append((share, len(made)))
        if not ops:
            return Continue(notes, self._later) if notes or self._later else CONTINUE

        def supplied(taken: Taken) -> Decision:
            again = not taken.ok and _again(parts, taken)
            return self.counted(body, before) if again else self.judged(parts, taken, notes)

        return NeedCounts(ops, supplied)

    def judged(self, parts: Sequence[tuple[Share, int]], taken: Taken, notes: tuple[Refusal, ...]) -> Decision:
        """What the counts mean, rule by rule; of those that refuse, the one with the longest wait decides."""
        headers: tuple[tuple[bytes, bytes], ...] = ()
        tries: tuple[object, ...] = ()
        decided: Refusal | None = None
        at = 0
        for share, length in parts:
            counts = taken.counts[at : at + length]
            at += length
            if len(counts) < length:
                return Respond(_MISCOUNTED, notes)
            refusal = share.judge(counts)
            if refusal is not None:
                if share.mode != "enforce":
                    notes += (replace(refusal, enforced=False),)
                elif decided is None or refusal.wait > decided.wait:
                    decided = refusal
            told = share.told(counts)
            if told:
                headers += tuple(told)
            tried = share.tried(counts)
            if tried is not None:
                tries += (tried,)
        if decided is not None or not taken.ok:
            return Respond(_UNSAID if decided is None else decided, notes)
        return Continue(notes, self._later, headers, tries) if notes or headers or tries or self._later else CONTINUE


def _again(parts: Sequence[tuple[Share, int]], taken: Taken) -> bool:
    """Whether any part means other operations; asks every part, since each learns from its counts."""
    if len(taken.counts) < sum(length for _, length in parts):
        return False
    at, again = 0, False
    for share, length in parts:
        again = share.again(taken.counts[at : at + length]) or again
        at += length
    return again


class _Made:
    """The part of a rule that does not read the body, with what it counts, which was asked of it already."""

    __slots__ = ("_made", "_share", "judge", "mode", "reads_body", "rule", "told", "tried")

    def __init__(self, share: Share, made: Sequence[Op] | Refusal) -> None:
        self.rule = share.rule
        self.mode = share.mode
        self.reads_body = False
        self.judge = share.judge
        self.told = share.told
        self.tried = share.tried
        self._share = share
        self._made = made

    def ops(self, body: Body, user: object) -> Sequence[Op] | Refusal:
        return self._made

    def again(self, counts: Sequence[Count]) -> bool:
        again = self._share.again(counts)
        if again:
            self._made = self._share.ops(NO_BODY, None)
        return again


def _without_body(shares: Sequence[Share]) -> tuple[Share, ...]:
    return tuple(share for share in shares if not share.reads_body)


class Later:
    """What waits until the app's framework knows the user: rules about it, and what is counted by it.

    ``body`` is what was read for ``shares`` in the pass before the app.
    """

    __slots__ = ("_body", "_request", "rules", "shares")

    def __init__(
        self, request: Request, rules: Sequence[UserRule], shares: Sequence[Share] = (), body: Body = NO_BODY
    ) -> None:
        self._request = request
        self._body = body
        self.rules = rules
        self.shares = shares

    def judge(self, user: object) -> Decision:
        """The rules about the user first; then what counts by it, where any does."""
        said = judge_user(self._request, self.rules, user)
        if isinstance(said, Respond) or not self.shares:
            return said
        return Counting(self._request, self.shares, None, user).counted(self._body, said.notes)

    def unjudged(self) -> Continue | Respond:
        """A refusal, hidden as one of its rules would be; only a note where all of them only report."""
        hides = any(rule.hides and rule.mode == "enforce" for rule in self.rules)
        if "enforce" in (*(rule.mode for rule in self.rules), *(share.mode for share in self.shares)):
            return Respond(UNJUDGED_HIDDEN if hides else UNJUDGED)
        return Continue((replace(UNJUDGED, enforced=False),))
