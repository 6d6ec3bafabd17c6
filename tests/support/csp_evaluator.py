"""The judgement of Google's csp_evaluator on a policy."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.outside import require

_SCRIPT = Path(__file__).parent.parent / "outside" / "csp_evaluator.mjs"
_WITHIN = 60  # seconds
_HIGH = 30  # severities below are "high" (10) and "syntax" (20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    severity: int
    directive: str
    value: str | None = None
    description: str

    @property
    def high(self) -> bool:
        return self.severity < _HIGH


def evaluate(policy: str) -> list[Weakness]:
    """What the evaluator says of a policy."""
    done = subprocess.run(
        [require("csp_evaluator"), str(_SCRIPT)],
        input=policy,
        env={"PATH": os.defpath},
        capture_output=True,
        timeout=_WITHIN,
        check=True,
        text=True,
    )
    return [Weakness(**found) for found in json.loads(done.stdout)]
