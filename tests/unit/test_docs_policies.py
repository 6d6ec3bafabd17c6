"""The pages about live policies, tenants and explaining in the docs: their code and commands do what they say."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import split

import pytest
from click.testing import CliRunner

from netguard import Policy
from netguard.cli.main import main
from netguard.wsgi import NetguardMiddleware
from scenarios import wsgi_driver
from scenarios.row import Answer, Ask, Row
from support.docs import blocks, run

RELOAD, TENANTS, EXPLAIN = "how-to/reload.md", "how-to/tenants.md", "how-to/explain.md"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the pages' files are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_deployment_reloads_or_keeps(folder: Path) -> None:
    (folder / "policy.toml").write_text('hosts = ["booking.example"]\n')
    (folder / "clubs.json").write_text('{"offices": ["192.0.2.0/24"]}')
    (folder / "blocked.txt").write_text("198.51.100.9\n")
    page = run(RELOAD, blocks(RELOAD), app=None)
    assert page["deployed"]() == "reloaded"
    (folder / "policy.toml").write_text("hosts = 3\n")
    assert page["deployed"]().startswith("kept: policy.toml: hosts: a list is meant")
    assert page["live"].policy.hosts == ("booking.example",)
    (folder / "clubs.json").write_text('{"offices": ["192.0.2.0/24", "203.0.113.0/24"]}')
    assert page["changing"].look()
    assert page["changing"].policy.areas[0].networks == ["192.0.2.0/24", "203.0.113.0/24"]


def test_code_counts_for_a_tenant() -> None:
    page = run(TENANTS, blocks(TENANTS))
    app = NetguardMiddleware(wsgi_driver._app(Answer(), []), page["policy"])
    ask = Ask(host="north.example", peer="203.0.113.7")
    assert wsgi_driver.exchanged(Row(id="", policy=page["policy"], ask=ask), app, []).status == 200
    assert page["hit"]("north.example", "203.0.113.7").left == 998
    assert list(page["limiters"]) == ["north.example"]


@pytest.mark.parametrize(
    ("path", "rate"), [("/clubs/a/x", 5), ("/clubs/b", 50), ("/clubs/c", None), ("/clubs", None), ("/", None)]
)
def test_clubs_by_path(path: str, rate: int | None) -> None:
    page = run(TENANTS, blocks(TENANTS))
    app = NetguardMiddleware(wsgi_driver._app(Answer(), []), page["by_path"])
    asks = [Row(id="", policy=Policy(), ask=Ask(target=path.encode())) for _ in range(6)]
    seen = [wsgi_driver.exchanged(row, app, []).status for row in asks]
    assert seen == [200] * 5 + [429 if rate == 5 else 200]


def test_tenants_of_the_pages_file(folder: Path) -> None:
    (text,) = blocks(TENANTS, "toml")
    (folder / "policy.toml").write_text(text)
    made = Policy.from_toml("policy.toml").tenants
    assert made
    (north,) = made.policies.values()
    assert (north.preset, north.limits[0].rate) == ("strict", "1000/minute")


def test_the_command_prints_what_the_page_shows(folder: Path) -> None:
    (text,) = blocks(EXPLAIN, "toml")
    (folder / "policy.toml").write_text(text)
    shown = [block for block in blocks(EXPLAIN, "console") if "\n" in block.strip()]
    assert len(shown) == 4
    for block in shown:
        command, _, output = block.partition("\n")
        done = CliRunner().invoke(main, split(command.removeprefix("$ netguard ")))
        assert done.output == output
        assert done.exit_code == bool(re.search(r"^  \w+ +refuse", output, re.M))


def test_code_asks_the_same() -> None:
    run(EXPLAIN, blocks(EXPLAIN))
