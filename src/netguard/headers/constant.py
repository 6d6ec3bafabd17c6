"""The headers that say the same on every response: all but the CSPs and HSTS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from netguard.headers import CHOICES, Headers
from netguard.headers.integrity import IntegrityPolicy
from netguard.headers.permissions import permissions_policy
from netguard.headers.reporting import reporting_endpoints
from netguard.structured import Item, Token, item

_REPORTING: Final = frozenset(
    f"cross_origin_{who}_policy{form}" for who in ("opener", "embedder") for form in ("", "_report_only")
)


def constant(headers: Headers) -> Iterator[tuple[bytes, bytes]]:
    """Each header's name and value, in a fixed order."""
    report_to = headers.report_to if isinstance(headers.report_to, str) else None
    for name, value in _values(headers, report_to):
        if value:
            yield name.replace("_", "-").lower().encode(), value.encode()


def _values(headers: Headers, report_to: str | None) -> Iterator[tuple[str, str]]:
    for name in CHOICES:
        value = getattr(headers, name)
        if isinstance(value, str):
            named = report_to is not None and name in _REPORTING
            yield name, item(Item(Token(value), {"report-to": report_to or ""})) if named else value
    for form in ("", "_report_only"):
        features = getattr(headers, f"permissions_policy{form}")
        if isinstance(features, Mapping):
            yield f"permissions_policy{form}", permissions_policy(features, report_to)
        integrity = getattr(headers, f"integrity_policy{form}")
        if isinstance(integrity, IntegrityPolicy):
            yield f"integrity_policy{form}", integrity.value(report_to)
    yield "reporting_endpoints", reporting_endpoints(endpoints(headers))
    if isinstance(headers.cache_control, str):
        yield "cache_control", headers.cache_control
    yield from headers.extra.items()


def endpoints(headers: Headers) -> Mapping[str, str]:
    """Every endpoint that the headers define: their own, and the receiver's."""
    named = dict(headers.reporting_endpoints) if isinstance(headers.reporting_endpoints, Mapping) else {}
    for csp in headers.policies():
        named.update(csp.endpoint())
    return named
