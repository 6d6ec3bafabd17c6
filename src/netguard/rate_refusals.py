"""What the counts of rate limits mean for a request that one of them refuses, and what others are told of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netguard.counters import NO_ROOM, UNAVAILABLE
from netguard.messages import Count, RawHeaders, Refusal
from netguard.rate_answers import Quota, legacy_fields, quota_fields, retry_after
from netguard.rate_counting import Limit

_PROBLEM: Final = "https://iana.org/assignments/http-problem-types#quota-exceeded"
_LEAST_WAIT: Final = 1_000_000  # microseconds


def refusal_of(refused: Sequence[tuple[Limit, Quota, Count]]) -> Refusal:
    """The refusal of the longest wait of these, which all refuse."""
    limit, _, (_, wait, _, _) = max(refused, key=lambda one: one[2][1])
    if wait in (UNAVAILABLE, NO_ROOM):
        detail = f"limit {limit.name!r}: the store is out, and on_outage='refuse'"
        return Refusal("limits", "limits.unavailable", 503, detail, (retry_after(_LEAST_WAIT),))
    detail = f"limit {limit.name!r} ({limit.config.rate}) is used up"
    problem = {"type": _PROBLEM, "violated-policies": [quota.name for _, quota, _ in refused]}
    headers = (retry_after(wait), *fields_of(refused))
    return Refusal("limits", "limits.exceeded", 429, detail, headers, wait=wait, problem=problem)


def fields_of(told: Sequence[tuple[Limit, Quota, Count]]) -> RawHeaders:
    """The fields of an answer: those of the draft, and the older ones where a limit asks for them."""
    fields = quota_fields([(quota, count) for _, quota, count in told])
    old = [(quota, count) for limit, quota, count in told if limit.config.legacy_fields]
    return fields + legacy_fields(old) if old else fields
