"""Either limiter, asked as sync code would, and policies for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netguard import AsyncLimiter, Limiter, Policy, RateLimit
from netguard.plan import Plan
from netguard.stores.memory import MemoryStore
from support.remote import Clock

ANN = "ann@club.example"


class Asking:
    """A limiter, sync or async, whose answers are there at once."""

    def __init__(self, limiter: Limiter | AsyncLimiter) -> None:
        self._limiter = limiter

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def asked(*args: Any, **keywords: Any) -> Any:
            if isinstance(self._limiter, Limiter):
                return getattr(self._limiter, verb)(*args, **keywords)
            return asyncio.run(awaited(self._limiter, verb, args, keywords))

        return asked


Maker = Callable[[Policy | Plan], Asking]
MAKERS: Mapping[str, Maker] = {
    "sync": lambda policy: Asking(Limiter(policy)),
    "async": lambda policy: Asking(AsyncLimiter(policy)),
}


async def awaited(limiter: AsyncLimiter, verb: str, args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """What comes of it."""
    return await getattr(limiter, verb)(*args, **keywords)


def policy(*limits: RateLimit, **keywords: Any) -> Policy:
    """One with these limits."""
    return Policy(hosts=["booking.example", "testserver"], limits=limits, **keywords)


def mail(rate: str = "5/hour", **keywords: Any) -> RateLimit:
    """A limit that only code asks."""
    return RateLimit(rate, on=[], name="mail", **keywords)


def plan(clock: Clock, *limits: RateLimit, **keywords: Any) -> Plan:
    """A policy whose counters' clock is set by hand."""
    return Plan(policy(*limits, **keywords), store=MemoryStore(clock=clock))
