"""From recorded reports to a proposal: only origins are proposed, everything that would weaken a policy is a remark."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard import CSP, NONCE, SELF, STRICT_DYNAMIC, Policy
from netguard.events import SecurityEvent
from netguard.learn import propose
from netguard.reports import ReportLog, read_lines
from netguard.rules.report_fields import read_report

BASE = CSP.only(
    default_src=[SELF], img_src=[SELF, "https://a.example"], script_src=[SELF, NONCE], object_src=["'none'"]
)


def report(directive: str, blocked: str, **more: object) -> dict[str, object]:
    page = "https://booking.example/courts"
    return {"kind": "csp-violation", "directive": directive, "blocked": blocked, "document": page, **more}


PROPOSED: dict[str, tuple[list[dict[str, object]], dict[str, tuple[str, ...]]]] = {
    "added-to-what-is-there": (
        [report("img-src", "https://b.example")],
        {"img_src": (SELF, "https://a.example", "https://b.example")},
    ),
    "starts-from-default-src": (
        [report("font-src", "https://fonts.example:8443")],
        {"font_src": (SELF, "https://fonts.example:8443")},
    ),
    "element-directive-is-its-parent": (
        [report("script-src-elem", "https://js.example")],
        {"script_src": (SELF, NONCE, "https://js.example")},
    ),
    "several": (
        [report("connect-src", "wss://live.example"), report("connect-src", "https://api.example")] * 2,
        {"connect_src": (SELF, "https://api.example", "wss://live.example")},
    ),
    "none-makes-way": ([report("frame-src", "https://pay.example")], {"frame_src": (SELF, "https://pay.example")}),
    "known-already": ([report("img-src", "https://a.example")], {}),
    "nothing": ([], {}),
}
REMARKED: dict[str, tuple[dict[str, object], str]] = {
    "inline-script": (report("script-src-elem", "inline", line=3), "/courts:3 is inline: give the element the nonce"),
    "inline-handler": (report("script-src-attr", "inline"), "is an event handler or a style attribute"),
    "eval": (report("script-src", "eval"), "'unsafe-eval' is no mend"),
    "data": (report("img-src", "data:"), "data: address"),
    "extension": (report("script-src", "chrome-extension:"), "extension: nothing to allow"),
    "moz-extension": (report("img-src", "moz-extension:"), "extension: nothing to allow"),
    "plain-http": (report("img-src", "http://b.example"), "no https: origin"),
    "ipv6": (report("img-src", "https://[::1]"), "no https: origin"),
    "quote-in-an-origin": (report("img-src", 'https://b.example"];import os'), "no https: origin"),
    "unnamed": (report("img-src", ""), "something unnamed"),
    "framing": (report("frame-ancestors", "https://b.example"), "change it by hand"),
    "base": (report("base-uri", "https://b.example"), "change it by hand"),
}


@pytest.mark.parametrize("name", PROPOSED)
def test_proposed(name: str) -> None:
    reports, expected = PROPOSED[name]
    assert propose(reports, BASE).directives == expected


@pytest.mark.parametrize("name", REMARKED)
def test_remarked_and_not_proposed(name: str) -> None:
    one, said = REMARKED[name]
    proposal = propose([one], BASE)
    assert proposal.directives == {}
    assert said in proposal.remarks[0]
    assert not any(source in proposal.python() for source in ("\"'unsafe-inline", "\"'unsafe-eval"))


def test_hosts_are_a_remark_beside_strict_dynamic() -> None:
    proposal = propose([report("script-src-elem", "https://js.example")], CSP.only(script_src=[NONCE, STRICT_DYNAMIC]))
    assert proposal.directives == {}
    assert "give its element the nonce" in proposal.remarks[0]


def test_both_texts_say_the_same() -> None:
    proposal = propose([report("img-src", "https://b.example"), report("script-src", "inline")], BASE)
    names: dict[str, Any] = {"CSP": CSP, "SELF": SELF, "NONCE": NONCE}
    assert eval(proposal.python(), names) == proposal.csp()  # noqa: S307  # what is tried is that it is Python
    assert tomllib.loads(proposal.toml()) == {"headers": {"csp": {"img_src": proposal.csp().img_src}}}
    assert [line for line in proposal.python().splitlines() if line.startswith("# anybody can send reports")]


def test_toml_is_a_policy_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(propose([report("img-src", "https://b.example")], BASE).toml())
    headers = Policy.from_toml(file).headers
    assert headers
    assert headers.policies()[0].given()["img-src"] == [SELF, "https://a.example", "https://b.example"]


FIELDS = [
    "csp-report", "type", "body", "url", "effectiveDirective", "blockedURL", "documentURL", "sample", "lineNumber",
    "blocked-uri", "violated-directive", "csp-violation", "img-src",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(FIELDS), inner),
    max_leaves=12,
)


@given(JSON, st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from(["https://a@b?c#d", "data:x", "img-src"])))
def test_no_entry_makes_the_receiver_raise_or_keep_a_query(entry: Any, body: Any) -> None:
    read_report(entry)
    found = read_report({"type": "csp-violation", "body": body})
    if found is not None:
        assert not {"?", "#"} & set(found.document + found.source + found.blocked)
        assert all(text.isprintable() for text in (found.document, found.source, found.blocked, found.sample))
        propose([found.fields()], BASE).csp()


@given(st.text(), st.text())
def test_no_line_makes_a_proposal_that_is_no_policy(directive: str, blocked: str) -> None:
    proposal = propose([report(directive, blocked), {"kind": "csp-violation"}, {}], BASE)
    proposal.csp()
    compile(proposal.python(), "proposal", "exec")


def event(**more: Any) -> SecurityEvent:
    return SecurityEvent(
        name="reports", rule="reports", code="reports.violation", detail="", method="POST", path="/r", host=None,
        client=None, peer=None, status=204, enforced=False, at=1.0, **more,
    )  # fmt: skip


def test_the_log_keeps_reports_and_nothing_else(tmp_path: Path) -> None:
    log = ReportLog(tmp_path / "csp.jsonl")
    log(event())
    assert not (tmp_path / "csp.jsonl").exists()
    log(event(report=report("img-src", "https://b.example"), count=10))
    assert (tmp_path / "csp.jsonl").stat().st_mode & 0o777 == 0o600
    (read,) = read_lines((tmp_path / "csp.jsonl").read_text().splitlines())
    assert read == {"at": 1.0, "count": 10, **report("img-src", "https://b.example")}


def test_the_log_is_bounded(tmp_path: Path) -> None:
    log = ReportLog(tmp_path / "csp.jsonl", limit=400)
    for _ in range(9):
        log(event(report=report("img-src", "https://b.example")))
    assert 0 < (tmp_path / "csp.jsonl").stat().st_size <= 400


def test_lines_cut_short_are_passed_over() -> None:
    assert list(read_lines(['{"kind": "a"}', '{"kind": ', "", "7", "[" * 100_000])) == [{"kind": "a"}]
