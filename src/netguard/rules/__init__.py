"""What refuses or passes a request: pure functions of the request and the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from netguard.messages import Refusal, Request

Check = Callable[[Request], Refusal | None]
Mode = Literal["enforce", "report"]  # "report" is shadow mode: the refusal is only told


@dataclass(frozen=True, slots=True)
class Step:
    """A named check at its place in the published order."""

    rule: str
    check: Check
