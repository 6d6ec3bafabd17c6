"""The documentation's own code, run as a reader would type it in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str = "python", section: str = "") -> list[str]:
    """The fenced blocks of a page in one language, of the whole page or of what follows a ``##`` heading."""
    text = (DOCS / page).read_text()
    if section:
        text = re.split(r"^## ", text.split(f"\n## {section}\n")[1], flags=re.M)[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def run(page: str, code: list[str], **names: Any) -> dict[str, Any]:
    """What the names of a page mean once its blocks ran in order, beginning with these."""
    module: dict[str, Any] = {"__name__": "shop", **names}
    for block in code:
        exec(compile(block, str(DOCS / page), "exec"), module)  # noqa: S102  # the docs' own code
    return module
