"""The grade of MDN HTTP Observatory's own scanner for a server on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.certificates import Certificate
from support.outside import require

_SCRIPT = Path(__file__).parent.parent / "outside" / "observatory.mjs"
_WITHIN = 60  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one of the Observatory's tests found, and what it did to the score."""

    passed: bool
    result: str
    modifier: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    grade: str
    score: int
    findings: dict[str, Finding]  # by the test's name, such as "content-security-policy"

    def deductions(self) -> dict[str, Finding]:
        return {name: found for name, found in self.findings.items() if found.modifier < 0}


class ScanError(Exception):
    """The scanner gave no grade; the message is its own."""


def scan(name: str, *, https: int, http: int, cert: Certificate) -> Scan:
    """Scan ``https://name/`` and ``http://name/``, whose ports 443 and 80 are these two on loopback."""
    done = subprocess.run(
        [require("observatory"), str(_SCRIPT), name, str(https), str(http)],
        env={"PATH": os.defpath, "NODE_EXTRA_CA_CERTS": str(cert.ca)},  # no proxy settings, no CONFIG_FILE
        capture_output=True,
        timeout=_WITHIN,
        check=False,
        text=True,
    )
    if done.returncode:
        raise ScanError(done.stderr)
    return _parse(json.loads(done.stdout))


def _parse(report: dict[str, object]) -> Scan:
    match report:
        case {"grade": str(grade), "score": int(score), "tests": dict(tests)}:
            return Scan(grade=grade, score=score, findings={name: Finding(**test) for name, test in tests.items()})
    raise ScanError(f"not a report: {report}")
