"""A rule that counts and a store that answers, both told what to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from netguard import Policy
from netguard.bodies import Body
from netguard.core import Plan
from netguard.messages import Refusal, Request, Taken
from netguard.rules import Mode

REFUSAL = Refusal("fake", "fake.refused", 429, "the fake rule said no", ((b"retry-after", b"7"),))
Counts = Sequence[tuple[int, int, int, int]]


@dataclass(slots=True, kw_only=True)
class FakeRule:
    """Counts the body that it was given; refuses where the store counted nothing left, or the body says ``refuse``."""

    rule: str = "fake"
    mode: Mode = "enforce"
    reads_body: bool = False
    path: str = "/counted"
    refusal: Any = REFUSAL  # or whatever a bug might return

    def matches(self, request: Request) -> bool:
        return request.path.startswith(self.path)

    def ops(self, request: Request, body: Body) -> Sequence[object] | Refusal:
        if body.raw == b"unreadable":
            return Refusal("fake", "fake.unreadable", 400, "the fake rule cannot read this")
        return () if body.raw == b"nothing" else ((self.rule, body.raw),)

    def judge(self, request: Request, counts: Counts) -> Refusal | None:
        return cast(Refusal, self.refusal) if counts[0][0] < 0 else None


@dataclass(slots=True, kw_only=True)
class FakeStore:
    """Has ``left`` of everything; keeps what it was asked."""

    left: int = 1
    ok: Callable[[int], bool] = lambda left: left >= 0
    takes: list[Sequence[object]] = field(default_factory=list)

    def take(self, ops: Sequence[object]) -> Taken:
        self.takes.append(ops)
        return Taken(self.ok(self.left), tuple((self.left, 0, 0, 0) for _ in ops))

    async def atake(self, ops: Sequence[object]) -> Taken:
        return self.take(ops)


def plan(*rules: FakeRule, store: FakeStore | None = None) -> Plan:
    return Plan(Policy(hosts=["booking.example"]), counted=rules, store=store or FakeStore())
