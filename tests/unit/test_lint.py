"""The start-up linter: each finding, its page in the docs, and silence about the presets."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from netguard import CSP, HSTS, NONCE, NONE, SELF, STRICT_DYNAMIC, Headers, IntegrityPolicy, Policy
from netguard.headers import lint as linter
from netguard.headers.lint import lint
from netguard.plan import Plan

ROOT = Path(__file__).parents[2]
INLINE = "'unsafe-inline'"
HASH = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
EVAL = "'unsafe-eval'"


def codes(**headers: Any) -> list[str]:
    settled = Policy(headers=Headers(**headers)).headers
    assert settled
    return [finding.code for finding in lint(settled)]


CSPS: dict[str, tuple[CSP, list[str]]] = {
    "inline-scripts": (CSP(script_src=[SELF, INLINE]), ["CSP001"]),
    "inline-scripts-by-default": (CSP(script_src=False, default_src=[SELF, INLINE]), ["CSP001"]),
    "inline-scripts-of-elements": (CSP(script_src_elem=[INLINE]), ["CSP001"]),
    "inline-beside-nonce": (CSP(script_src=[SELF, NONCE, INLINE]), ["CSP002"]),
    "inline-beside-hash": (CSP(script_src=[SELF, HASH, INLINE]), ["CSP002"]),
    "inline-styles-beside-nonce": (CSP(style_src=[NONCE, INLINE]), ["CSP002"]),
    "inline-styles": (CSP(style_src=[SELF, INLINE]), []),
    "eval": (CSP(script_src=[SELF, EVAL]), ["CSP003"]),
    "no-base-uri": (CSP(base_uri=False), ["CSP004"]),
    "no-object-src": (CSP(object_src=False), []),
    "no-object-src-nor-default": (CSP(object_src=False, default_src=False), ["CSP005"]),
    "http-scheme": (CSP(img_src=["http:"]), ["CSP006"]),
    "http-host": (CSP(img_src=[SELF, "http://cdn.example"]), ["CSP006"]),
    "ws-host": (CSP(connect_src=["ws://cdn.example"]), ["CSP006"]),
    "https-host": (CSP(script_src=[SELF, "https://cdn.example"]), []),
    **{f"wide-scripts-{wide}": (CSP(script_src=[wide]), ["CSP007"]) for wide in ("*", "https:", "data:", "blob:")},
    "wide-scripts-by-default": (CSP(script_src=False, default_src=["https:"]), ["CSP007"]),
    "wide-images": (CSP(img_src=["*", "data:"]), []),
    "wide-beside-strict-dynamic": (CSP(script_src=[NONCE, STRICT_DYNAMIC, "https:"]), []),
    "strict-dynamic-alone": (CSP(script_src=[STRICT_DYNAMIC]), ["CSP008"]),
    "strict-dynamic-with-hash": (CSP(script_src=[HASH, STRICT_DYNAMIC]), []),
    "no-frame-ancestors": (CSP(frame_ancestors=False), ["CSP009"]),
    "no-form-action": (CSP(form_action=False), ["CSP010"]),
    "no-script-src-nor-default": (CSP(script_src=False, default_src=False), ["CSP011"]),
    "answers-that-load-nothing": (CSP.only(default_src=[NONE], frame_ancestors=[NONE]), []),
    "wide-frame-ancestors": (CSP(frame_ancestors=["*"]), ["CSP012"]),
    "wide-form-action": (CSP(form_action=["https:"]), ["CSP012"]),
    "report-uri-alone": (CSP(report_uri=["/r"]), ["CSP013"]),
    "report-path": (CSP(report_path="/r"), []),
    "no-such-endpoint": (CSP(report_to="site"), ["CSP015"]),
}
OTHERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "twin-reports-to-nobody": ({"csp_report_only": CSP()}, ["CSP014"]),
    "twin-inherits-its-endpoint": ({"csp": CSP(report_path="/r"), "csp_report_only": CSP()}, []),
    "twin-alone-is-judged": ({"csp": False, "csp_report_only": CSP(base_uri=False, report_path="/r")}, ["CSP004"]),
    "twin-beside-is-not": ({"csp_report_only": CSP(script_src=["*"], report_path="/r")}, []),
    "endpoint-exists": ({"csp": CSP(report_to="site"), "reporting_endpoints": {"site": "/r"}}, []),
    "no-endpoint-for-headers": ({"report_to": "site"}, ["CSP015"]),
    "opener": ({"cross_origin_opener_policy_report_only": "same-origin"}, ["CSP016"]),
    "embedder": ({"cross_origin_embedder_policy_report_only": "require-corp"}, ["CSP016"]),
    "permissions": ({"permissions_policy_report_only": {"camera": []}}, ["CSP016"]),
    "permissions-have-a-default": (
        {"permissions_policy_report_only": {"camera": []}, "reporting_endpoints": {"default": "/r"}},
        [],
    ),
    "integrity": ({"integrity_policy_report_only": IntegrityPolicy()}, ["CSP016"]),
    "no-csp": ({"csp": False}, []),
}


@pytest.mark.parametrize("name", CSPS)
def test_csp(name: str) -> None:
    csp, expected = CSPS[name]
    assert codes(csp=csp) == expected


@pytest.mark.parametrize("name", OTHERS)
def test_reporting(name: str) -> None:
    headers, expected = OTHERS[name]
    assert codes(**headers) == expected


@pytest.mark.parametrize("preset", ["web", "api", "strict", "development"])
def test_the_presets_have_no_findings(preset: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "netguard"):
        Plan(getattr(Policy, preset)())
    assert caplog.messages == []


def test_a_plan_warns_once_of_each(caplog: pytest.LogCaptureFixture) -> None:
    headers = Headers(csp=CSP(script_src=[SELF, INLINE, EVAL]), hsts=HSTS())
    with caplog.at_level(logging.WARNING, "netguard"):
        Plan(Policy(headers=headers))
    assert [message.partition(":")[0] for message in caplog.messages] == ["CSP001", "CSP003"]
    assert "give the scripts the nonce" in caplog.messages[0]


def test_the_docs_explain_exactly_the_codes_that_there_are() -> None:
    source = Path(linter.__file__).read_text()
    known = set(re.findall(r'"(CSP\d{3})"', source))
    assert known == set(re.findall(r"^### `(CSP\d{3})`$", (ROOT / "docs" / "csp.md").read_text(), re.M))
    assert known == {code for _, expected in [*CSPS.values(), *OTHERS.values()] for code in expected}
