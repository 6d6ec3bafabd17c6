"""The page about dependencies in the docs: a line for each that pyproject.toml names, and for no other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]
PAGE = (ROOT / "docs" / "dependencies.md").read_text()
SECTIONS = {  # by the page's heading: the groups that it is about
    "The example apps (`make demo`)": {"demo"},
    "The checks (`make test`)": {"test", "lint", "docs", "dev"},
    "The benchmarks (`make bench`)": {"bench"},
}


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower()


def own(group: str) -> set[str]:
    """The packages that a group names itself, without those of the groups that it includes."""
    return {name_of(entry) for entry in GROUPS[group] if isinstance(entry, str)}


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables below a heading, without the tables' own headings."""
    _, found, text = PAGE.partition(f"\n## {heading}\n")
    assert found, heading
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[-1] != "What it is for" and not set(row[-1]) <= {"-"}]


def listed(rows: list[list[str]]) -> list[str]:
    return [name for row in rows for name in row[-2].split(", ")]


def test_the_dependencies_at_run_time_have_their_lines() -> None:
    without_extra = [row for row in rows("At run time") if len(row) == 2]
    assert sorted(listed(without_extra)) == sorted(map(name_of, PROJECT["project"]["dependencies"]))


def test_the_extras_have_their_lines() -> None:
    written: dict[str, list[str]] = {}
    extra = ""
    for row in rows("At run time"):
        if len(row) == 3:
            extra = row[0].strip("`") or extra
            written.setdefault(extra, []).append(row[1])
    extras: dict[str, Any] = PROJECT["project"]["optional-dependencies"]
    assert written == {name: [name_of(entry) for entry in of] for name, of in extras.items() if name != "all"}


def test_the_page_knows_every_group() -> None:
    assert set().union(*SECTIONS.values()) == set(GROUPS)


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_group_has_its_lines(heading: str) -> None:
    named = set().union(*(own(group) for group in SECTIONS[heading]))
    written = listed(rows(heading))
    assert len(written) == len(set(written)), "a package has two lines"
    again = own("demo") - named  # what a later section may say more about
    assert named <= set(written) <= named | again


def test_every_line_says_what_for() -> None:
    assert all(row[-1] for heading in ("At run time", *SECTIONS) for row in rows(heading))
