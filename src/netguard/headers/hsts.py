"""Strict-Transport-Security (RFC 6797)."""

from __future__ import annotations

from netguard.checks import one_of, section, whole
from netguard.errors import ConfigError

_YEAR = 31_536_000  # seconds; what hstspreload.org asks for


@section
class HSTS:
    """Tell browsers to use https for ``max_age`` seconds (RFC 6797, 6.1); sent over https only, never for an IP host.

    ``max_age=0`` takes an earlier promise back. ``preload=True`` states consent to the browsers' built-in lists; it
    asks for at least a year and ``include_subdomains``, which is checked.
    """

    max_age: int = 63_072_000  # seconds: two years
    include_subdomains: bool = True
    preload: bool = False

    def __post_init__(self) -> None:
        whole("HSTS.max_age", self.max_age, 0, 10 * _YEAR)
        one_of("HSTS.include_subdomains", self.include_subdomains, (True, False))
        one_of("HSTS.preload", self.preload, (True, False))
        if self.preload and (self.max_age < _YEAR or not self.include_subdomains):
            raise ConfigError(f"HSTS.preload: needs max_age >= {_YEAR} and include_subdomains=True to be accepted")

    def value(self) -> str:
        """The header's value."""
        flags = ("; includeSubDomains" if self.include_subdomains else "") + ("; preload" if self.preload else "")
        return f"max-age={self.max_age}{flags}"
