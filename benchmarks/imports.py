"""What importing netguard costs a fresh interpreter, and that it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from resource import RUSAGE_CHILDREN, getrusage

from benchmarks.measure import Rounds, Row, Samples, added, cost

_LINES = {
    "bare": "pass",
    "import netguard": "import netguard",
    "from netguard import Policy": "from netguard import Policy",
    "import netguard.asgi": "import netguard.asgi",
}
# Standard library that takes milliseconds, and that an app may do without.
_HEAVY = "asyncio email http.client http.server json logging multiprocessing socket sqlite3 ssl unittest xml".split()
_LOADED = f"""
import sys
before = set(sys.modules)
import netguard
for name in set(sys.modules) - before:
    root = name.partition(".")[0]
    if name in {_HEAVY!r} or (root != "netguard" and root not in sys.stdlib_module_names):
        print(name)
"""


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    measured = Rounds(_samples(max(rounds // 4, 5)))
    yield measured.row("bare interpreter", cost("bare"), "ms")
    yield measured.row("+ import netguard", added("import netguard"), "ms", bar=15)
    for line in ("from netguard import Policy", "import netguard.asgi"):
        yield measured.row(f"+ {line}", added(line), "ms")
    loaded = _output(_LOADED).split()
    yield Row(
        what="frameworks and heavy modules loaded by import netguard",
        value=len(loaded),
        unit="modules",
        bar=0,
        note=" ".join(sorted(loaded)),
    )


def _samples(rounds: int) -> Samples:
    samples: dict[str, list[float]] = {name: [] for name in _LINES}
    for line in _LINES.values():
        _output(line)  # compiled, and read into the page cache
    for _ in range(rounds):
        for name, line in _LINES.items():
            start = _children()
            _output(line)
            samples[name].append((_children() - start) * 1000)
    return samples


def _children() -> float:
    used = getrusage(RUSAGE_CHILDREN)  # seconds of CPU of the children that have ended
    return used.ru_utime + used.ru_stime


def _output(line: str) -> str:
    return subprocess.run([sys.executable, "-c", line], check=True, capture_output=True, text=True).stdout
