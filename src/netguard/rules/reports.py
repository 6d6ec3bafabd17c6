"""The receiver of violation reports: reads what browsers POST, keeps the little that is known, answers 204."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from netguard.messages import Decision, NeedBody, Refusal, Request, Respond, Tally
from netguard.rules.paths import Exemptions
from netguard.rules.report_fields import Report, read_report

LIMIT: Final = 65_536  # bytes of a body
_MOST: Final = 20  # reports of one request

RECEIVED: Final = Refusal("reports", "reports.received", 204, "violation reports")
UNREADABLE: Final = Refusal("reports", "reports.unreadable", 400, "the body is no violation report")
WRONG_TYPE: Final = Refusal(
    "reports", "reports.type", 415, "reports are application/reports+json or application/csp-report"
)


class Receiver:
    """Takes ``POST`` to its paths, in every spelling; no other method and no other path.

    It comes after hosts and https and is exempt from the origin check, since browsers send reports from pages of any
    origin without credentials (Reporting API, 4.5); as the endpoint is of this origin, there is no CORS preflight.
    Anybody can send a report: nothing is decided by one. At most 64 KB and 20 reports a request are read.
    A rate limit stands before ``decide``.
    """

    __slots__ = ("_paths",)

    def __init__(self, paths: Sequence[str] = ()) -> None:
        self._paths = Exemptions("CSP.report_path", [f"POST {path}" for path in dict.fromkeys(paths)])

    def __bool__(self) -> bool:
        return bool(self._paths)

    def cover(self, request: Request) -> bool:
        """Whether the request is a delivery of reports; the paths are as browsers see them, root path included."""
        return request.method == "POST" and self._paths.cover(_from_origin(request))

    def decide(self, request: Request, notes: tuple[Refusal, ...]) -> Decision:
        """Ask for the body; the answer is 204, or a refusal of what cannot be read."""
        kind = (request.headers.get(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind not in (b"application/reports+json", b"application/csp-report"):
            return Respond(WRONG_TYPE, notes)
        return NeedBody(LIMIT, lambda body: _answer(kind, body, notes), lambda why: Respond(why, notes))


def _from_origin(request: Request) -> Request:
    if not request.root:
        return request
    path = request.root.rstrip("/") + request.path
    return Request(request.method, path, request.headers, target=request.target)


def _answer(kind: bytes, body: bytes, notes: tuple[Refusal, ...]) -> Respond:
    try:
        written = json.loads(body)
    except (ValueError, RecursionError):  # RecursionError: a body of brackets
        return Respond(UNREADABLE, notes)
    listed = _listed(kind, written)
    if listed is None:
        return Respond(UNREADABLE, notes)
    reports = [report for entry in listed[:_MOST] if (report := read_report(entry)) is not None]
    return Respond(RECEIVED, notes, (*_tallies(reports), *_dropped(len(listed) - len(reports))))


def _listed(kind: bytes, written: object) -> list[object] | None:
    if kind == b"application/csp-report":
        return [written] if isinstance(written, Mapping) and "csp-report" in written else None
    if isinstance(written, Mapping):  # as WebKit sends a single one
        return [written]
    return written if isinstance(written, list) else None


def _tallies(reports: Sequence[Report]) -> Iterator[Tally]:
    """One for each (directive, blocked origin), with the first report of it."""
    counts = Counter((report.kind, report.directive, report.blocked) for report in reports)
    first = {(report.kind, report.directive, report.blocked): report for report in reversed(reports)}
    for about, count in counts.items():
        report = first[about]
        detail = f"{report.directive} would not let {report.blocked or 'it'} through, on {report.document or '?'}"
        yield Tally(about, Refusal("reports", "reports.violation", 204, detail, (), False), count, report.fields())


def _dropped(count: int) -> Iterator[Tally]:
    if count:
        detail = f"reports that were not read: of an unknown kind, or past the first {_MOST} of a request"
        yield Tally(("dropped",), Refusal("reports", "reports.dropped", 204, detail, (), False), count, {})
