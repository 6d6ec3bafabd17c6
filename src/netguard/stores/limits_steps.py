"""How operations are counted by a storage that can only add, read and delete: which calls, and what they mean.

Generators that yield calls and get their answers, so that the sync and the async driver run the same steps.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final, Literal, NamedTuple, TypeVar

from netguard.counters import NOTHING, Clear, Revoke, Settlement
from netguard.messages import Count, Taken
from netguard.stores.limits_shapes import SECOND, Shape, Window, shape

T = TypeVar("T")

_LONGER: Final = 2  # seconds that a counter may be there after its time: a lock outlasts its window's


class Call(NamedTuple):
    """Add to a counter or take back, read it, delete it, or ask when it ends (microseconds since the epoch)."""

    verb: Literal["add", "back", "read", "delete", "end"]
    name: str
    seconds: int = 0  # the counter's life
    amount: int = 1


Steps = Generator[Call, int, T]


def take(shapes: Sequence[Shape], reports: Sequence[bool], now: int) -> Steps[Taken]:
    """Take one after the other; where one refuses, give back what was taken and only look at the rest."""
    counts: list[Count] = []
    undo: list[Call] = []
    ok = True
    for one, report in zip(shapes, reports, strict=True):
        passed, count, back = yield from _taken(one, now) if ok else _seen(one, now)
        counts.append(count)
        undo += back
        ok = ok and (passed or report)
    if not ok:
        yield from _all(undo)
    return Taken(ok, tuple(counts))


def peek(shapes: Sequence[Shape], reports: Sequence[bool], now: int) -> Steps[Taken]:
    """What ``take`` would say."""
    seen = []
    for one in shapes:
        seen.append((yield from _seen(one, now)))
    ok = all(passed or report for (passed, _, _), report in zip(seen, reports, strict=True))
    return Taken(ok, tuple(count for _, count, _ in seen))


def settle(prefix: str, ops: Sequence[Settlement], most: int) -> Steps[None]:
    """Clear keys of at most so many windows, give single steps back, and revoke."""
    for op in ops:
        if isinstance(op, Clear):
            name = prefix + op.key.hex()
            yield from _all([Call("delete", f"{name}:{index}") for index in range(most)])
            yield Call("delete", f"{name}:lock")
        elif isinstance(op, Revoke):
            yield from _revoked(shape(prefix, op.op), op.op.issued)
        elif op.generation >= 0:
            yield from _given_back(shape(prefix, op.op), op.generation)


_Verdict = tuple[bool, Count, list[Call]]  # whether it passed, its count, how to undo it


def _taken(one: Shape, now: int) -> Steps[_Verdict]:
    known = yield from _known(one, now)
    if known:
        return known
    undo: list[Call] = []
    lefts: list[int] = []
    for window in one.windows:
        left = window.limit - (yield Call("add", window.name, window.seconds, one.cost))
        undo.append(Call("back", window.name, window.seconds, one.cost))
        if left < 0:
            yield from _all(undo)
            wait = yield from _wait(window, now)
            return False, (max(0, left + one.cost), wait, wait, now), []
        lefts.append(left)
    return (yield from _written(one, lefts, undo, now))


def _written(one: Shape, lefts: list[int], undo: list[Call], now: int) -> Steps[_Verdict]:
    """What follows from having passed: the lock of the last try, or the member that is now known."""
    if one.member:
        window = one.windows[0]
        first = yield Call("add", one.member, window.seconds)
        if first > 1:  # another request with the same value came first, and counted it
            yield from _all(undo)
            return True, (lefts[0] + 1, 0, one.longest, -1), []
        undo = [*undo, Call("delete", one.member)]
    full = [window.seconds for window, left in zip(one.windows, lefts, strict=True) if not left]
    if one.lock and full:
        lasts = max(full) + _LONGER
        yield Call("add", one.lock, lasts, now + lasts * SECOND)
        undo = [*undo, Call("delete", one.lock)]
    return True, (min(lefts), 0, one.longest, now), undo


def _seen(one: Shape, now: int) -> Steps[_Verdict]:
    known = yield from _known(one, now)
    if known:
        return known
    lefts = []
    for window in one.windows:
        left = window.limit - one.cost - (yield Call("read", window.name))
        if left < 0:
            wait = yield from _wait(window, now)
            return False, (max(0, left + one.cost), wait, wait, now), []
        lefts.append(left)
    return True, (min(lefts), 0, one.longest, now), []


def _known(one: Shape, now: int) -> Steps[_Verdict | None]:
    """The verdict on what is locked or revoked, or on a value that was seen; None where it has to be counted."""
    if one.lock:
        rest = min((yield Call("read", one.lock)) - now, one.longest + _LONGER * SECOND)
        return (False, (0, rest, rest, now), []) if rest > 0 else None
    if one.member and (yield Call("read", one.member)):
        window = one.windows[0]
        left = window.limit - (yield Call("read", window.name))
        return True, (max(0, left), 0, one.longest, -1), []
    if one.issued is not None:
        return (yield from _issued(one.windows[0], one.issued, now))
    return None


def _issued(window: Window, issued: int, now: int) -> Steps[_Verdict]:
    if (yield Call("read", window.name)) <= issued:
        return True, (1, 0, 0, NOTHING), []
    wait = yield from _wait(window, now)
    return False, (0, wait, wait, NOTHING), []


def _revoked(one: Shape, issued: int) -> Steps[None]:
    """Write it anew, for a counter's life is not lengthened; where two came at once, the later one is right."""
    window = one.windows[0]
    before = yield Call("read", window.name)
    if before:
        yield Call("delete", window.name)
    mine = max(before, issued + 1)
    total = yield Call("add", window.name, window.seconds, mine)
    if total > mine:
        yield Call("back", window.name, window.seconds, min(mine, total - mine))


def _wait(window: Window, now: int) -> Steps[int]:
    """How long a window still lasts; all of it where the storage does not know."""
    rest = (yield Call("end", window.name, window.seconds)) - now
    whole = window.seconds * SECOND
    return rest if 0 < rest <= whole + _LONGER * SECOND else whole


def _given_back(one: Shape, generation: int) -> Steps[None]:
    """Take back from each window that is still the one that was counted in; the lock falls with it.

    A window is dated a moment after the step that began it.
    """
    returned = False
    for window in one.windows:
        began = (yield Call("end", window.name, window.seconds)) - window.seconds * SECOND
        if began <= generation + _LONGER * SECOND and (yield Call("read", window.name)) >= one.cost:
            yield Call("back", window.name, window.seconds, one.cost)
            returned = True
    if returned and (one.lock or one.member):
        yield Call("delete", one.lock or one.member)


def _all(calls: Sequence[Call]) -> Steps[None]:
    for call in calls:  # noqa: UP028  # a sequence takes no answers
        yield call
