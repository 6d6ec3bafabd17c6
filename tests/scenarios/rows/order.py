"""The published order of the checks, and shadow mode across it."""

from __future__ import annotations

from netguard import HTTPS, Origin, Policy
from scenarios.row import PEER, Ask, Expect, Outcome, Row, refused

POLICY = Policy(hosts=["booking.example"])
CROSS = "Sec-Fetch-Site: cross-site"
SHADOW = Policy(hosts=["booking.example"], https=HTTPS(mode="report"), origin=Origin(mode="report"))


def tells_all(outcome: Outcome) -> bool:
    event = outcome.events[0]
    said = (event.rule, event.code, event.method, event.path, event.host, event.client, event.peer, event.status)
    return said == ("hosts", "hosts.foreign", "PUT", "/a\nb", "evil.example", PEER, PEER, 400) and event.at > 0


ROWS: tuple[Row, ...] = (
    Row(
        id="order/hosts-before-https-before-origin",
        policy=POLICY,
        ask=Ask(method="POST", host="evil.example", scheme="http", fields=[CROSS]),
        expect=refused(400, "hosts.foreign"),
    ),
    Row(
        id="order/https-before-origin",
        policy=POLICY,
        ask=Ask(method="POST", scheme="http", fields=[CROSS]),
        expect=refused(308, "https.redirect"),
    ),
    Row(
        id="order/origin-last",
        policy=POLICY,
        ask=Ask(method="POST", fields=[CROSS]),
        expect=refused(403, "origin.cross-site"),
    ),
    Row(
        id="order/development-first",
        policy=Policy.development(),
        ask=Ask(method="POST", host="evil.example", fields=[CROSS]),
        expect=refused(403, "development.public"),
    ),
    Row(
        id="order/two-rules-in-report-mode-tell-both",
        policy=SHADOW,
        ask=Ask(method="POST", scheme="http", fields=[CROSS]),
        expect=Expect(events=["https.redirect", "origin.cross-site"], enforced=False),
    ),
    Row(
        id="order/event-says-what-happened",
        policy=POLICY,
        ask=Ask(method="PUT", target=b"/a%0ab", host="evil.example"),
        expect=Expect(status=400, reached=False, events=["hosts.foreign"], that=[tells_all]),
    ),
)
