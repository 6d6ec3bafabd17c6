"""The result as a table for people and as JSON for whatever compares runs."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from benchmarks.measure import Row

_HEAD = ("", "value", "bar", "reached", "spread", "")
_REACHED = {True: "yes", False: "NO", None: ""}
_DIGITS = {"µs": 2, "ms": 1, "x": 2, "%": 1, "entries": 0, "modules": 0, "bytes": 0, "calls": 2}

Result = Mapping[str, Sequence[Row]]


def table(result: Result) -> Iterator[str]:
    """Aligned lines: a heading for each subject, its rows below."""
    cells = {subject: [_cells(row) for row in rows] for subject, rows in result.items()}
    everything = [_HEAD, *(line for lines in cells.values() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*everything, strict=True)]
    yield _line(_HEAD, widths)
    for subject, lines in cells.items():
        yield ""
        yield subject
        yield from (_line(line, widths) for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    unit, digits = row.unit, _DIGITS[row.unit]
    spread = "" if row.low is None or row.high is None else f"{row.low:,.{digits}f} to {row.high:,.{digits}f}"
    bar = "" if row.bar is None else f"{row.bar:,.{digits}f} {unit}"
    return f"  {row.what}", f"{row.value:,.{digits}f} {unit}", bar, _REACHED[row.reached], spread, row.note


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *middle, note = cells
    aligned = (cell.rjust(width) for cell, width in zip(middle, widths[1:-1], strict=True))
    return "  ".join((first.ljust(widths[0]), *aligned, note)).rstrip()


def missed(result: Result) -> list[str]:
    """The rows over their bar."""
    return [f"{subject}: {row.what}" for subject, rows in result.items() for row in rows if row.reached is False]


def document(result: Result, rounds: int) -> dict[str, Any]:
    """Everything that another run needs to be compared with this one."""
    return {
        "commit": commit(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": {"system": platform.system(), "architecture": platform.machine(), "cpus": os.cpu_count()},
        "rounds": rounds,
        "versions": {one.metadata["Name"]: one.version for one in _sorted_distributions()},
        "subjects": {name: [{**asdict(row), "reached": row.reached} for row in rows] for name, rows in result.items()},
    }


def _sorted_distributions() -> list[Any]:
    return sorted(distributions(), key=lambda one: one.metadata["Name"].lower())


def commit() -> str | None:
    """The checkout's commit, marked where files differ from it; None outside of one."""
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "--short", "HEAD").strip()
        return commit + ("+" if _git(here, "status", "--porcelain", "--", "../src") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(where: Path, *arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=where, check=True, capture_output=True, text=True)
    return run.stdout
