"""Rate limits: what is counted, and what the one request too many is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from netguard import ConfigError, Policy, RateLimit, client, cookie, form, header, json_field
from scenarios.row import PEER, PROXY, Answer, Ask, Expect, Outcome, Row

READS = Answer(reads=True)
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=b"


def limited(*limits: RateLimit, **keywords: Any) -> Callable[[], Policy]:
    return lambda: Policy(hosts=["booking.example"], limits=limits, **keywords)


def post(body: bytes, *fields: str, target: bytes = b"/mail", peer: str | None = PEER) -> Ask:
    return Ask(method="POST", target=target, body=[body], fields=[*fields, "Sec-Fetch-Site: same-origin"], peer=peer)


def over(**headers: str) -> Expect:
    """The last request is one too many, and those before passed."""
    return Expect(
        status=429, runs=-1, reached=False, events=["limits.exceeded"], headers=headers, that=[earlier_passed]
    )


def earlier_passed(outcome: Outcome) -> bool:
    return [one.status for one in outcome.earlier] == [200] * len(outcome.earlier)


def never_twice(outcome: Outcome) -> bool:
    return all(one.status == 200 for one in outcome.earlier)


def row(key: str, policy: Callable[[], Policy], ask: Ask, expect: Expect, *needs: str, times: int = 1) -> Row:
    return Row(id=f"limits/{key}", policy=policy, ask=ask, answer=READS, expect=expect, times=times, needs=needs)


def problem(outcome: Outcome) -> bool:
    told = json.loads(outcome.body)
    return (
        outcome.values("content-type") == ["application/problem+json"]
        and told["type"].endswith("#quota-exceeded")
        and told["violated-policies"] == ["mail"]
        and told["status"] == 429
    )


ANN = b"email=ann%40club.example"
MAIL = RateLimit("2/hour", on="POST /mail", by=form("email"), name="mail")
MANY = RateLimit("3/hour", name="all")
TOLD = RateLimit("3/hour", name="all", tell="always", legacy_fields=True)

ROWS: Sequence[Row] = (
    row("within", limited(MANY), Ask(), Expect(that=[earlier_passed], absent=["RateLimit"]), times=3),
    row("one-too-many", limited(MANY), Ask(), over(
        **{"Retry-After": "1200", "RateLimit": '"all";r=0;t=1200', "RateLimit-Policy": '"all";q=3;w=3600',
           "Cache-Control": "no-store"}), times=4),
    row("every-path-is-one-counter", limited(MANY), Ask(target=b"/courts/7"), over(), times=4),
    row("paths-that-no-route-matches-count", limited(RateLimit("1/hour", on="/nowhere/*")),
        Ask(target=b"/nowhere/at/all"), over(), times=2),
    row("path-parameters-are-one-counter", limited(RateLimit("1/hour", on="/courts/{id}")), Ask(target=b"/courts/7"),
        over(), times=2),
    row("other-routes-are-not-counted", limited(RateLimit("1/hour", on="POST /mail")), Ask(), Expect(), times=3),
    row("trailing-slash-counts", limited(RateLimit("1/hour", on="/mail")), Ask(target=b"/mail/"), over(), times=2),
    row("head-counts-as-get", limited(RateLimit("1/hour", on="GET /mail")), Ask(method="HEAD", target=b"/mail"),
        over(), times=2),
    row("an-empty-on-is-for-code-alone", limited(RateLimit("1/hour", on=[], name="mail")), Ask(), Expect(), times=3),
    row("fields-on-request", limited(TOLD), Ask(), Expect(headers={
        "RateLimit": '"all";r=2;t=1200', "RateLimit-Policy": '"all";q=3;w=3600', "X-RateLimit-Limit": "3",
        "X-RateLimit-Remaining": "2", "X-RateLimit-Reset": "1200"})),
    row("legacy-fields-of-a-refusal", limited(TOLD), Ask(), over(
        **{"X-RateLimit-Limit": "3", "X-RateLimit-Remaining": "0"}), times=4),
    row("two-rates", limited(RateLimit("2/minute; 3/hour", name="all")), Ask(), over(
        **{"RateLimit": '"all 60s";r=0;t=30'}), times=3),
    row("the-longest-wait-is-told", limited(RateLimit("1/minute; 1/hour", name="all")), Ask(),
        over(**{"Retry-After": "3600"}), times=2),
    row("two-limits-are-one-decision", limited(MANY, RateLimit("1/hour", on="/a")), Ask(target=b"/a"), over(),
        times=2),
    row("burst", limited(RateLimit("3600/hour", burst=2)), Ask(), over(**{"Retry-After": "1"}), times=3),
    row("cost", limited(RateLimit("10/hour", cost=5)), Ask(), over(), times=3),
    row("cost-by-callable", limited(RateLimit("10/hour", cost=lambda request: 6)), Ask(), over(), times=2),
    row("the-longest-wait-of-all-limits-is-told", limited(
        RateLimit("1/second", name="client"), RateLimit("1/hour", name="key", by=header("X-API-Key"))),
        Ask(fields=["X-API-Key: k"]), over(**{"Retry-After": "3600"}), times=2),
    row("cost-that-is-no-number", limited(RateLimit("1/hour", cost=lambda request: 0.5)), Ask(),  # type: ignore[arg-type,return-value]
        Expect(status=500, reached=False, events=["app.exception"], raises=ConfigError), "raises out"),
    row("by/cookie/several", limited(RateLimit("1/hour", by=cookie("sid"))), Ask(fields=["Cookie: sid=0; sid=real"]),
        over(), times=2),
    row("cost-of-nothing", limited(RateLimit("1/hour", cost=lambda request: 0)), Ask(), Expect(that=[never_twice]),
        times=3),
    row("strict", limited(RateLimit("2/hour", window="strict", name="s")), Ask(),
        over(**{"Retry-After": "3600"}), times=3),
    row("problem", limited(MAIL), post(ANN, FORM, "Accept: application/json"),
        Expect(status=429, runs=2, reached=False, events=["limits.exceeded"], that=[problem]), times=3),
    row("own-page", limited(MANY, on_refusal={429: "<h1>Slowly, $title</h1>"}), Ask(fields=["Accept: text/html"]),
        Expect(status=429, runs=3, reached=False, events=["limits.exceeded"],
               body=b"<h1>Slowly, 429 Too Many Requests</h1>"), times=4),
    row("report", limited(RateLimit("1/hour", mode="report")), Ask(),
        Expect(events=["limits.exceeded"], enforced=False), times=3),
    # What is counted by.
    row("by/form", limited(MAIL), post(ANN, FORM), over(), times=3),
    row("by/form/multipart", limited(MAIL), post(
        b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nann\r\n--b--\r\n', MULTIPART), over(), times=3),
    row("by/form/missing-is-one-for-all", limited(MAIL), post(b"name=x", FORM), over(), times=3),
    row("by/form/of-no-type-is-one-for-all", limited(MAIL), post(b"\x00\xff"), over(), times=3),
    row("by/form/twice", limited(MAIL), post(ANN + b"&email=b", FORM), Expect(
        status=400, reached=False, events=["limits.unreadable"])),
    row("by/form/broken-multipart", limited(MAIL), post(b"--b\r\n", MULTIPART), Expect(
        status=400, reached=False, events=["limits.unreadable"])),
    row("by/form/too-large", limited(MAIL), post(b"email=" + b"a" * 65_536, FORM), Expect(
        status=413, reached=False, events=["body.too-large"])),
    row("by/form/report/broken-multipart", limited(RateLimit("2/hour", by=form("email"), mode="report")),
        post(b"--b\r\n", MULTIPART), Expect(events=["limits.unreadable"], enforced=False,
                                            seen={"body": b"--b\r\n"})),
    row("by/form/the-app-reads-it-too", limited(MAIL), post(ANN, FORM), Expect(seen={"body": ANN})),
    row("by/json", limited(RateLimit("2/hour", by=json_field("user.mail"))), post(
        b'{"user": {"mail": "ann"}}', JSON), over(), times=3),
    row("by/json/no-object", limited(RateLimit("2/hour", by=json_field("user.mail"))), post(b"[]", JSON), over(),
        times=3),
    row("by/json/broken", limited(RateLimit("2/hour", by=json_field("user.mail"))), post(b"{", JSON), Expect(
        status=400, reached=False, events=["limits.unreadable"])),
    row("by/form/the-page-with-the-form-is-not-counted", limited(RateLimit("1/hour", on="/mail", by=form("email"))),
        Ask(target=b"/mail"), Expect(that=[never_twice]), times=3),
    row("by/form/a-get-with-a-body-is", limited(RateLimit("1/hour", on="/mail", by=form("email"))),
        Ask(target=b"/mail", fields=[FORM]), over(), times=2),
    row("by/header", limited(RateLimit("2/hour", by=header("X-API-Key"))), Ask(fields=["X-API-Key: k"]), over(),
        times=3),
    row("by/cookie", limited(RateLimit("2/hour", by=cookie("sid"))), Ask(fields=["Cookie: a=b; sid=c"]), over(),
        times=3),
    row("by/several", limited(RateLimit("2/hour", by=(client, header("X-API-Key")))), Ask(fields=["X-API-Key: k"]),
        over(), times=3),
    row("by/callable", limited(RateLimit("2/hour", by=lambda request: request.host)), Ask(), over(), times=3),
    row("by/client-behind-a-proxy", limited(RateLimit("2/hour"), proxies=["10.0.0.0/8"]),
        Ask(peer=PROXY, fields=["X-Forwarded-For: 203.0.113.7"]), over(), times=3),
    row("distinct", limited(RateLimit("2/hour", distinct=form("email"))), post(ANN, FORM), Expect(
        that=[never_twice]), times=5),
    # Who is spared.
    row("exempt/path", limited(RateLimit("1/hour", exempt=["/healthz"])), Ask(target=b"/healthz"), Expect(), times=3),
    row("exempt/path-in-another-spelling", limited(RateLimit("1/hour", exempt=["/healthz"])),
        Ask(target=b"/x/..;/healthz"), over(), times=2),
    row("exempt/client", limited(RateLimit("1/hour", exempt_clients=["198.51.100.0/24"])), Ask(), Expect(), times=3),
    row("exempt/other-client", limited(RateLimit("1/hour", exempt_clients=["192.0.2.0/24"])), Ask(), over(), times=2),
    row("websocket", limited(RateLimit("1/hour")), Ask(kind="websocket", fields=["Origin: https://booking.example"]),
        Expect(status=429, runs=1, reached=False, events=["limits.exceeded"]), times=2),
)  # fmt: skip
