"""A route's own headers: what it replaces in the policy's, and what it appends to the CSP."""

from __future__ import annotations

from dataclasses import replace

from netguard.errors import ConfigError
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.presets import NOTHING


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
        self._headers = headers
        self._append = append

    def over(self, base: Headers | None) -> Headers:
        """The policy's headers as this route sends them."""
        merged = (self._headers or Headers()).over(base or NOTHING)
        if self._append is None:
            return merged
        if not merged.csp:
            raise ConfigError("override: there is no CSP to append to: the policy or the route must have one")
        return replace(merged, csp=merged.csp.appended(self._append))
