"""Every reason code of the library is explained in the docs, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULES = (
    "app|areas|body|cookies|core|counts|development|hosts|https|isolation|limits|lockout|origin|passwords|paths|policy|proxies|"
    "reports|roles|store|token"
)


def test_the_docs_explain_exactly_the_codes_that_the_source_has() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src" / "netguard").rglob("*.py"))
    codes = set(re.findall(rf'"((?:{RULES})\.[a-z]+(?:-[a-z]+)*)"', source))
    explained = set(re.findall(r"^### `([^`]+)`$", (ROOT / "docs" / "reasons.md").read_text(), re.M))
    assert codes
    assert codes == explained
