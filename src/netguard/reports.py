"""A sink that keeps what browsers reported, as JSON lines, and their reading; ``netguard csp-learn`` starts from it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from netguard.events import SecurityEvent


class ReportLog:
    """Append each told violation to the file at ``path``: ``Policy(events=[ReportLog("csp.jsonl")])``.

    A line is the scrubbed report with ``count``, how often it came so far in this process. The file is readable by its
    owner only, and past ``limit`` bytes nothing is added: anybody can send reports.
    """

    def __init__(self, path: str | os.PathLike[str], limit: int = 10_000_000) -> None:
        self._path = Path(path)
        self._limit = limit  # bytes

    def __call__(self, event: SecurityEvent) -> None:
        """Write the event if it is a report; one write, so that processes do not mix their lines."""
        if not event.report:
            return
        line = json.dumps({"at": round(event.at, 3), "count": event.count, **event.report}) + "\n"
        with open(self._path, "a", encoding="ascii", opener=_private) as file:
            if file.tell() + len(line) <= self._limit:
                file.write(line)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read_lines(lines: Iterable[str]) -> Iterator[Mapping[str, object]]:
    """The reports in these lines; what is none, as a line cut short, is passed over."""
    for line in lines:
        try:
            report = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(report, dict):
            yield report
