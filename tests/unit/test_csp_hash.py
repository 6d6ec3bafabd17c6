"""The hashes of what is inline in a page, as a browser computes them."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard import CSP
from netguard.hashes import Inline, inline, source_of


def digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


# page -> (line, kind, what is hashed), or no text where it is to be rewritten
PAGES: dict[str, tuple[str, list[tuple[int, str, str | None]]]] = {
    "script": ("<p>\n<script>go()</script>", [(2, "script", "go()")]),
    "style": ("<style>p { color: red }</style>", [(1, "style", "p { color: red }")]),
    "white-space-counts": ("<script> go() \n</script>", [(1, "script", " go() \n")]),
    "line-ends-as-browsers-see-them": ("<script>a\r\nb\rc</script>", [(1, "script", "a\nb\nc")]),
    "no-entities-in-scripts": ("<script>a &amp;&lt; b</script>", [(1, "script", "a &amp;&lt; b")]),
    "umlauts": ("<script>'\xe4'</script>", [(1, "script", "'\xe4'")]),
    "module": ('<script type="module">go()</script>', [(1, "script", "go()")]),
    "import-map": ('<script type="importmap">{}</script>', [(1, "script", "{}")]),
    "data-block": ('<script type="application/json">{}</script>', []),
    "with-src": ('<script src="/a.js">ignored</script>', []),
    "empty": ("<script></script><style></style>", []),
    "capitals": ("<SCRIPT>go()</SCRIPT>", [(1, "script", "go()")]),
    "two": ("<script>a</script>\n\n<script>b</script>", [(1, "script", "a"), (3, "script", "b")]),
    "tags-in-a-script": ("<script>'<b onclick=x>'</script>", [(1, "script", "'<b onclick=x>'")]),
    "handler": ('<p>\n<button onclick="go()">', [(2, "event handler", None)]),
    "style-attribute": ('<p style="color: red">', [(1, "style attribute", None)]),
    "javascript-address": ('<a href=" java\nscript:go()">', [(1, "javascript: address", None)]),
    "handler-and-script": ('<body onload="a"><script>b</script>', [(1, "event handler", None), (1, "script", "b")]),
    "on-alone": ("<p on=x one>", []),
}


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str) -> None:
    page, expected = PAGES[name]
    assert [(one.line, one.kind, one.source) for one in inline(page)] == [
        (line, kind, "" if text is None else digest(text)) for line, kind, text in expected
    ]


def test_a_rewrite_is_named_with_its_mend() -> None:
    assert inline("<p onclick=go()>") == [
        Inline(line=1, kind="event handler", name="onclick", mend="move it to a script: element.addEventListener(...)")
    ]


@given(st.text())
def test_any_text_is_read_and_every_source_is_one(text: str) -> None:
    for one in [*inline(text), *inline(f"<script>{text}")]:
        if one.source:
            CSP(script_src=[one.source])


@given(st.binary())
def test_a_file_s_source_is_one(content: bytes) -> None:
    assert CSP(script_src=[source_of(content)]).given()
