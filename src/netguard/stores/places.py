"""What is judged and settled in a memory store, by those who hold the locks of its places."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from netguard.counters import NO_ROOM, GiveBack, Op, Revoke, Settlement, State, ends
from netguard.messages import Count, Taken

Place = tuple[dict[Hashable, State], Hashable] | None  # where a state is; None for nowhere


def judged_at(places: Sequence[Place], ops: Sequence[Op], now: int, write: bool) -> Taken:
    """Judge all, and write only if none refuses, but for what the clock cannot have reached."""
    ok = True
    counts: list[Count] = []
    written: list[tuple[dict[Hashable, State], Hashable, State, bool]] = []
    for place, op in zip(places, ops, strict=True):
        if place is None:
            refused, count = True, (0, NO_ROOM, 0, now)
        else:
            states, key = place
            state = states.get(key)
            refused, count, after = op.judge(None if state is None or ends(state) <= now else state, now)
            if after is not None and after is not state:
                written.append((states, key, after, refused))
        counts.append(count)
        if refused and not op.report:
            ok = False
    for states, key, after, refused in written if write else ():
        if ok or refused:
            states[key] = after
    return Taken(ok, tuple(counts))


def settled(op: Settlement, state: State, now: int) -> State:
    """The state that a settlement leaves; None for none."""
    if isinstance(op, Revoke):
        return op.op.revoked(state, now)
    return op.op.returned(state, op.generation, now) if isinstance(op, GiveBack) and state is not None else None
