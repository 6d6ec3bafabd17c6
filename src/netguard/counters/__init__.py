"""What a store counts: operations, each a pure step from a state and a time to a verdict and the next state.

All times are whole microseconds on the store's clock. A state is None, or a tuple whose first entry is the time at
which it means nothing any more; that of ``Gcra`` is this time alone. ``Count`` is (left, wait, reset, generation): what
is left after this step, how long until a refused one would pass, how long until all is as at first, the step's time.
Where the clock goes back, as a server's may, what was counted lasts from then on as if it had just come, no longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import urandom
from typing import Any, Final, Literal, NamedTuple, Protocol

from netguard.messages import Count, Taken

OnOutage = Literal["local", "allow", "refuse"]
State = Any  # of the operation's own kind
Judged = tuple[bool, Count, State]  # refused, what to tell, the state to keep: where refused, the one that was there

NOTHING: Final = -1  # the generation of what has nothing to give back
NO_ROOM: Final = -1  # as a wait: the store is full, and what it holds must not be shared
UNAVAILABLE: Final = -2  # as a wait: the store is out, and the rule refuses then


class Op(Protocol):
    """One thing to count. ``key`` is 16 bytes; keys with one ``tag`` live together on a cluster."""

    @property
    def key(self) -> bytes: ...
    @property
    def tag(self) -> bytes: ...
    @property
    def report(self) -> bool: ...
    @property
    def on_outage(self) -> OnOutage: ...

    def judge(self, state: State, now: int) -> Judged:
        """Whether this step is refused; a refused one changes nothing, but for what the clock cannot have reached."""

    def returned(self, state: State, generation: int, now: int) -> State:
        """The state with the step of that time given back; None for no state."""

    def share(self, part: float) -> Op:
        """The same with a part of the quota: for a process that counts alone."""


@dataclass(slots=True)  # not frozen: a login that succeeds makes five
class Clear:
    """Forget all of a key, its lock included."""

    key: bytes
    tag: bytes = b""


@dataclass(slots=True)  # not frozen: a login that succeeds makes five
class GiveBack:
    """Undo one step of an operation: the one that told this generation."""

    op: Op
    generation: int

    @property
    def key(self) -> bytes:
        return self.op.key

    @property
    def tag(self) -> bytes:
        return self.op.tag


@dataclass(frozen=True, slots=True)
class Revoke:
    """Write that all which was issued until the operation's own ``issued`` is worth nothing."""

    op: Any  # tries.Revocation

    @property
    def key(self) -> bytes:
        return self.op.key  # type: ignore[no-any-return]

    @property
    def tag(self) -> bytes:
        return self.op.tag  # type: ignore[no-any-return]


Settlement = Clear | GiveBack | Revoke


def ends(state: State) -> int:
    """When a state means nothing any more."""
    return state if type(state) is int else state[0]


class News(NamedTuple):
    """What a store has to tell, each transition once: a reason code, a sentence, and whether a trouble begins."""

    code: str
    detail: str
    trouble: bool


class Shared:
    """What all policies that come of one another share: the stores by their addresses, and a key of this process."""

    __slots__ = ("secret", "stores")

    def __init__(self) -> None:
        self.stores: dict[str, Store] = {}
        self.secret = urandom(32)

    def __deepcopy__(self, memo: object) -> Shared:
        return self

    def __reduce__(self) -> tuple[type[Shared], tuple[()]]:
        return Shared, ()  # another process counts for itself


class Store(Protocol):
    """Where counters live. Each method has a twin for drivers that await. Raises StoreError where it is out."""

    @property
    def waits(self) -> bool:
        """Whether ``take`` may wait for another process, so that an event loop must not call it."""

    @property
    def out(self) -> bool:
        """Whether it is out now, so that something else counts in its place."""

    @property
    def news(self) -> deque[News]: ...

    def take(self, ops: Sequence[Op], /) -> Taken:
        """Judge all and write only if none refuses, as one step; a refused one in report mode refuses nothing."""

    async def atake(self, ops: Sequence[Op], /) -> Taken: ...

    def peek(self, ops: Sequence[Op], /) -> Taken:
        """What ``take`` would say; nothing is written."""

    async def apeek(self, ops: Sequence[Op], /) -> Taken: ...

    def settle(self, ops: Sequence[Settlement], /) -> None:
        """Clear keys, give single steps back and revoke, each by itself."""

    async def asettle(self, ops: Sequence[Settlement], /) -> None: ...

    def held(self) -> Iterable[bytes]:
        """Every key that is held, for administrators; StoreError where the store cannot list them."""
