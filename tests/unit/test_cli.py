"""The ``netguard`` command, as a person at a terminal meets it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from starlette.testclient import TestClient

from netguard import CSP, Headers, Policy, asgi
from netguard.cli.main import main
from netguard.reports import ReportLog


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


@pytest.mark.parametrize(
    ("line", "last"),
    [
        pytest.param("POST /desk", ["token", "refuse"], id="a-token-that-refuses"),
        pytest.param("POST /csp", ["origin", "pass"], id="a-report"),
        pytest.param("GET /desk", ["roles", "ask"], id="to-the-end"),
    ],
)
def test_explain_asks_nothing_that_nobody_would_ask(tmp_path: Path, line: str, last: list[str]) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(f"""hosts = ["booking.example"]
secrets = ["{"of this test " * 3}"]
areas = [{{path = "/*", require = "staff"}}]
limits = [{{rate = "5/hour", name = "all"}}]
origin = {{token = true}}
[headers.csp]
report_path = "/csp"
""")
    words = run("explain", str(file), line, "-H", "Content-Type: application/json").output.splitlines()[-1].split()
    assert words[:2] == last, words


def test_explain_joins_a_header_that_is_repeated(policy: str) -> None:
    claims = ("-H", "X-Forwarded-For: 198.51.100.7", "-H", "x-forwarded-for: 10.0.0.2")
    assert "from 198.51.100.7 over" in run("explain", policy, "/", "--from", "10.0.0.1", *claims).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["POST"], "'POST /login'", id="no-path"),
        pytest.param([""], "'POST /login'", id="nothing"),
        pytest.param(["/admin GET"], "'POST /login'", id="turned-round"),
        pytest.param(["GET /admin HTTP/1.1"], "'POST /login'", id="a-whole-line"),
        pytest.param(["/", "--from", "office"], "'office' is no address", id="no-address"),
        pytest.param(["/", "-H", "X-Name: \u2713"], "Latin-1", id="a-value-that-no-header-has"),
        pytest.param(["/", "-H", "X-\u2713: name"], "Latin-1", id="a-name-that-no-header-has"),
    ],
)
def test_explain_takes_no_mistake_for_a_refusal(policy: str, words: list[str], said: str) -> None:
    done = run("explain", policy, *words)
    assert (done.exit_code, said in done.output) == (2, True)


def test_explain_tells_of_networks_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('hosts = ["booking.example"]\n[[areas]]\npath = "/x"\nnetworks = ["file:nowhere.txt"]\n')
    done = run("explain", str(file), "/")
    assert (done.exit_code, "nowhere.txt: the file cannot be read" in done.output) == (2, True)


def test_explain_takes_a_policy_by_name() -> None:
    assert run("explain", "starlette_booking.security:policy", "GET /").exit_code == 0


AREAS = """
hosts = ["booking.example", "north.example"]
[[areas]]
path = "/admin/*"
networks = ["10.8.0.0/16"]
require = ["staff", "group:office"]
[[areas]]
path = "/desk"
deny = ["10.0.0.0/8"]
mode = "report"
[tenants.policies."north.example"]
[[tenants.policies."north.example".areas]]
path = "/admin/*"
networks = "private"
"""


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        pytest.param(["GET /admin/x", "--from", "10.8.0.1"], ["areas pass area /admin/*"], 0, id="area"),
        pytest.param(["GET /admin/x", "--from", "10.8.0.1"],
                     ["roles ask area /admin/* needs: staff and group office"], 0, id="roles"),
        pytest.param(["GET /admin/x"], ["areas refuse areas.outside area /admin/*: 203.0.113.7 is in none"], 1,
                     id="outside"),
        pytest.param(["GET /desk", "--from", "10.8.0.1"], ["areas report areas.denied area /desk"], 0, id="report"),
        pytest.param(["GET /"], ["areas pass in no area", "tenants pass the outer policy"], 0, id="no-area"),
        pytest.param(["GET //admin"], ["paths refuse paths.ambiguous b'//admin' may mean '/admin'"], 1, id="path"),
        pytest.param(["GET /admin", "-H", "Host: north.example", "--from", "192.168.0.1"],
                     ["tenants pass tenant north.example", "areas pass area /admin/*"], 0, id="tenant"),
        pytest.param(["GET /admin", "--websocket"], ["areas refuse areas.outside"], 1, id="websocket"),
    ],
)  # fmt: skip
def test_explain_tells_of_areas(tmp_path: Path, words: list[str], said: list[str], status: int) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(AREAS)
    done = run("explain", str(file), *words)
    told = [" ".join(line.split()) for line in done.output.splitlines()]
    assert done.exit_code == status
    for line in said:
        assert any(one.startswith(line) for one in told), told


def test_explain_takes_a_live_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policy.toml").write_text(AREAS)
    (tmp_path / "of_the_site.py").write_text("import netguard\nlive = netguard.LivePolicy('policy.toml', every=0)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert "areas.outside" in run("explain", "of_the_site:live", "GET /admin/x").output


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


PAGE = """<script>go()</script>
<style>p {}</style>
<p onclick="go()">x</p>
"""


def test_csp_hash_prints_a_source_for_each_inline_element_and_names_what_has_none(tmp_path: Path) -> None:
    page, script = tmp_path / "page.html", tmp_path / "app.js"
    page.write_text(PAGE)
    script.write_text("go()")
    done = run("csp-hash", str(page), str(script))
    go = "'sha256-" + base64.b64encode(hashlib.sha256(b"go()").digest()).decode() + "'"
    lines = done.output.splitlines()
    assert lines[0] == f"{page}:1: script-src {go}"
    assert lines[1].startswith(f"{page}:2: style-src 'sha256-")
    assert lines[2].startswith(f"{page}:3: event handler onclick: ")
    assert lines[3] == f"{script}: {go}"
    assert done.exit_code == 1
    assert run("csp-hash", str(script)).exit_code == 0


def test_csp_learn_proposes_what_the_reports_ask_for(tmp_path: Path, policy: str) -> None:
    log = ReportLog(tmp_path / "reports.jsonl")
    receiver = Policy(hosts=["booking.example"], headers=Headers(csp=CSP(report_path="/csp")), events=[log])
    report = {
        "csp-report": {
            "document-uri": "https://booking.example/",
            "effective-directive": "img-src",
            "blocked-uri": "https://cdn.example/a.png?token=1",
        }
    }
    site = TestClient(asgi.NetguardMiddleware(_no_app, receiver), base_url="https://booking.example")
    sent = site.post("/csp", content=json.dumps(report), headers={"Content-Type": "application/csp-report"})
    assert sent.status_code == 204
    done = run("csp-learn", str(tmp_path / "reports.jsonl"), "--policy", policy)
    assert 'img_src=[SELF, "https://cdn.example"]' in done.output
    assert "token" not in (tmp_path / "reports.jsonl").read_text()
    toml = run("csp-learn", str(tmp_path / "reports.jsonl"), "--toml").output
    (tmp_path / "learnt.toml").write_text(toml)
    learnt = Policy.from_toml(tmp_path / "learnt.toml")
    assert learnt.headers
    assert isinstance(learnt.headers.csp, CSP)
    assert list(learnt.headers.csp.img_src or []) == ["'self'", "https://cdn.example"]


async def _no_app(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("reports never reach the app")
