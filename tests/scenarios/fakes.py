"""A rule that counts and a store that answers, both told what to say."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from netguard import Policy
from netguard.bodies import Body
from netguard.counters import News
from netguard.messages import RawHeaders, Refusal, Request, Taken
from netguard.plan import Plan
from netguard.rules import Mode

REFUSAL = Refusal("fake", "fake.refused", 429, "the fake rule said no", ((b"retry-after", b"7"),))
Counts = Sequence[tuple[int, int, int, int]]


@dataclass(slots=True, kw_only=True)
class FakeShare:
    """One request's part in a fake rule."""

    rule: str
    mode: Mode
    reads_body: bool
    told: Callable[[Counts], RawHeaders]
    asked: FakeRule
    request: Request

    def ops(self, body: Body, user: object) -> Sequence[Any] | Refusal:
        return self.asked.ops(self.request, body)

    def judge(self, counts: Counts) -> Refusal | None:
        return self.asked.judge(self.request, counts)

    def again(self, counts: Counts) -> bool:
        return False

    def tried(self, counts: Counts) -> None:
        return None


@dataclass(slots=True, kw_only=True)
class FakeRule:
    """Counts the body that it was given; refuses where the store counted nothing left, or the body says ``refuse``."""

    rule: str = "fake"
    mode: Mode = "enforce"
    reads_body: bool = False
    path: str = "/counted"
    refusal: Any = REFUSAL  # or whatever a bug might return

    def shares(self, request: Request) -> Sequence[FakeShare]:
        if not self.matches(request):
            return ()
        share = FakeShare(
            rule=self.rule, mode=self.mode, reads_body=self.reads_body, told=self.told, asked=self, request=request
        )
        return (share,)

    def told(self, counts: Counts) -> RawHeaders:
        return []

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
    waits: bool = True
    out: bool = False
    settled: list[object] = field(default_factory=list)
    news: deque[News] = field(default_factory=deque)

    def take(self, ops: Sequence[object]) -> Taken:
        self.takes.append(ops)
        return Taken(self.ok(self.left), tuple((self.left, 0, 0, 0) for _ in ops))

    async def atake(self, ops: Sequence[object]) -> Taken:
        return self.take(ops)

    def peek(self, ops: Sequence[object]) -> Taken:
        return self.take(ops)

    async def apeek(self, ops: Sequence[object]) -> Taken:
        return self.take(ops)

    def settle(self, ops: Sequence[object]) -> None:
        self.settled.extend(ops)

    async def asettle(self, ops: Sequence[object]) -> None:
        self.settle(ops)

    def held(self) -> Iterable[bytes]:
        return ()


def plan(*rules: FakeRule, store: FakeStore | None = None) -> Plan:
    return Plan(Policy(hosts=["booking.example"]), counted=rules, store=store or FakeStore())
