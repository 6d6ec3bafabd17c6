"""A take on a Cluster: the parts that are one step each, and what they say together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from netguard.counters import GiveBack, Op, Settlement
from netguard.messages import Count, Taken

T = TypeVar("T")
Part = tuple[int, ...]  # places in the take


def split(ops: Sequence[Op | Settlement]) -> list[Part]:
    """The places of the operations with one tag, for each tag."""
    parts: dict[bytes, Part] = {}
    for place, op in enumerate(ops):
        parts[op.tag] = (*parts.get(op.tag, ()), place)
    return list(parts.values())


def chosen(ops: Sequence[T], part: Part) -> list[T]:
    """The operations of a part."""
    return [ops[place] for place in part]


def together(parts: Sequence[Part], verdicts: Sequence[Taken]) -> Taken:
    """One verdict, with the counts where their operations were."""
    counts: dict[int, Count] = {}
    for part, verdict in zip(parts, verdicts, strict=True):
        counts |= zip(part, verdict.counts, strict=True)
    ok = all(verdict.ok for verdict in verdicts)
    return Taken(ok, tuple(counts[place] for place in range(len(counts))))


def taken_alone(ops: Sequence[Op], parts: Sequence[Part], verdicts: Sequence[object]) -> list[GiveBack]:
    """What goes back: the steps of parts that took, where the take as a whole did not."""
    return [
        GiveBack(ops[place], count[3])
        for part, verdict in zip(parts, verdicts, strict=False)  # the others were not asked
        if isinstance(verdict, Taken) and verdict.ok
        for place, count in zip(part, verdict.counts, strict=True)
        if not count[1]
    ]
