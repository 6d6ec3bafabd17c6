"""Fields of a body that was read whole: forms, multipart and JSON, read so strictly that no app reads them otherwise.

What two parsers could read in two ways is ``Unreadable``: an app would see another name than the one that was counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

from netguard.errors import Unreadable

_FIELDS: Final = 1000  # more than any form has
_UTF8: Final = frozenset({b"", b"utf-8", b"utf8"})
_PLAIN: Final = frozenset({b"", b"7bit", b"8bit", b"binary"})
_PARAMETER: Final = re.compile(rb';[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";,]+))[ \t]*')
_URLENCODED: Final = b"application/x-www-form-urlencoded"
_MULTIPART: Final = b"multipart/form-data"
_WIDEST_BOUNDARY: Final = 70  # bytes (RFC 2046, 5.1.1)

Pairs = list[tuple[str, bytes | None]]  # None: a file to some parsers, a field to others


class Body:
    """A request body with the Content-Type that it came with; parsed when the first field is asked for."""

    __slots__ = ("_content_type", "_form", "_json", "raw")

    def __init__(self, raw: bytes, content_type: bytes | None) -> None:
        self.raw = raw
        self._content_type = content_type or b""
        self._form: Pairs | None = None
        self._json: Any = None

    def form(self, name: str) -> str | None:
        """The field of a form (WHATWG URL, 5; RFC 7578); None where it is missing. Raises Unreadable."""
        if self._form is None:
            self._form = list(_form(self.raw, self._content_type))
        found = [value for key, value in self._form if key == name]
        if len(found) > 1:
            raise Unreadable(f"the form has {len(found)} fields {name!r}")
        if not found:
            return None
        if found[0] is None:
            raise Unreadable(f"{name!r} is a file without a name")
        return found[0].decode("utf-8", "replace")

    def json(self, *path: str, strict: bool = False) -> str | None:
        """A string at a path of members (RFC 8259); None where it is missing or no string. Raises Unreadable.

        ``strict`` raises for what is there and no string: an app may make text of it.
        """
        if self._json is None:
            self._json = _json(self.raw, self._content_type)
        value = self._json
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if strict and value is not None and not isinstance(value, str):
            raise Unreadable(f"{'.'.join(path)} is no string")
        return value if isinstance(value, str) else None


def is_form(content_type: bytes | None) -> bool:
    """Whether a body of this Content-Type may have a form's fields."""
    return (content_type or b"").partition(b";")[0].strip().lower() in (_URLENCODED, _MULTIPART)


def _form(raw: bytes, content_type: bytes) -> Iterator[tuple[str, bytes | None]]:
    kind, options = _options(content_type)
    if kind == _URLENCODED:
        return _urlencoded(raw, options)
    if kind == _MULTIPART:
        return _multipart(raw, options)
    if b"," in kind or b"form" in kind:  # two fields in one, or a spelling that some parser may take for a form
        raise Unreadable(f"the Content-Type {content_type[:100]!r} is no form's")
    return iter(())


def _options(value: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A field's first word in lower case, and its parameters; each may be there once (RFC 9110, 5.6.6)."""
    word, semicolon, _ = value.partition(b";")
    options: dict[bytes, bytes] = {}
    at = len(word)
    while semicolon and at < len(value):
        match = _PARAMETER.match(value, at)
        if match is None:
            if not value[at:].strip(b" \t;"):
                break
            raise Unreadable(f"the parameters of {value[:100]!r} cannot be read")
        name = match[1].lower()
        if name in options:
            raise Unreadable(f"{value[:100]!r} has two parameters {name!r}")
        options[name] = match[3] if match[2] is None else match[2]
        at = match.end()
    return word.strip().lower(), options


def _check_charset(options: dict[bytes, bytes]) -> None:
    if options.get(b"charset", b"").lower() not in _UTF8:
        raise Unreadable(f"a form in {options[b'charset'][:40]!r}: only UTF-8 is read")


def _urlencoded(raw: bytes, options: dict[bytes, bytes]) -> Iterator[tuple[str, bytes | None]]:
    _check_charset(options)
    if b";" in raw or not raw.isascii():  # some parsers end a field there, or read latin-1; browsers escape both
        raise Unreadable("a semicolon or a byte above 127 in a form that is not percent-encoded")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS, encoding="latin-1")
    except ValueError as error:
        raise Unreadable("a form with too many fields") from error
    for name, value in pairs:
        yield name.encode("latin-1").decode("utf-8", "replace").strip(), value.encode("latin-1")


def _multipart(raw: bytes, options: dict[bytes, bytes]) -> Iterator[tuple[str, bytes | None]]:
    _check_charset(options)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= _WIDEST_BOUNDARY or b"\\" in boundary:
        raise Unreadable("a multipart body without a boundary that can be read")
    before, *parts = raw.split(b"--" + boundary)
    if before.strip(b"\r\n") or not parts or parts[-1] not in (b"--", b"--\r\n") or len(parts) > _FIELDS:
        raise Unreadable("a multipart body that is not well-formed from end to end")
    for part in parts[:-1]:
        name, value = _part(part)
        if name is not None:
            yield name, value


def _part(part: bytes) -> tuple[str | None, bytes | None]:
    """The name and content of what lies between two boundaries; no name where it is a file, no content if it may be."""
    head, blank, value = part[2:].partition(b"\r\n\r\n")
    if not (part.startswith(b"\r\n") and blank and value.endswith(b"\r\n")) or b"\n" in head.replace(b"\r\n", b""):
        raise Unreadable("a part without its line ends")
    fields: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n"):
        name, colon, text = line.partition(b":")
        if not colon or not name or name != name.strip() or name.lower() in fields or b"\r" in line:
            raise Unreadable("a part whose fields cannot be read")
        fields[name.lower()] = text.strip()
    named, is_field = _name(fields)
    return named, value[:-2] if is_field else None


def _name(fields: dict[bytes, bytes]) -> tuple[str | None, bool]:
    """The name, none of a file, and whether all parsers take it for a field."""
    word, options = _options(fields.get(b"content-disposition", b""))
    if word != b"form-data" or b"name" not in options or b"name*" in options or b"\\" in options[b"name"]:
        raise Unreadable("a part without a name that can be read")
    if fields.get(b"content-transfer-encoding", b"").lower() not in _PLAIN:
        raise Unreadable("an encoded part (RFC 7578, 4.7)")
    _check_charset(_options(fields.get(b"content-type", b""))[1])
    if options.get(b"filename") and b"filename*" not in options:
        return None, False
    name = options[b"name"].decode("utf-8", "replace").strip()
    return name, not options.keys() & {b"filename", b"filename*"}  # Django reads a file without a name as a field


def _json(raw: bytes, content_type: bytes) -> object:
    try:
        return json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        if b"json" in content_type.lower() or raw.lstrip()[:1] in (b"{", b"["):
            raise Unreadable("a JSON body that cannot be read") from error
        return ()  # no JSON, and nobody said that it was


def _once(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        raise Unreadable("a JSON object with a member twice (RFC 8259, 4)")
    return found
