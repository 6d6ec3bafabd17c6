"""Fields of a request body that was read whole: forms, multipart and JSON. Nothing here raises on any bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl

_FIELDS: Final = 1000  # more than any form has; what lies behind is not looked at


def fields(body: bytes, content_type: bytes | None) -> list[tuple[str, str]] | None:
    """The text fields of a form, in order, files left out; None where the body is no form or is broken."""
    kind, _, parameters = (content_type or b"").partition(b";")
    match kind.strip().lower():
        case b"application/x-www-form-urlencoded":
            return _urlencoded(body)
        case b"multipart/form-data":
            return _multipart(body, parameters)
        case _:
            return None


def _urlencoded(body: bytes) -> list[tuple[str, str]] | None:
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return None


def _multipart(body: bytes, parameters: bytes) -> list[tuple[str, str]] | None:
    from werkzeug.http import parse_options_header

    _, options = parse_options_header(f"x;{parameters.decode('latin-1')}")
    boundary = options.get("boundary", "")
    try:
        return list(_parts(body, boundary.encode("latin-1"))) if boundary else None
    except ValueError:  # also what werkzeug's own errors derive from
        return None


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, str]]:
    from werkzeug.sansio.multipart import Data, Epilogue, Field, MultipartDecoder

    decoder = MultipartDecoder(boundary, max_parts=_FIELDS)
    decoder.receive_data(body)
    decoder.receive_data(None)
    name: str | None = None
    value = bytearray()
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Data):
            value += event.data
            if not event.more_data and name is not None:
                yield name, value.decode("utf-8", "replace")
        else:
            name, value = (event.name if isinstance(event, Field) else None), bytearray()
