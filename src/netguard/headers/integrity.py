"""Integrity-Policy (W3C Subresource Integrity, 3.5): no script or style without the hash of what it must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from netguard import structured
from netguard.checks import listing, one_of, section
from netguard.errors import ConfigError
from netguard.headers.reporting import check_name
from netguard.structured import InnerList, Token

_DESTINATIONS: Final = ("script", "style")
_SOURCES: Final = ("inline",)


@section
class IntegrityPolicy:
    """Block what is loaded without an ``integrity`` attribute, for each of ``blocked_destinations``.

    ``sources`` says where the hash must stand; ``"inline"``, in the element, is the only place so far and the default.
    ``endpoints`` names entries of ``Headers.reporting_endpoints``; left out, ``Headers.report_to`` is taken.
    """

    blocked_destinations: Sequence[Literal["script", "style"]] = ("script",)
    sources: Sequence[Literal["inline"]] = ()
    endpoints: Sequence[str] = ()

    def __post_init__(self) -> None:
        destinations = listing("IntegrityPolicy.blocked_destinations", self.blocked_destinations, str)
        if not destinations:
            raise ConfigError("IntegrityPolicy.blocked_destinations: blocks nothing: name 'script' or 'style'")
        for destination in destinations:
            one_of("IntegrityPolicy.blocked_destinations", destination, _DESTINATIONS)
        for source in listing("IntegrityPolicy.sources", self.sources, str):
            one_of("IntegrityPolicy.sources", source, _SOURCES)
        for name in listing("IntegrityPolicy.endpoints", self.endpoints, str):
            check_name("IntegrityPolicy.endpoints", name)

    def value(self, report_to: str | None = None) -> str:
        """The header's value, a dictionary of inner lists of tokens."""
        endpoints = tuple(self.endpoints) or ((report_to,) if report_to else ())
        members = {"blocked-destinations": self.blocked_destinations, "sources": self.sources, "endpoints": endpoints}
        return structured.dictionary({key: InnerList(map(Token, words)) for key, words in members.items() if words})
