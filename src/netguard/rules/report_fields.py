"""What is kept of a violation report (CSP3, 5.3; Reporting API, 2.1): known fields, cut, without what URLs may hide."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

_TEXT: Final = 200  # characters of a sample
_URL_LENGTH: Final = 500
_DIRECTIVE: Final = re.compile(r"[a-z][a-z-]{0,47}\Z")
_WORD: Final = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_URL: Final = re.compile(r"(https?|wss?)://(?:[^/?#\\]*@)?([A-Za-z0-9.\[\]:_-]{1,255})([^?#]*)", re.I)
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31}):")

# Kind of report -> what stands for the directive, and where it may be in the body.
_KINDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "csp-violation": ("", ("effectiveDirective", "effective-directive", "violatedDirective", "violated-directive")),
    "coep": ("cross-origin-embedder-policy", ()),
    "coop": ("cross-origin-opener-policy", ()),
    "integrity-violation": ("integrity-policy", ()),
    "permissions-policy-violation": ("", ("featureId", "policyId")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One violation, scrubbed."""

    kind: str
    directive: str
    blocked: str  # an origin, a scheme such as "data:", or a word such as "inline"
    disposition: str  # "enforce" or "report"
    document: str  # a URL without query and fragment, as the next one
    source: str
    sample: str
    line: int
    column: int

    def fields(self) -> dict[str, str | int]:
        """What there is of it."""
        return {name: value for name, value in asdict(self).items() if value}


def read_report(entry: object) -> Report | None:
    """The report in one entry of a delivery, or None where it is of no known kind. Never raises."""
    if not isinstance(entry, Mapping):
        return None
    old = entry.get("csp-report")
    kind = "csp-violation" if isinstance(old, Mapping) else entry.get("type")
    body = old if isinstance(old, Mapping) else entry.get("body")
    if not isinstance(kind, str) or kind not in _KINDS or not isinstance(body, Mapping):
        return None
    directive = _directive(kind, body)
    return None if directive is None else _report(kind, directive, body, entry.get("url"))


def _report(kind: str, directive: str, body: Mapping[str, Any], page: object) -> Report:
    observed = body.get("disposition") in ("report", "reporting") or body.get("reportOnly") is True
    return Report(
        kind=kind,
        directive=directive,
        blocked=_blocked(_first(body, "blockedURL", "blocked-uri")),
        disposition="report" if observed else "enforce",
        document=_url(_first(body, "documentURL", "document-uri") or page),
        source=_url(_first(body, "sourceFile", "source-file")),
        sample=_text(_first(body, "sample", "script-sample"), _TEXT),
        line=_number(_first(body, "lineNumber", "line-number")),
        column=_number(_first(body, "columnNumber", "column-number")),
    )


def _directive(kind: str, body: Mapping[str, Any]) -> str | None:
    name, fields = _KINDS[kind]
    if name:
        return name
    words = _text(_first(body, *fields), _URL_LENGTH).split(None, 1)  # old browsers wrote the sources too
    return words[0] if words and _DIRECTIVE.match(words[0]) else None


def _first(body: Mapping[str, Any], *names: str) -> object:
    return next((body[name] for name in names if body.get(name)), None)


def _blocked(value: object) -> str:
    """The origin of what was blocked; its path may carry a secret, and nothing depends on it."""
    text = _text(value, _URL_LENGTH)
    found = _URL.match(text)
    if found:
        return f"{found[1]}://{found[2]}".lower()
    scheme = _SCHEME.match(text)
    if scheme:
        return f"{scheme[1]}:".lower()
    return text if _WORD.match(text) else ""


def _url(value: object) -> str:
    text = _text(value, _URL_LENGTH)
    found = _URL.match(text)
    return f"{found[1]}://{found[2]}{found[3]}" if found else _blocked(text)


def _text(value: object, most: int) -> str:
    return "".join(char if char.isprintable() else " " for char in value[:most]) if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000_000 else 0
