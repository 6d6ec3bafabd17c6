"""What a policy says of request tokens: its secrets, what it costs where there are none, and what explain tells."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from netguard import ConfigError, Origin, Policy
from netguard.csrf import Csrf
from netguard.explanation import asked, explain
from netguard.messages import Request
from netguard.plan import Plan
from netguard.toml import read_section

HOSTS = ["booking.example"]
SECRET, OTHER = "s" * 32, "o" * 32
POLICY = Policy(hosts=HOSTS, secrets=[SECRET], origin=Origin(token=True))
FORM = "application/x-www-form-urlencoded"


def request_with(cookie: bytes = b"") -> Request:
    return Request("POST", "/", {b"cookie": cookie}, host="booking.example")


def csrf(policy: Policy) -> Csrf:
    made = Plan(policy).csrf
    assert made is not None
    return made


def test_without_tokens_a_plan_stays_static() -> None:
    assert Plan(Policy(hosts=HOSTS)).static
    assert Plan(Policy(hosts=HOSTS, origin=False)).csrf is None
    assert not Plan(POLICY).static


def test_the_secrets_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETGUARD_SECRETS", f"{SECRET} {OTHER}")
    one, same = csrf(Policy(origin=Origin(token=True))), csrf(POLICY)
    value, cookie = one.bound(request_with())
    back = request_with(cookie.partition(b";")[0])
    assert same.fits(back, one.token(back, value))


def test_secrets_are_needed_in_report_mode_too_and_not_where_it_is_off() -> None:
    with pytest.raises(ConfigError, match="everything signed needs secrets"):
        Policy(origin=Origin(token=True, mode="report"))
    assert Policy(origin=False).secrets == ()


def test_development_makes_up_a_secret_of_its_own_and_warns(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "netguard"):
        one, other = (csrf(Policy.development(origin=Origin(token=True))) for _ in range(2))
    assert caplog.text.count("no form outlives a restart") == 2
    value, cookie = one.bound(request_with())
    back = request_with(cookie.partition(b";")[0])
    token = one.token(back, value)
    assert one.fits(back, token)
    assert not other.fits(back, token)


def test_development_with_secrets_does_not_warn(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "netguard"):
        csrf(Policy.development(secrets=[SECRET], origin=Origin(token=True)))
    assert "restart" not in caplog.text


def test_a_toml_file_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(f'hosts = ["booking.example"]\nsecrets = ["{SECRET}"]\n[origin]\ntoken = true\nsession = "sid"\n')
    read = read_section(Policy, file)
    assert read.origin == Origin(token=True, session="sid")


@pytest.mark.parametrize(
    ("line", "headers", "outcome", "code"),
    [
        pytest.param("GET /", {}, "pass", "", id="safe"),
        pytest.param("POST /", {"Sec-Fetch-Site": "same-origin"}, "pass", "", id="by-a-header"),
        pytest.param("POST /", {}, "refuse", "token.missing", id="nothing"),
        pytest.param("POST /", {"X-CSRF-Token": "x"}, "refuse", "token.invalid", id="spoilt"),
        pytest.param("POST /", {"Content-Type": FORM}, "ask", "", id="form"),
    ],
)
def test_explain_tells_what_the_rule_says(line: str, headers: dict[str, str], outcome: str, code: str) -> None:
    told = explain(POLICY, asked(POLICY, line, {"Host": "booking.example", **headers}))
    assert [(verdict.rule, verdict.outcome, verdict.code) for verdict in told.trace][-1] == ("token", outcome, code)
    assert (told.decided_by or "") == code
    assert "token" in str(told)


def test_explain_lets_a_token_pass() -> None:
    value, cookie = csrf(POLICY).bound(request_with())
    headers = {"Host": "booking.example", "Cookie": cookie.partition(b";")[0].decode()}
    headers["X-CSRF-Token"] = csrf(POLICY).token(request_with(), value)
    told = explain(POLICY, asked(POLICY, "POST /", headers))
    assert (told.trace[-1].outcome, told.decided_by) == ("pass", None)


def test_explain_says_what_is_only_reported() -> None:
    policy = Policy(hosts=HOSTS, secrets=[SECRET], origin=Origin(token=True, mode="report"))
    told = explain(policy, asked(policy, "POST /", {"Host": "booking.example"}))
    assert (told.trace[-1].outcome, told.trace[-1].code, told.decided_by) == ("report", "token.missing", None)


def test_explain_stops_before_it_where_an_earlier_rule_refused() -> None:
    told = explain(POLICY, asked(POLICY, "POST /", {"Host": "booking.example", "Origin": "https://evil.example"}))
    assert told.trace[-1].rule == "origin"
    other = Policy(hosts=HOSTS)
    assert explain(other, asked(other, "POST /", {"Host": "booking.example"})).trace[-1].rule == "origin"
