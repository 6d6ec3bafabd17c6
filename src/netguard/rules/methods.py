"""The methods that a request may be run as: some frameworks take one from a header in place of the request's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netguard.messages import Request

_OVERRIDES: Final = (b"x-http-method-override", b"x-http-method", b"x-method-override")


def methods(request: Request) -> tuple[str, ...]:
    """The request's own method first, then those that headers name."""
    found = [value for name in _OVERRIDES if (value := request.headers.get(name))]
    return (request.method, *_named(found)) if found else (request.method,)


def _named(values: list[bytes]) -> Iterator[str]:
    for value in values:
        written = value.decode("latin-1").upper()
        yield written.strip()
        yield written.partition(",")[0].strip()  # of a field that was sent twice, the one that is read
        yield written.rpartition(",")[2].strip()
