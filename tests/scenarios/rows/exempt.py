"""Health paths that skip the host and the https rule alike: exactly, in every spelling, with the named method."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Policy
from scenarios.row import Ask, Expect, Row, refused

POLICY = Policy(hosts=["booking.example"], exempt=["/health", "GET /ready", "/live/*", "/probe/{name}"])

COVERED: dict[str, tuple[str, bytes]] = {
    "path": ("GET", b"/health"),
    "any-method": ("HEAD", b"/health"),
    "query": ("GET", b"/health?x=1"),
    "named-method": ("GET", b"/ready"),
    "rest": ("GET", b"/live/a/b"),
    "rest-empty": ("GET", b"/live/"),
    "segment": ("GET", b"/probe/db"),
}

NOT_COVERED: dict[str, tuple[str, bytes]] = {
    "longer-path": ("GET", b"/admin/health-records"),
    "suffix": ("GET", b"/healthz"),
    "below": ("GET", b"/health/x"),
    "as-suffix": ("GET", b"/admin/health"),
    "trailing-slash": ("GET", b"/health/"),
    "other-case": ("GET", b"/Health"),
    "in-the-query": ("GET", b"/admin?/health"),
    "other-method": ("POST", b"/ready"),
    "head-is-not-get": ("HEAD", b"/ready"),
    "rest-not-the-path-itself": ("GET", b"/live"),
    "two-segments-for-one": ("GET", b"/probe/db/x"),
    "empty-segment": ("GET", b"/probe/"),
    "dot-segments": ("GET", b"/live/../admin"),
    "encoded-dot-segments": ("GET", b"/live/%2e%2e/admin"),
    "encoded-slash": ("GET", b"/live%2f..%2fadmin"),
    "backslash": ("GET", b"/live/..%5cadmin"),
    "dots-with-parameter": ("GET", b"/live/..;x/admin"),
    "double-encoded-dots": ("GET", b"/live/%252e%252e/admin"),
    "nul": ("GET", b"/probe/..%00x"),
    "double-slash": ("GET", b"//health"),
}


def _rows() -> Iterator[Row]:
    for key, (method, target) in COVERED.items():
        ask = Ask(method=method, target=target, host="10.1.2.3:8000", scheme="http")
        yield Row(id=f"exempt/covers/{key}", policy=POLICY, ask=ask, expect=Expect(absent=["location"]))
    for key, (method, target) in NOT_COVERED.items():
        ask = Ask(method=method, target=target, host="evil.example")
        yield Row(id=f"exempt/host-still-counts/{key}", policy=POLICY, ask=ask, expect=refused(400, "hosts.foreign"))
        plain = Ask(method=method, target=target, scheme="http")
        location = "https://booking.example" + target.decode("ascii").replace("\\", "%5C")
        expect = refused(308, "https.redirect", headers={"Location": location})
        yield Row(id=f"exempt/https-still-counts/{key}", policy=POLICY, ask=plain, expect=expect)


SINGLE = (
    Row(id="exempt/missing-host", policy=POLICY, ask=Ask(target=b"/health", host=None, http="1.0")),
    Row(id="exempt/malformed-host", policy=POLICY, ask=Ask(target=b"/health", host="<x>")),
    Row(id="exempt/below-the-root-path", policy=POLICY, ask=Ask(target=b"/app/health", root="/app", host="10.1.2.3")),
    Row(
        id="exempt/below-a-root-path-with-encoded-letters",
        policy=POLICY,
        ask=Ask(target=b"/caf%C3%A9/health", root="/caf\xe9", host="10.1.2.3"),
    ),
    Row(
        id="exempt/root-path-is-not-the-path",
        policy=POLICY,
        ask=Ask(target=b"/health/admin", root="/health", host="evil.example"),
        expect=refused(400, "hosts.foreign"),
    ),
    Row(
        id="exempt/target-without-slash",
        policy=POLICY,
        ask=Ask(target=b"xhealth", host="evil.example"),
        expect=refused(400, "hosts.foreign"),
    ),
    Row(
        id="exempt/origin-still-counts",
        policy=POLICY,
        ask=Ask(method="POST", target=b"/health", fields=["Sec-Fetch-Site: cross-site"]),
        expect=refused(403, "origin.cross-site"),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
