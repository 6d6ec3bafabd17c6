"""WebSocket handshakes: judged as unsafe, refused rather than redirected, denied with the security headers."""

from __future__ import annotations

from dataclasses import replace

from netguard import Origin, Policy
from scenarios.row import CLIENT, PROXY, Answer, AppError, Ask, Expect, Row, refused
from scenarios.rows.headers import WEB

HOSTS = ["booking.example"]
POLICY = Policy(hosts=HOSTS, proxies=["10.0.0.0/8"])
TRUSTING = Policy(hosts=HOSTS, origin=Origin(trusted=["https://pay.example"]))
SOCKET = Ask(kind="websocket", target=b"/live", fields=["Origin: https://booking.example"])
FOREIGN = replace(SOCKET, fields=["Origin: https://evil.example"])
ACCEPTED = Expect(status=101, seen={"scheme": "wss", "path": "/live"})

ROWS: tuple[Row, ...] = (
    Row(id="websocket/own-page", policy=POLICY, ask=SOCKET, expect=ACCEPTED),
    Row(id="websocket/no-browser", policy=POLICY, ask=replace(SOCKET, fields=()), expect=ACCEPTED),
    Row(id="websocket/trusted", policy=TRUSTING, ask=replace(SOCKET, fields=["Origin: https://pay.example"]),
        expect=ACCEPTED),
    Row(
        id="websocket/foreign-origin",
        policy=POLICY,
        ask=FOREIGN,
        expect=refused(403, "origin.foreign", headers={**WEB, "Vary": "Sec-Fetch-Site, Origin, Accept"}),
    ),
    Row(
        id="websocket/cross-site",
        policy=POLICY,
        ask=replace(SOCKET, fields=["Sec-Fetch-Site: cross-site"]),
        expect=refused(403, "origin.cross-site", headers=WEB),
    ),
    Row(
        id="websocket/null-origin",
        policy=POLICY,
        ask=replace(SOCKET, fields=["Origin: null"]),
        expect=refused(403, "origin.null"),
    ),
    Row(
        id="websocket/origin-of-http",
        policy=POLICY,
        ask=replace(SOCKET, fields=["Origin: http://booking.example"]),
        expect=refused(403, "origin.foreign"),
    ),
    Row(
        id="websocket/foreign-host",
        policy=POLICY,
        ask=replace(SOCKET, host="evil.example"),
        expect=refused(400, "hosts.foreign", headers=WEB),
    ),
    Row(
        id="websocket/ws-is-refused-not-redirected",
        policy=POLICY,
        ask=replace(SOCKET, scheme="http", fields=["Origin: http://booking.example"]),
        expect=Expect(status=403, reached=False, events=["https.websocket"], absent=["location"]),
    ),
    Row(
        id="websocket/ws-without-hosts",
        policy=Policy(),
        ask=replace(SOCKET, scheme="http"),
        expect=Expect(status=403, reached=False, events=["https.websocket"], absent=["location"]),
    ),
    Row(
        id="websocket/ws-on-localhost-without-hosts",
        policy=Policy(),
        ask=replace(SOCKET, scheme="http", host="localhost:8000", fields=["Origin: http://localhost:8000"]),
        expect=Expect(status=101, seen={"scheme": "ws"}),
    ),
    Row(
        id="websocket/behind-a-trusted-tls-proxy",
        policy=POLICY,
        ask=replace(
            SOCKET, scheme="http", peer=PROXY,
            fields=[*SOCKET.fields, f"X-Forwarded-For: {CLIENT}", "X-Forwarded-Proto: wss"],
        ),
        expect=Expect(status=101, seen={"scheme": "wss", "client": CLIENT, "peer": PROXY}),
    ),
    Row(
        id="websocket/bare-denial-where-the-server-can-no-more",
        policy=POLICY,
        ask=replace(FOREIGN, denial=False),
        expect=Expect(status=403, reached=False, events=["origin.foreign"]),
    ),
    Row(
        id="websocket/app-closes",
        policy=POLICY,
        ask=SOCKET,
        answer=Answer(socket="close"),
        expect=Expect(status=403, headers=WEB),
    ),
    Row(
        id="websocket/app-closes-where-the-server-can-no-more",
        policy=POLICY,
        ask=replace(SOCKET, denial=False),
        answer=Answer(socket="close"),
        expect=Expect(status=403),
    ),
    Row(
        id="websocket/app-denies",
        policy=POLICY,
        ask=SOCKET,
        answer=Answer(socket="deny", status=404, fields=["X-Own: 1"], chunks=[b"no"]),
        expect=Expect(status=404, headers={**WEB, "X-Own": "1"}, body=b"no"),
    ),
    Row(
        id="websocket/app-raises",
        policy=POLICY,
        ask=SOCKET,
        answer=Answer(raises="at once"),
        expect=Expect(status=500, headers=WEB, events=["app.exception"], raises=AppError),
    ),
    Row(
        id="websocket/cookie-of-the-handshake",
        policy=POLICY,
        ask=SOCKET,
        answer=Answer(fields=["Set-Cookie: a=1", "X-Own: 1"]),
        expect=Expect(status=101, headers={"Set-Cookie": "a=1; Secure; HttpOnly; SameSite=Lax", "X-Own": "1"}),
    ),
    Row(
        id="websocket/report-mode-lets-pass",
        policy=Policy(hosts=HOSTS, origin=Origin(mode="report")),
        ask=FOREIGN,
        expect=Expect(status=101, events=["origin.foreign"], enforced=False),
    ),
)  # fmt: skip
