"""The hashes that let inline scripts and styles run under a CSP without a nonce (CSP3, 6.7.3)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html.parser import HTMLParser
from typing import Final, Literal

Kind = Literal["script", "style", "event handler", "style attribute", "javascript: address"]

# What a browser runs or reads as a policy; any other type is a block of data (HTML, 4.12.1).
_RUN: Final = frozenset(
    "module importmap speculationrules application/ecmascript application/javascript application/x-ecmascript "
    "application/x-javascript text/ecmascript text/javascript text/javascript1.0 text/javascript1.1 "
    "text/javascript1.2 text/javascript1.3 text/javascript1.4 text/javascript1.5 text/jscript text/livescript "
    "text/x-ecmascript text/x-javascript".split()
)
_MENDS: Final = {
    "event handler": "move it to a script: element.addEventListener(...)",
    "style attribute": "move it to a class of a style sheet",
    "javascript: address": "make it a button with a listener",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inline:
    """Something inline in a page: at which line, its source for the CSP, or what to write instead of it."""

    line: int
    kind: Kind
    name: str  # of the element, or of the attribute
    source: str = ""  # "'sha256-...'"
    mend: str = ""


def source_of(content: bytes) -> str:
    """The source of a whole file, ``'sha256-...'``; without its quotes it is what ``integrity=`` takes."""
    return f"'sha256-{b64encode(sha256(content).digest()).decode('ascii')}'"


def inline(html: str) -> list[Inline]:
    """What is inline in a page, in its order: scripts and styles with their hashes, attributes with their mend.

    The text is hashed as a browser sees it, with line ends normalised (HTML, 13.2.3.5), in UTF-8. Templates must be
    rendered first: a hash fits one text.
    """
    page = _Page()
    page.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
    page.close()
    return page.found


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Inline] = []
        self._open: tuple[Literal["script", "style"], int] | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        for name, value in attrs:
            self._attribute(line, name, value or "")
        if tag == "style" or (tag == "script" and _runs(dict(attrs))):
            self._open = ("style" if tag == "style" else "script", line)
            self._text = []

    def handle_data(self, data: str) -> None:
        if self._open:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == self._open[0]:
            kind, line = self._open
            text = "".join(self._text)
            self._open = None
            if text:
                self.found.append(Inline(line=line, kind=kind, name=tag, source=source_of(text.encode())))

    def _attribute(self, line: int, name: str, value: str) -> None:
        kind: Kind | None = None
        if name.startswith("on") and len(name) > 2 and value:
            kind = "event handler"
        elif name == "style" and value:
            kind = "style attribute"
        elif name in {"href", "action", "formaction", "src"} and _squeezed(value).startswith("javascript:"):
            kind = "javascript: address"
        if kind:
            self.found.append(Inline(line=line, kind=kind, name=name, mend=_MENDS[kind]))


def _runs(attributes: dict[str, str | None]) -> bool:
    kind = (attributes.get("type") or "").strip().lower()
    return "src" not in attributes and (not kind or kind in _RUN)


def _squeezed(address: str) -> str:
    """An address as browsers read it: without controls and spaces in front, and line breaks and tabs within."""
    return "".join(char for char in address if char > " ").lower()
