"""What a client is told of its quota (draft-ietf-httpapi-ratelimit-headers-10; RFC 9110, 10.2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from netguard.messages import Count, RawHeaders

_SECOND: Final = 1_000_000  # microseconds


class Quota(NamedTuple):
    """One policy of a limit, as it is told: its name, its amount and the length of its window in seconds."""

    name: str
    amount: int
    seconds: int


def seconds(microseconds: int) -> int:
    """Whole seconds, rounded up: nobody may be told to come too early."""
    return -(-microseconds // _SECOND)


def quota_fields(told: Sequence[tuple[Quota, Count]]) -> RawHeaders:
    """RateLimit-Policy and RateLimit, from the counts that decided."""
    policies = ", ".join(f'"{quota.name}";q={quota.amount};w={quota.seconds}' for quota, _ in told)
    states = ", ".join(
        f'"{quota.name}";r={max(0, left)};t={seconds(wait or reset)}' for quota, (left, wait, reset, _) in told
    )
    return [(b"ratelimit-policy", policies.encode("ascii")), (b"ratelimit", states.encode("ascii"))]


def legacy_fields(told: Sequence[tuple[Quota, Count]]) -> RawHeaders:
    """X-RateLimit-Limit, -Remaining and -Reset (in seconds from now) of the quota with the least left."""
    quota, (left, wait, reset, _) = min(told, key=lambda pair: (pair[1][0], -pair[1][1]))
    values = {b"limit": quota.amount, b"remaining": max(0, left), b"reset": seconds(wait or reset)}
    return [(b"x-ratelimit-" + name, str(value).encode("ascii")) for name, value in values.items()]


def retry_after(wait: int) -> tuple[bytes, bytes]:
    """When to come again."""
    return b"retry-after", str(max(1, seconds(wait))).encode("ascii")
