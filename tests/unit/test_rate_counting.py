"""What a policy counts after it was reloaded: the states of another kind of counter are in nobody's way."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from netguard import Policy, RateLimit, header
from netguard.limiter import Limiter

KINDS = {
    "smooth": RateLimit("5/hour", on=[], name="one"),
    "strict": RateLimit("5/hour", on=[], name="one", window="strict"),
    "distinct": RateLimit("5/hour", on=[], name="one", distinct=header("x-name")),
}


@pytest.mark.parametrize(("before", "after"), list(permutations(KINDS, 2)))
def test_another_kind_counts_anew(before: str, after: str) -> None:
    policy = Policy(hosts=["booking.example"], limits=[KINDS[before]])
    for kind in (before, after):
        limiter = Limiter(replace(policy, limits=[KINDS[kind]]))
        member = "ann" if kind == "distinct" else None
        assert limiter.hit("one", "somebody", member=member).left == 4
