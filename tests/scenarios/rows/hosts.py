"""Which Host is served: syntax, names, ports, wildcards."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import HTTPS, Policy
from scenarios.row import Ask, Expect, Row, refused

ANY = Policy()
LISTED = Policy(
    hosts=[
        "booking.example",
        "*.club.example",
        "admin.example:8443",
        "*.tenant.example:8443",
        "localhost:*",
        "[2001:db8::1]",
        "[2001:db8::2]:8443",
        "203.0.113.1",
    ]
)
SHADOWED = Policy(hosts=["booking.example"], hosts_mode="report")
IPV6_LOOPBACK = Policy(hosts=["[::1]", "[::]"])

SERVED = {
    "plain": "booking.example",
    "upper-case": "BOOKING.Example",
    "trailing-dot": "booking.example.",
    "trailing-dot-and-port": "booking.example.:443",
    "default-port-written": "booking.example:443",
    "port-in-pattern": "admin.example:8443",
    "any-port": "localhost:49152",
    "any-port-none": "localhost",
    "wildcard": "a.club.example",
    "wildcard-any-depth": "c.b.a.club.example",
    "wildcard-upper-case": "A.CLUB.example",
    "wildcard-with-port": "a.tenant.example:8443",
    "ipv6": "[2001:db8::1]",
    "ipv6-default-port": "[2001:db8::1]:443",
    "ipv6-other-spelling": "[2001:0DB8:0:0::1]",
    "ipv6-with-port": "[2001:db8::2]:8443",
    "ipv4": "203.0.113.1",
}

FOREIGN = {
    "evil": "evil.example",
    "suffix-of-ours": "notbooking.example",
    "ours-as-prefix": "booking.example.evil.example",
    "other-port": "booking.example:8443",
    "port-pattern-without-port": "admin.example",
    "port-pattern-other-port": "admin.example:443",
    "wildcard-apex": "club.example",
    "wildcard-without-dot": "evilclub.example",
    "wildcard-other-port": "a.club.example:8443",
    "wildcard-port-pattern-default-port": "a.tenant.example",
    "ipv6-other": "[2001:db8::3]",
    "ipv6-other-port": "[2001:db8::1]:8443",
    "ipv6-port-pattern-without-port": "[2001:db8::2]",
    "ipv4-other": "203.0.113.2",
}

MALFORMED = {
    "path-and-query": "a.com/evil?",
    "markup": "<x>",
    "userinfo": "a@b",
    "userinfo-of-ours": "booking.example@evil.example",
    "userinfo-with-port": "booking.example:443@evil.example",
    "port-too-large": "booking.example:65536",
    "port-zero": "booking.example:0",
    "port-of-letters": "booking.example:https",
    "port-negative": "booking.example:-443",
    "port-with-plus": "booking.example:+443",
    "port-in-other-digits": "booking.example:44\xb2",
    "port-six-digits": "booking.example:000443",
    "port-twice": "booking.example:443:443",
    "space": "booking.example evil.example",
    "comma": "booking.example,evil.example",
    "backslash": "booking.example\\evil.example",
    "fragment": "booking.example#evil",
    "percent": "booking%2eexample",
    "nul": "booking.example\0",
    "non-ascii": "b\xfccher.example",
    "empty": "",
    "dot": ".",
    "empty-label": "booking..example",
    "leading-dot": ".booking.example",
    "two-final-dots": "booking.example..",
    "label-with-hyphen-first": "-booking.example",
    "label-too-long": "a" * 64 + ".example",
    "name-too-long": "a." * 127 + "example",
    "literal-star": "*.club.example",
    "ipv6-without-brackets": "2001:db8::1",
    "ipv6-not-closed": "[::1",
    "ipv6-with-tail": "[::1]evil.example",
    "ipv6-zone": "[fe80::1%25eth0]",
    "ipv6-bad-port": "[::1]:x",
    "ipv6-empty": "[]",
    "ipvfuture": "[v1.a]",
    "ipv4-in-brackets": "[203.0.113.1]",
    "ipv4-too-many-parts": "1.2.3.4.5",
    "ipv4-part-too-large": "256.1.1.1",
    "ipv4-short": "127.1",
    "ipv4-as-number": "2130706433",
}


def _rows() -> Iterator[Row]:
    for key, host in SERVED.items():
        yield Row(id=f"hosts/served/{key}", policy=LISTED, ask=Ask(host=host))
    for key, host in FOREIGN.items():
        yield Row(id=f"hosts/foreign/{key}", policy=LISTED, ask=Ask(host=host), expect=refused(400, "hosts.foreign"))
        yield Row(
            id=f"hosts/foreign-never-redirected/{key}",
            policy=LISTED,
            ask=Ask(host=host, scheme="http"),
            expect=Expect(status=400, reached=False, events=["hosts.foreign"], absent=["location"]),
        )
    for key, host in MALFORMED.items():
        yield Row(id=f"hosts/malformed/{key}", policy=ANY, ask=Ask(host=host), expect=refused(400, "hosts.malformed"))


SINGLE = (
    Row(id="hosts/any-is-served-without-hosts", policy=ANY, ask=Ask(host="whatever.example:8443")),
    Row(id="hosts/missing", policy=LISTED, ask=Ask(host=None), expect=refused(400, "hosts.missing")),
    Row(id="hosts/missing-without-hosts", policy=ANY, ask=Ask(host=None), expect=refused(400, "hosts.missing")),
    Row(
        id="hosts/in-report-mode/foreign",
        policy=SHADOWED,
        ask=Ask(host="evil.example"),
        expect=Expect(events=["hosts.foreign"], enforced=False),
    ),
    Row(
        id="hosts/in-report-mode/missing",
        policy=SHADOWED,
        ask=Ask(host=None),
        expect=Expect(events=["hosts.missing"], enforced=False),
    ),
    Row(
        id="hosts/in-report-mode/served",
        policy=SHADOWED,
        ask=Ask(),
    ),
    Row(
        id="hosts/in-report-mode/foreign-over-http",
        policy=Policy(hosts=["booking.example"], hosts_mode="report", https=HTTPS(mode="report")),
        ask=Ask(host="evil.example", scheme="http"),
        expect=Expect(events=["hosts.foreign", "https.no-port"], enforced=False),
    ),
    Row(
        id="hosts/missing-http-1.0",
        policy=LISTED,
        ask=Ask(host=None, http="1.0"),
        expect=refused(400, "hosts.missing"),
    ),
    Row(
        id="hosts/twice-different",
        policy=LISTED,
        ask=Ask(fields=["Host: evil.example"]),
        expect=refused(400, "hosts.malformed"),
    ),
    Row(
        id="hosts/twice-the-same",
        policy=LISTED,
        ask=Ask(fields=["Host: booking.example"]),
        expect=refused(400, "hosts.malformed"),
    ),
    Row(
        # The last digit must not be taken for the closing bracket, which would make it [::1].
        id="hosts/ipv6-not-closed-is-not-another-address",
        policy=IPV6_LOOPBACK,
        ask=Ask(host="[::12"),
        expect=refused(400, "hosts.malformed"),
    ),
    Row(
        id="hosts/ipv6-not-closed-is-not-localhost",
        policy=ANY,
        ask=Ask(host="[::12", scheme="http"),
        expect=refused(400, "hosts.malformed"),
    ),
    Row(
        id="hosts/refusal-in-json",
        policy=LISTED,
        ask=Ask(host="evil.example", fields=["Accept: application/json"]),
        expect=refused(400, "hosts.foreign", headers={"Content-Type": "application/problem+json", "Vary": "Accept"}),
    ),
    Row(
        id="hosts/refusal-in-html",
        policy=LISTED,
        ask=Ask(host="evil.example", fields=["Accept: text/html,*/*"]),
        expect=Expect(
            status=400,
            reached=False,
            events=["hosts.foreign"],
            headers={"Content-Type": "text/html; charset=utf-8"},
            that=[lambda outcome: b"evil" not in outcome.body],
        ),
    ),
    Row(
        id="hosts/refusal-of-head-has-no-body",
        policy=LISTED,
        ask=Ask(method="HEAD", host="evil.example"),
        expect=Expect(status=400, reached=False, events=["hosts.foreign"], body=b""),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
