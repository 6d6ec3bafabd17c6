"""Plain http: redirected to an allowed host, or refused."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import HTTPS, Policy
from scenarios.row import CLIENT, PROXY, Ask, Expect, Row, refused

HOSTS = ["booking.example", "*.club.example", "[2001:db8::1]"]
POLICY = Policy(hosts=HOSTS, proxies=["10.0.0.0/8"])
MOVED = Policy(hosts=HOSTS, https=HTTPS(status=301))
MAPPED = Policy(
    hosts=["booking.example:8080", "booking.example:8443", "admin.example:*", "one.example:8080"],
    https=HTTPS(ports={8080: 8443}),
)
REFUSING = Policy(hosts=HOSTS, https=HTTPS(refuse=["/api/*", "GET /export"]))
REFUSING_ALL = Policy(hosts=HOSTS, https=HTTPS(refuse=True))
SHADOW = Policy(hosts=HOSTS, https=HTTPS(mode="report"))
NO_HOSTS = Policy()


def to(location: str, status: int = 308) -> Expect:
    return Expect(
        status=status,
        reached=False,
        events=["https.redirect"],
        headers={
            "Location": location,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
        absent=["strict-transport-security"],
    )


# target as sent -> target in Location
TARGETS: dict[str, tuple[bytes, str]] = {
    "plain": (b"/courts", "/courts"),
    "query": (b"/courts?day=1&x=%20", "/courts?day=1&x=%20"),
    "encoding-kept": (b"/a%2Fb%3f?u=%2F", "/a%2Fb%3f?u=%2F"),
    "bytes-in-query": (b"/a?q=\xff\xfe", "/a?q=%FF%FE"),
    "encoded-bytes-in-query": (b"/a?q=%ff%fe", "/a?q=%ff%fe"),
    "encoded-line-break": (b"/%0d%0aSet-Cookie:%20x=1", "/%0d%0aSet-Cookie:%20x=1"),
    "markup": (b"/a?<script>", "/a?%3Cscript%3E"),
    "quote": (b'/a?"', "/a?%22"),
    "two-slashes": (b"//evil.example/x", "//evil.example/x"),
    "backslash": (b"/\\evil.example", "/%5Cevil.example"),
    "at-sign": (b"/@evil.example", "/@evil.example"),
    "question-mark-in-query": (b"/a?b?c", "/a?b?c"),
}

AUTHORITIES = {
    "upper-case-and-dot": ("BOOKING.example.", "https://booking.example/"),
    "default-port-written": ("booking.example:80", "https://booking.example/"),
    "wildcard": ("a.b.club.example", "https://a.b.club.example/"),
    "ipv6": ("[2001:DB8::1]", "https://[2001:db8::1]/"),
}


def _rows() -> Iterator[Row]:
    for key, (target, location) in TARGETS.items():
        yield Row(
            id=f"https/redirect/{key}",
            policy=POLICY,
            ask=Ask(target=target, scheme="http"),
            expect=to(f"https://booking.example{location}"),
        )
    for key, (host, location) in AUTHORITIES.items():
        yield Row(id=f"https/redirect/{key}", policy=POLICY, ask=Ask(host=host, scheme="http"), expect=to(location))
    for host in ("localhost", "127.0.0.1", "[::1]", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        yield Row(
            id=f"https/no-hosts/{host}-passes",
            policy=NO_HOSTS,
            ask=Ask(host=host, scheme="http", peer="127.0.0.1"),
            expect=Expect(absent=["location", "strict-transport-security"], seen={"scheme": "http"}),
        )
    for host in ("booking.example", "evil.example", "localhost.evil.example", "127.0.0.2", "[::2]"):
        yield Row(
            id=f"https/no-hosts/{host}-refused",
            policy=NO_HOSTS,
            ask=Ask(host=host, scheme="http"),
            expect=Expect(status=403, reached=False, events=["https.no-hosts"], absent=["location"]),
        )


SINGLE = (
    Row(
        id="https/redirect/308-keeps-a-post",
        policy=POLICY,
        ask=Ask(method="POST", target=b"/book", scheme="http", body=[b"slot=1"]),
        expect=to("https://booking.example/book"),
    ),
    Row(
        id="https/redirect/before-the-origin-check",
        policy=POLICY,
        ask=Ask(method="POST", scheme="http", fields=["Sec-Fetch-Site: cross-site"]),
        expect=to("https://booking.example/"),
    ),
    Row(
        id="https/redirect/head",
        policy=POLICY,
        ask=Ask(method="HEAD", scheme="http"),
        expect=to("https://booking.example/"),
    ),
    Row(
        id="https/redirect/root-path",
        policy=POLICY,
        ask=Ask(target=b"/club/courts", root="/club", scheme="http"),
        expect=to("https://booking.example/club/courts"),
    ),
    Row(
        id="https/redirect/root-path-itself",
        policy=POLICY,
        ask=Ask(target=b"/club", root="/club", scheme="http"),
        expect=to("https://booking.example/club"),
    ),
    Row(
        id="https/redirect/absolute-form-of-another-host",
        policy=POLICY,
        ask=Ask(target=b"http://evil.example/x", scheme="http"),
        expect=Expect(
            status=308,
            reached=False,
            events=["https.redirect"],
            that=[lambda outcome: outcome.values("location")[0].startswith("https://booking.example/")],
        ),
    ),
    Row(id="https/301/get", policy=MOVED, ask=Ask(scheme="http"), expect=to("https://booking.example/", 301)),
    Row(
        id="https/301/head",
        policy=MOVED,
        ask=Ask(method="HEAD", scheme="http"),
        expect=to("https://booking.example/", 301),
    ),
    Row(
        id="https/301/post-still-308",
        policy=MOVED,
        ask=Ask(method="POST", scheme="http"),
        expect=to("https://booking.example/"),
    ),
    Row(
        id="https/ports/mapped",
        policy=MAPPED,
        ask=Ask(target=b"/x", host="booking.example:8080", scheme="http"),
        expect=to("https://booking.example:8443/x"),
    ),
    Row(
        id="https/ports/unlisted-goes-to-443",
        policy=MAPPED,
        ask=Ask(host="admin.example:9000", scheme="http"),
        expect=to("https://admin.example/"),
    ),
    Row(
        id="https/ports/target-not-in-hosts",
        policy=MAPPED,
        ask=Ask(host="one.example:8080", scheme="http"),
        expect=Expect(status=403, reached=False, events=["https.no-port"], absent=["location"]),
    ),
    Row(
        id="https/no-loop-behind-a-trusted-proxy",
        policy=POLICY,
        ask=Ask(scheme="http", peer=PROXY, fields=[f"X-Forwarded-For: {CLIENT}", "X-Forwarded-Proto: https"]),
        expect=Expect(absent=["location"], seen={"scheme": "https", "client": CLIENT}),
    ),
    Row(
        id="https/redirect-behind-a-trusted-proxy",
        policy=POLICY,
        ask=Ask(peer=PROXY, fields=[f"X-Forwarded-For: {CLIENT}", "X-Forwarded-Proto: http"]),
        expect=to("https://booking.example/"),
    ),
    Row(
        id="https/refuse/all",
        policy=REFUSING_ALL,
        ask=Ask(scheme="http"),
        expect=Expect(status=403, reached=False, events=["https.refused"], absent=["location"]),
    ),
    Row(
        id="https/refuse/pattern",
        policy=REFUSING,
        ask=Ask(method="POST", target=b"/api/slots", scheme="http"),
        expect=refused(403, "https.refused"),
    ),
    Row(
        id="https/refuse/pattern-includes-its-own-path",
        policy=REFUSING,
        ask=Ask(target=b"/api", scheme="http"),
        expect=refused(403, "https.refused"),
    ),
    Row(
        id="https/refuse/get-includes-head",
        policy=REFUSING,
        ask=Ask(method="HEAD", target=b"/export", scheme="http"),
        expect=refused(403, "https.refused"),
    ),
    Row(
        id="https/refuse/trailing-slash-changes-nothing",
        policy=REFUSING,
        ask=Ask(target=b"/export/", scheme="http"),
        expect=refused(403, "https.refused"),
    ),
    Row(
        id="https/refuse/others-are-redirected",
        policy=REFUSING,
        ask=Ask(target=b"/apiary", scheme="http"),
        expect=to("https://booking.example/apiary"),
    ),
    Row(
        id="https/off",
        policy=Policy(hosts=HOSTS, https=False),
        ask=Ask(scheme="http"),
        expect=Expect(absent=["location", "strict-transport-security"]),
    ),
    Row(
        id="https/report-mode-lets-pass",
        policy=SHADOW,
        ask=Ask(scheme="http"),
        expect=Expect(events=["https.redirect"], enforced=False, absent=["location"]),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
