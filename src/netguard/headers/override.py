"""A route's own headers: what it replaces in the policy's, and what it appends to the CSP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netguard.errors import ConfigError
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.presets import NOTHING
from netguard.headers.sources import NONE


class Override:
    """Headers that replace the policy's and CSP sources that are added to it, for the responses of one route.

    Made once and applied often: the compiled result is remembered for each object.
    """

    __slots__ = ("_append", "_headers")

    def __init__(self, headers: Headers | None = None, append: CSP | None = None) -> None:
        if not isinstance(headers, Headers | None):
            raise ConfigError(f"override: headers are Headers(...), not {headers!r}")
        if not isinstance(append, CSP | None):
            raise ConfigError(f"override: append is CSP(...), not {append!r}")
        if (headers and headers.report_paths()) or (append and isinstance(append.report_path, str)):
            raise ConfigError("override: report_path: the receiver is the policy's: write report_to or report_uri here")
        for name, more in (append.written() if append else {}).items():
            if more is False or (not isinstance(more, bool | str) and NONE in more):
                raise ConfigError(f"override: append adds sources, it takes none away: write {name} in headers=")
        self._headers = headers
        self._append = append

    def over(self, base: Headers | None) -> Headers:
        """The policy's headers as this route sends them."""
        merged = (self._headers or Headers()).over(base or NOTHING)
        if self._append is None:
            return merged
        appended: dict[str, Any] = {
            name: csp.appended(self._append)
            for name, csp in (("csp", merged.csp), ("csp_report_only", merged.csp_report_only))
            if isinstance(csp, CSP)
        }
        if not appended:
            raise ConfigError("override: there is no CSP to append to: the policy or the route must have one")
        return replace(merged, **appended)
