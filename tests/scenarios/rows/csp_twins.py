"""Policies that are enforced and policies that only report, at once, and the endpoints that they report to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netguard import CSP, NONCE, SELF, Headers, IntegrityPolicy, Policy
from netguard.headers.permissions import OFF
from scenarios.row import Answer, Expect, Outcome, Row
from scenarios.rows.headers import CSP_VALUE

ENFORCED = "content-security-policy"
TWIN = "content-security-policy-report-only"
BASE = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"


def policy(**headers: object) -> Policy:
    given: Mapping[str, object] = headers
    return Policy(hosts=["booking.example"], headers=Headers(**given))  # type: ignore[arg-type]


def row(
    key: str,
    policy: Policy,
    headers: Mapping[str, str],
    *,
    absent: Sequence[str] = (),
    answer: Answer | None = None,
    status: int = 200,
) -> Row:
    expect = Expect(status=status, headers=headers, absent=absent)
    return Row(id=f"twins/{key}", policy=policy, answer=answer or Answer(), expect=expect)


def nonce_in_both(outcome: Outcome) -> bool:
    source = f"'nonce-{outcome.seen[-1].nonces[0]}'"
    return all(source in outcome.values(name)[0] for name in (ENFORCED, TWIN))


BOTH = policy(csp_report_only=CSP(style_src=[SELF], report_to="site"), reporting_endpoints={"site": "/r"})
STYLES = f"{BASE}; style-src 'self'; report-to site"
ROWS: tuple[Row, ...] = (
    row("twin-starts-from-the-enforced", BOTH, {ENFORCED: CSP_VALUE, TWIN: STYLES, "Reporting-Endpoints": 'site="/r"'}),
    row("twin-alone-starts-from-the-preset", policy(csp=False, csp_report_only=CSP()), {TWIN: BASE}, absent=[ENFORCED]),
    row("twin-of-its-own", policy(csp_report_only=CSP.only(img_src=[SELF])), {ENFORCED: CSP_VALUE,
        TWIN: "img-src 'self'"}),
    row("no-twin", policy(), {ENFORCED: CSP_VALUE}, absent=[TWIN, "reporting-endpoints"]),
    Row(id="twins/nonce-in-both", policy=policy(csp_report_only=CSP(img_src=[SELF, "https://cdn.example"])),
        answer=Answer(nonce="early"), expect=Expect(headers={"Cache-Control": "private"}, that=[nonce_in_both])),
    Row(id="twins/nonce-in-the-twin-though-the-app-has-its-own",
        policy=policy(csp_report_only=CSP.only(script_src=[NONCE])),
        answer=Answer(nonce="early", fields=["Content-Security-Policy: default-src 'none'"]),
        expect=Expect(headers={ENFORCED: "default-src 'none'"}, that=[
            lambda outcome: outcome.values(TWIN) == [f"script-src 'nonce-{outcome.seen[-1].nonces[0]}'"]])),
    row("not-modified-has-no-nonce", BOTH, {"X-Frame-Options": "DENY"}, absent=[ENFORCED, TWIN],
        answer=Answer(status=304, chunks=(), nonce="early"), status=304),
    row("the-app's-twin-is-kept", BOTH, {ENFORCED: CSP_VALUE, TWIN: "img-src *"},
        answer=Answer(fields=["Content-Security-Policy-Report-Only: img-src *"])),
    row("framing-of-the-app-in-both", BOTH,
        {ENFORCED: CSP_VALUE.replace("frame-ancestors 'none'", "frame-ancestors 'self'"),
         TWIN: STYLES.replace("frame-ancestors 'none'", "frame-ancestors 'self'")},
        answer=Answer(fields=["X-Frame-Options: SAMEORIGIN"])),
    row("report-path", policy(csp=CSP(report_path="/csp-reports")),
        {ENFORCED: f"{CSP_VALUE}; report-uri /csp-reports; report-to csp",
         "Reporting-Endpoints": 'csp="/csp-reports"'}),
    row("report-path-of-both", policy(csp=CSP(report_path="/r"), csp_report_only=CSP.only(img_src=[SELF],
        report_path="/twin", report_to="twin")), {"Reporting-Endpoints": 'csp="/r", twin="/twin"'}),
    row("report-path-and-more", policy(csp=CSP(report_path="/r", report_uri=["https://log.example/x?k=1"],
        report_to="own"), reporting_endpoints={"site": "https://log.example/"}),
        {ENFORCED: f"{CSP_VALUE}; report-uri /r https://log.example/x?k=1; report-to own",
         "Reporting-Endpoints": 'site="https://log.example/", own="/r"'}),
    row("report-path-without-report-to", policy(csp=CSP(report_path="/r", report_to=False)),
        {ENFORCED: f"{CSP_VALUE}; report-uri /r"}, absent=["reporting-endpoints"]),
    row("openers-and-embedders", policy(cross_origin_opener_policy_report_only="same-origin-allow-popups",
        cross_origin_embedder_policy="credentialless", cross_origin_embedder_policy_report_only="require-corp"),
        {"Cross-Origin-Opener-Policy": "same-origin",
         "Cross-Origin-Opener-Policy-Report-Only": "same-origin-allow-popups",
         "Cross-Origin-Embedder-Policy": "credentialless",
         "Cross-Origin-Embedder-Policy-Report-Only": "require-corp"}),
    row("report-to", policy(cross_origin_opener_policy_report_only="same-origin", report_to="site",
        permissions_policy=dict.fromkeys(set(OFF) - {"xr-spatial-tracking"}, False),
        permissions_policy_report_only={"camera": [], "geolocation": ["'self'", "https://maps.example"], "usb": ["*"]},
        integrity_policy=IntegrityPolicy(blocked_destinations=["script", "style"]),
        integrity_policy_report_only=IntegrityPolicy(sources=["inline"], endpoints=["a", "b"])),
        {"Cross-Origin-Opener-Policy": 'same-origin;report-to="site"',
         "Cross-Origin-Opener-Policy-Report-Only": 'same-origin;report-to="site"',
         "Permissions-Policy": "xr-spatial-tracking=();report-to=site",
         "Permissions-Policy-Report-Only": 'camera=();report-to=site, '
                                           'geolocation=(self "https://maps.example");report-to=site, '
                                           'usb=*;report-to=site',
         "Integrity-Policy": "blocked-destinations=(script style), endpoints=(site)",
         "Integrity-Policy-Report-Only": "blocked-destinations=(script), sources=(inline), endpoints=(a b)"}),
    row("report-to-default-needs-no-saying-in-permissions", policy(report_to="default",
        permissions_policy_report_only={"camera": []}), {"Permissions-Policy-Report-Only": "camera=()"}),
)  # fmt: skip
