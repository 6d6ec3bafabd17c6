"""The origin check, in the order of Go's CrossOriginProtection, with the scheme compared."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Origin, Policy
from scenarios.row import CLIENT, PROXY, Answer, Ask, Expect, Row, refused

HOSTS = ["booking.example", "admin.booking.example:8443", "localhost:*"]
POLICY = Policy(hosts=HOSTS)
TRUSTING = Policy(hosts=HOSTS, origin=Origin(trusted=["https://pay.example", "https://dev.example:8443"]))
BYPASSING = Policy(
    hosts=HOSTS, origin=Origin(bypass=["POST /bypass/*", "/hooks/{id}", "PUT /exact"]), proxies=["10.0.0.0/8"]
)
SHADOW = Policy(hosts=HOSTS, origin=Origin(mode="report"))
API = Policy.api(hosts=HOSTS)

SAME, CROSS, NONE_SITE = "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: none"
SAME_SITE = "Sec-Fetch-Site: same-site"
OWN, EVIL, NULL = "Origin: https://booking.example", "Origin: https://evil.example", "Origin: null"

# header lines of a POST -> the reason code, or "" where it passes
POSTS: dict[str, tuple[list[str], str]] = {
    "no-header-at-all": ([], ""),
    "same-origin": ([SAME], ""),
    "by-the-user": ([NONE_SITE], ""),
    "cross-site": ([CROSS], "origin.cross-site"),
    "same-site-is-not-same-origin": ([SAME_SITE], "origin.cross-site"),
    "site-comes-before-origin": ([SAME, EVIL], ""),
    "none-before-origin": ([NONE_SITE, EVIL], ""),
    "cross-site-before-origin": ([CROSS, OWN], "origin.cross-site"),
    "unknown-site": (["Sec-Fetch-Site: Same-Origin"], "origin.cross-site"),
    "site-twice": ([SAME, CROSS], "origin.cross-site"),
    "empty-site-counts-as-absent": (["Sec-Fetch-Site: ", OWN], ""),
    "empty-site-and-foreign-origin": (["Sec-Fetch-Site: ", EVIL], "origin.foreign"),
    "origin-own": ([OWN], ""),
    "origin-own-default-port": (["Origin: https://booking.example:443"], ""),
    "origin-foreign": ([EVIL], "origin.foreign"),
    "origin-other-scheme": (["Origin: http://booking.example"], "origin.foreign"),
    "origin-other-port": (["Origin: https://booking.example:8443"], "origin.foreign"),
    "origin-subdomain": (["Origin: https://a.booking.example"], "origin.foreign"),
    "origin-parent": (["Origin: https://example"], "origin.foreign"),
    "origin-with-ours-in-front": (["Origin: https://booking.example.evil.example"], "origin.foreign"),
    "origin-userinfo": (["Origin: https://booking.example@evil.example"], "origin.foreign"),
    "origin-without-scheme": (["Origin: booking.example"], "origin.foreign"),
    "origin-with-path": (["Origin: https://booking.example/"], "origin.foreign"),
    "origin-twice": ([OWN, EVIL], "origin.foreign"),
    "origin-junk": (["Origin: \xff://\xfe"], "origin.foreign"),
    "origin-null": ([NULL], "origin.null"),
    "origin-empty-counts-as-absent": (["Origin: "], ""),
    "origin-null-of-own-form": ([SAME, NULL], ""),
    "origin-null-cross-site": ([CROSS, NULL], "origin.cross-site"),
    "referer-alone-says-nothing": (["Referer: https://evil.example/"], ""),
}

METHODS = {"GET": True, "HEAD": True, "OPTIONS": True, "POST": False, "PUT": False, "PATCH": False, "DELETE": False}

TRUSTED: dict[str, tuple[list[str], str]] = {
    "by-origin": (["Origin: https://pay.example"], ""),
    "cross-site": ([CROSS, "Origin: https://pay.example"], ""),
    "default-port": (["Origin: https://pay.example:443"], ""),
    "with-port": (["Origin: https://dev.example:8443"], ""),
    "other-scheme": (["Origin: http://pay.example"], "origin.foreign"),
    "other-port": (["Origin: https://pay.example:8443"], "origin.foreign"),
    "port-left-out": (["Origin: https://dev.example"], "origin.foreign"),
    "subdomain": (["Origin: https://a.pay.example"], "origin.foreign"),
    "suffix": (["Origin: https://pay.example.evil.example"], "origin.foreign"),
    "cross-site-without-origin": ([CROSS], "origin.cross-site"),
    "null": ([NULL], "origin.null"),
}

BYPASSED: dict[str, tuple[str, bytes, bool]] = {
    "rest": ("POST", b"/bypass/x", True),
    "segment": ("PUT", b"/hooks/7", True),
    "segment-encoded-letter": ("POST", b"/hooks/%61b", True),
    "named-method": ("PUT", b"/exact", True),
    "query": ("POST", b"/hooks/7?x=/../", True),
    "other-method": ("PUT", b"/bypass/x", False),
    "not-the-path-itself": ("POST", b"/bypass", False),
    "trailing-slash": ("PUT", b"/exact/", False),
    "dot-segments": ("POST", b"/bypass/../api", False),
    "encoded-dot-segments": ("POST", b"/bypass/%2e%2e/api", False),
    "encoded-slash": ("POST", b"/bypass/..%2fapi", False),
    "backslash": ("POST", b"/bypass/..\\api", False),
    "encoded-backslash": ("POST", b"/bypass/..%5capi", False),
    "double-encoded": ("POST", b"/bypass/%252e%252e/api", False),
    "parameter": ("POST", b"/bypass/..;/api", False),
    "double-slash": ("POST", b"//hooks/7", False),
    "encoded-slash-in-a-segment": ("POST", b"/hooks/7%2fadmin", False),
    "nul": ("POST", b"/hooks/..%00", False),
    "empty-segment": ("POST", b"/hooks/", False),
    "without-slash": ("POST", b"xhooks/7", False),
}


def verdict(code: str) -> Expect:
    if not code:
        return Expect()
    return refused(403, code, headers={"Cache-Control": "no-store", "Vary": "Sec-Fetch-Site, Origin, Accept"})


def post(*fields: str, target: bytes = b"/book", method: str = "POST", host: str = "booking.example") -> Ask:
    return Ask(method=method, target=target, fields=fields, host=host)


def _rows() -> Iterator[Row]:
    for key, (fields, code) in POSTS.items():
        yield Row(id=f"origin/{key}", policy=POLICY, ask=post(*fields), expect=verdict(code))
    for key, (fields, code) in TRUSTED.items():
        yield Row(id=f"origin/trusted/{key}", policy=TRUSTING, ask=post(*fields), expect=verdict(code))
    for method, safe in METHODS.items():
        expect = verdict("" if safe else "origin.cross-site")
        yield Row(
            id=f"origin/method/{method}",
            policy=POLICY,
            ask=post(CROSS, EVIL, method=method),
            answer=Answer(chunks=()),
            expect=expect,
        )
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        expect = verdict("origin.cross-site")
        ask = post(CROSS, f"{name}: DELETE", method="GET")
        yield Row(id=f"origin/method-override/{name}", policy=POLICY, ask=ask, expect=expect)
        own = post(SAME, f"{name}: DELETE", method="GET")
        yield Row(id=f"origin/method-override/{name}-own", policy=POLICY, ask=own)
    for key, (method, target, exempt) in BYPASSED.items():
        ask = post(CROSS, target=target, method=method)
        expect = verdict("" if exempt else "origin.cross-site")
        yield Row(id=f"origin/bypass/{key}", policy=BYPASSING, ask=ask, expect=expect)


SINGLE = (
    Row(
        id="origin/against-the-resolved-origin",
        policy=BYPASSING,
        ask=Ask(
            method="POST",
            host="inner:8000",
            scheme="http",
            peer=PROXY,
            fields=[f"X-Forwarded-For: {CLIENT}", "X-Forwarded-Proto: https", "X-Forwarded-Host: booking.example", OWN],
        ),
    ),
    Row(
        id="origin/with-port",
        policy=POLICY,
        ask=post("Origin: https://admin.booking.example:8443", host="admin.booking.example:8443"),
    ),
    Row(
        id="origin/host-in-capitals",
        policy=POLICY,
        ask=post(OWN, host="BOOKING.example."),
    ),
    Row(
        id="origin/plain-http-on-localhost",
        policy=Policy(),
        ask=Ask(method="POST", host="localhost:8000", scheme="http", fields=["Origin: http://localhost:8000"]),
    ),
    Row(
        id="origin/bypass-below-the-root-path",
        policy=BYPASSING,
        ask=Ask(method="POST", target=b"/app/hooks/7", root="/app", fields=[CROSS]),
    ),
    Row(
        # Flask-Sock and gevent speak WebSockets through WSGI, where a handshake is a GET.
        id="origin/upgrade-in-a-plain-request",
        policy=POLICY,
        ask=post(EVIL, CROSS, "Connection: Upgrade", "Upgrade: WebSocket", method="GET"),
        expect=verdict("origin.cross-site"),
    ),
    Row(
        id="origin/off",
        policy=Policy(hosts=HOSTS, origin=False),
        ask=post(CROSS, EVIL),
    ),
    Row(
        id="origin/report-mode-lets-pass",
        policy=SHADOW,
        ask=post(CROSS),
        expect=Expect(events=["origin.cross-site"], enforced=False),
    ),
    Row(id="origin/api/without-credentials", policy=API, ask=post(CROSS, EVIL)),
    Row(id="origin/api/bearer", policy=API, ask=post(CROSS, EVIL, "Authorization: Bearer x")),
    Row(
        id="origin/api/cookie",
        policy=API,
        ask=post(CROSS, "Cookie: sid=1"),
        expect=refused(403, "origin.cross-site"),
    ),
    Row(
        id="origin/api/basic",
        policy=API,
        ask=post(CROSS, "Authorization: bAsIc eDp5"),
        expect=refused(403, "origin.cross-site"),
    ),
    Row(
        id="origin/web-checks-without-credentials-too",
        policy=POLICY,
        ask=post(CROSS, "Authorization: Bearer x"),
        expect=refused(403, "origin.cross-site"),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
