"""Mistakes about reporting are refused at start-up, and overrides keep the twins apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netguard import CSP, NONE, SELF, ConfigError, Headers, IntegrityPolicy, Policy, RateLimit
from netguard.core import decide
from netguard.events import Tallies
from netguard.headers.merge import HeaderMerge
from netguard.headers.override import Override
from netguard.messages import NeedBody, NeedCounts, Request, Taken
from netguard.plan import Plan


def settled(**headers: Any) -> Headers:
    policy = Policy(headers=Headers(**headers))
    assert policy.headers
    return policy.headers


def sent(headers: Headers, *overrides: Override) -> dict[bytes, bytes]:
    merge = HeaderMerge(headers, None)
    for override in overrides:
        merge = merge.overridden(override)
    return dict(merge.merged(Request("GET", "/", {}), 200, [], None))


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "path-with-query": (lambda: CSP(report_path="/r?a=1"), "'/csp-reports'"),
    "path-is-url": (lambda: CSP(report_path="https://x.example/r"), "'/csp-reports'"),
    "path-is-host": (lambda: CSP(report_path="//x.example"), "'/csp-reports'"),
    "path-with-pattern": (lambda: CSP(report_path="/r/*"), "'/csp-reports'"),
    "path-with-dots": (lambda: CSP(report_path="/a/../r"), "'/csp-reports'"),
    "path-ends-in-slash": (lambda: CSP(report_path="/r/"), "'/csp-reports'"),
    "path-of-all": (lambda: CSP(report_path="/"), "'/csp-reports'"),
    "path-true": (lambda: CSP(report_path=True), "'/csp-reports'"),  # type: ignore[arg-type]
    "name-with-capitals": (lambda: CSP(report_to="Site"), "lower-case"),
    "name-injects": (lambda: CSP(report_to="a; script-src *"), "lower-case"),
    "uri-bare": (lambda: CSP(report_uri="/r"), "['/r']"),
    "uri-empty": (lambda: CSP(report_uri=[]), "False"),
    "uri-injects": (lambda: CSP(report_uri=["/r; script-src *"]), "without spaces"),
    "uri-plain-http": (lambda: CSP(report_uri=["http://x.example/"]), "https://"),
    "endpoints-no-mapping": (lambda: Headers(reporting_endpoints=["/r"]), "mapping"),  # type: ignore[arg-type]
    "endpoint-plain-http": (lambda: Headers(reporting_endpoints={"a": "http://x.example/"}), "https://"),
    "endpoint-of-another-host": (lambda: Headers(reporting_endpoints={"a": "//x.example/"}), "https://"),
    "endpoint-quotes": (lambda: Headers(reporting_endpoints={"a": '/r"'}), "quotes"),
    "endpoint-name": (lambda: Headers(reporting_endpoints={"A": "/r"}), "lower-case"),
    "endpoint-twice": (
        lambda: Headers(csp=CSP(report_path="/r"), reporting_endpoints={"csp": "/s"}),
        "CSP(report_to=...)",
    ),
    "two-receivers-one-name": (
        lambda: Headers(csp=CSP(report_path="/r"), csp_report_only=CSP(report_path="/s")),
        "CSP(report_to=...)",
    ),
    "report-to-name": (lambda: Headers(report_to="a b"), "lower-case"),
    "twin-no-csp": (lambda: Headers(csp_report_only="default-src *"), "CSP(...)"),  # type: ignore[arg-type]
    "twin-sandboxed": (lambda: Headers(csp_report_only=CSP(sandbox=[])), "leave it out"),
    "twin-upgrades": (lambda: Headers(csp_report_only=CSP(upgrade_insecure_requests=True)), "leave it out"),
    "twin-empty": (
        lambda: HeaderMerge(settled(csp_report_only=CSP.only(img_src=False)), None),
        "csp_report_only=False",
    ),
    "opener": (lambda: Headers(cross_origin_opener_policy_report_only="same-orign"), "'same-origin'"),
    "permissions": (lambda: Headers(permissions_policy_report_only={"camara": []}), "'camera'"),
    "integrity-no-section": (lambda: Headers(integrity_policy=["script"]), "IntegrityPolicy(...)"),  # type: ignore[arg-type]
    "integrity-destination": (lambda: IntegrityPolicy(blocked_destinations=["scripts"]), "'script'"),  # type: ignore[list-item]
    "integrity-of-nothing": (lambda: IntegrityPolicy(blocked_destinations=[]), "'style'"),
    "integrity-source": (lambda: IntegrityPolicy(sources=["header"]), "'inline'"),  # type: ignore[list-item]
    "integrity-endpoint": (lambda: IntegrityPolicy(endpoints=["A"]), "lower-case"),
    "extra-owned": (lambda: Headers(extra={"Reporting-Endpoints": 'a="/r"'}), "keyword of its own"),
    "extra-owned-twin": (lambda: Headers(extra={"Content-Security-Policy-Report-Only": "x"}), "keyword of its own"),
    "override-with-receiver": (lambda: Override(Headers(csp=CSP(report_path="/r"))), "report_uri"),
    "override-with-receiver-of-twin": (lambda: Override(Headers(csp_report_only=CSP(report_path="/r"))), "report_uri"),
    "append-with-receiver": (lambda: Override(append=CSP(report_path="/r")), "report_uri"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_names_the_mend(name: str) -> None:
    write, mend = WRONG[name]
    with pytest.raises(ConfigError) as raised:
        write()
    assert mend in str(raised.value)


ENFORCED, TWIN = b"content-security-policy", b"content-security-policy-report-only"
BOTH = settled(csp=CSP.only(img_src=[NONE]), csp_report_only=CSP.only(font_src=[SELF], report_to="a"))


def test_append_goes_to_both() -> None:
    found = sent(BOTH, Override(append=CSP(img_src=["https://cdn.example"])))
    assert found[ENFORCED] == b"img-src https://cdn.example"
    assert found[TWIN] == b"font-src 'self'; img-src https://cdn.example; report-to a"


def test_append_goes_to_a_twin_alone() -> None:
    alone = settled(csp=False, csp_report_only=CSP.only(font_src=[SELF]))
    assert ENFORCED not in sent(alone, Override(append=CSP(font_src=["https://f.example"])))
    assert (
        sent(alone, Override(append=CSP(font_src=["https://f.example"])))[TWIN] == b"font-src 'self' https://f.example"
    )


def test_append_replaces_the_endpoint() -> None:
    assert sent(BOTH, Override(append=CSP(report_to="b")))[TWIN] == b"font-src 'self'; report-to b"


def test_override_replaces_one_and_keeps_the_other() -> None:
    found = sent(BOTH, Override(Headers(csp_report_only=CSP(font_src=[NONE]))))
    assert (found[ENFORCED], found[TWIN]) == (b"img-src 'none'", b"font-src 'none'; report-to a")
    found = sent(BOTH, Override(Headers(csp=CSP(img_src=[SELF]))))
    assert (found[ENFORCED], found[TWIN]) == (b"img-src 'self'", b"font-src 'self'; report-to a")
    assert TWIN not in sent(BOTH, Override(Headers(csp_report_only=False)))


def test_endpoints_and_permissions_are_merged_part_by_part() -> None:
    more = Headers(reporting_endpoints={"b": "/b"}, permissions_policy_report_only={"usb": []})
    base = settled(reporting_endpoints={"a": "/a"}, permissions_policy_report_only={"camera": []})
    found = sent(base, Override(more))
    assert found[b"reporting-endpoints"] == b'a="/a", b="/b"'
    assert found[b"permissions-policy-report-only"] == b"camera=(), usb=()"


def test_the_core_asks_for_the_body_and_keeps_nothing() -> None:
    plan = Plan(Policy(headers=Headers(csp=CSP(report_path="/r"))))
    request = Request("POST", "/r", {b"content-type": b"application/csp-report"}, host="x.example", target=b"/r")
    body = b'{"csp-report": {"effective-directive": "img-src", "blocked-uri": "data"}}'
    asked = [decide(plan, request) for _ in range(2)]
    taken = Taken(True, ((59, 0, 0, 0),))
    decisions = [need.supply(taken) for need in asked if isinstance(need, NeedCounts)]
    answers = [need.supply(body) for need in decisions if isinstance(need, NeedBody)]
    assert len(answers) == 2
    assert answers[0] == answers[1]


def test_reports_are_counted_where_the_policy_s_store_is() -> None:
    headers = Headers(csp=CSP(report_path="/r"))
    with pytest.raises(ConfigError, match=r"counter_key=\.\.\. or secrets"):
        Policy(headers=headers, store="redis://h")
    with pytest.raises(ConfigError, match="'violation reports'"):
        Policy(headers=headers, limits=[RateLimit("1/hour", name="violation reports")])
    assert Policy(headers=headers).store == "memory://"
    assert Policy(store="redis://h").secrets == ()


def test_tallies_tell_the_first_and_each_tenfold() -> None:
    tallies = Tallies()
    told = [tallies.add(("a",), 1) for _ in range(1000)]
    assert [count for count in told if count] == [1, 10, 100, 1000]
    assert tallies.add(("b",), 25) == 25
    assert tallies.add(("b",), 900) == 925


def test_tallies_are_bounded() -> None:
    tallies = Tallies(size=3)
    assert [tallies.add((str(number),), 1) for number in range(5)] == [1, 1, 1, 1, 1]  # what is new is always told
    assert tallies.add(("4",), 9) == 10
    assert tallies.add(("0",), 9) == 9  # forgotten, and so new
