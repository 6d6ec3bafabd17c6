"""The page about areas in the docs: its code runs in order, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from netguard import Policy
from netguard.explanation import asked, explain
from support.docs import DOCS, blocks, run

PAGE = "how-to/areas.md"
SITE = "https://booking.example"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the names of the page mean after its last block."""
    return run(PAGE, blocks(PAGE))


def decided(policy: Policy, path: str, peer: str) -> str | None:
    return explain(policy, asked(policy, f"GET {path}", {"Host": "booking.example"}, peer=peer)).decided_by


@pytest.mark.parametrize("name", ["app", "site", "api"])
def test_only_the_secretary_opens_the_desk(page: dict[str, Any], name: str) -> None:
    client: Any = page[name].test_client() if name == "app" else TestClient(page[name])
    keys = [None, "a key of Bob's", "a key of Ann's"]
    asked_by = [client.get(f"{SITE}/desk", headers={"X-API-Key": key} if key else {}) for key in keys]
    assert [answer.status_code for answer in asked_by] == [403, 403, 200]


@pytest.mark.parametrize(
    ("path", "peer", "code"),
    [
        ("/admin/x", "10.0.0.1", None),
        ("/admin/x", "192.0.2.7", "areas.outside"),
        ("/admin/health", "192.0.2.7", None),
        ("/admin/health", "10.0.0.1", "areas.outside"),
        ("/courts", "198.51.100.7", "areas.denied"),
        ("/courts", "192.0.2.7", None),
    ],
)
def test_the_most_specific_one_decides(page: dict[str, Any], path: str, peer: str, code: str | None) -> None:
    assert decided(page["nested"], path, peer) == code


def test_the_table_of_spellings(page: dict[str, Any]) -> None:
    (table,) = re.findall(r"^\| Path \| With.*?\n\n", (DOCS / PAGE).read_text(), re.M | re.S)
    rows = [line.split(" | ") for line in table.splitlines()[2:] if line]
    assert len(rows) == 4
    for paths, said in rows:
        wanted = "paths.ambiguous" if "400" in said else "areas.outside" if "decides" in said else None
        for path in re.findall(r"`([^`]+)`", paths):
            assert decided(page["policy"], path, "203.0.113.7") == wanted, path


def test_the_file_of_the_page(page: dict[str, Any], tmp_path: Path) -> None:
    (text,) = blocks(PAGE, "toml")
    (tmp_path / "policy.toml").write_text(text)
    areas = Policy.from_toml(tmp_path / "policy.toml").areas
    assert [(area.path, area.networks, list(map(str, area.roles))) for area in areas] == [
        (area.path, area.networks, list(map(str, area.roles))) for area in page["policy"].areas
    ]


def test_every_rule_of_the_table_has_its_mode() -> None:
    from netguard import HTTPS, Area, Lockout, Origin, RateLimit, form, reported

    Policy(hosts_mode="report", paths_mode="report", https=HTTPS(mode="report"), origin=Origin(mode="report"))
    Policy(areas=[Area("/x", deny=["192.0.2.1"], mode="report")], limits=[RateLimit("1/hour", mode="report")])
    Lockout(on="POST /login", username=form("name"), success=reported(), mode="report", distinct_mode="report")
