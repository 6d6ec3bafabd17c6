"""The ``netguard`` command, as a person at a terminal meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netguard.cli.main import main


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """A policy file."""
    file = tmp_path / "policy.toml"
    file.write_text('hosts = ["booking.example"]\nproxies = ["10.0.0.0/8"]\n')
    return str(file)


def run(*words: str) -> Result:
    """What the command prints and exits with."""
    return CliRunner().invoke(main, words)


def test_explain_tells_the_rule_that_refused(policy: str) -> None:
    done = run("explain", policy, "POST /login", "-H", "Origin: https://evil.example")
    assert done.exit_code == 1
    assert [line.split()[:2] for line in done.output.splitlines()[1:]] == [
        ["hosts", "pass"],
        ["https", "pass"],
        ["origin", "refuse"],
    ]
    assert "origin.foreign" in done.output


def test_explain_stops_at_the_rule_that_decided(policy: str) -> None:
    done = run("explain", policy, "GET /", "-H", "Host: evil.example", "--http")
    assert done.exit_code == 1
    assert "hosts.foreign" in done.output
    assert "origin" not in done.output


def test_explain_resolves_the_client_through_the_proxies(policy: str) -> None:
    done = run("explain", policy, "/", "--from", "10.0.0.1", "-H", "X-Forwarded-For: 198.51.100.7", "--http")
    assert done.exit_code == 1
    assert "from 198.51.100.7 over http" in done.output
    assert "https.redirect" in done.output


def test_explain_judges_a_websocket(policy: str) -> None:
    done = run("explain", policy, "GET /live", "--websocket", "-H", "Origin: https://evil.example")
    assert "origin.foreign" in done.output


def test_explain_takes_a_policy_by_name() -> None:
    assert run("explain", "starlette_booking.security:policy", "GET /").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["missing.toml", "GET /"], "cannot be read", id="no-file"),
        pytest.param(["json:dumps", "GET /"], "no Policy", id="no-policy"),
        pytest.param(["nowhere:policy", "GET /"], "cannot be imported", id="no-module"),
        pytest.param(["starlette_booking.security:policy", "GET /", "-H", "Host"], "Name: value", id="no-header"),
    ],
)
def test_a_mistake_is_one_line_without_a_traceback(words: list[str], said: str) -> None:
    done = run("explain", *words)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output
