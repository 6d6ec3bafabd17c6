"""Forwarding headers from a peer that nobody listed: no effect, not visible to the app, one log line with the mend."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Policy, Proxies
from scenarios.row import CLIENT, PEER, Ask, Check, Expect, Outcome, Row

POLICY = Policy(hosts=["booking.example"])
LISTED = Policy(hosts=["booking.example"], proxies=["10.0.0.0/8"])
FORWARDED = Policy(hosts=["booking.example"], proxies=Proxies(trusted=["10.0.0.0/8"], family="forwarded"))

CLAIMS = {
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "8443",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Ssl": "off",
    "X-Forwarded-Scheme": "http",
    "X-Forwarded-Path": "/evil",
    "Forwarded": "for=127.0.0.1;proto=http;host=evil.example",
    "X-Real-IP": "127.0.0.1",
    "X-Original-URL": "/admin",
    "X-Original-Host": "evil.example",
    "X-Rewrite-URL": "/admin",
    "X-Script-Name": "/club",
    "X-Client-IP": "127.0.0.1",
    "X-Cluster-Client-IP": "127.0.0.1",
    "True-Client-IP": "127.0.0.1",
    "CF-Connecting-IP": "127.0.0.1",
    "Fastly-Client-IP": "127.0.0.1",
    "Front-End-Https": "on",
    "X_Forwarded_For": "127.0.0.1",
}
ALL = [f"{name}: {value}" for name, value in CLAIMS.items() if "_" not in name]


def mend(peer: str) -> Check:
    def names_the_mend(outcome: Outcome) -> bool:
        return f"proxies=[{peer!r}]" in outcome.events[0].detail

    return names_the_mend


def ignored(peer: str | None = PEER) -> Expect:
    return Expect(
        seen={
            "client": peer,
            "resolved": peer,
            "peer": peer,
            "scheme": "https",
            "host": b"booking.example",
            "path": "/x",
        },
        hidden=[*CLAIMS],
        shown={"x-request-id": "7"},
        events=["proxies.unlisted"],
        that=[mend(peer or "unix")],
    )


def ask(*fields: str, peer: str | None = PEER) -> Ask:
    return Ask(target=b"/x", fields=["X-Request-Id: 7", *fields], peer=peer)


def _rows() -> Iterator[Row]:
    for name, value in CLAIMS.items():
        yield Row(id=f"proxies/untrusted/{name}", policy=POLICY, ask=ask(f"{name}: {value}"), expect=ignored())
    for key, policy in (("none-listed", POLICY), ("x-forwarded", LISTED), ("forwarded", FORWARDED)):
        yield Row(id=f"proxies/untrusted/all-at-once-{key}", policy=policy, ask=ask(*ALL), expect=ignored())
    for peer in ("127.0.0.1", "192.168.0.2", "11.0.0.1", "::1", "2001:db8::9"):
        yield Row(id=f"proxies/untrusted/peer-{peer}", policy=LISTED, ask=ask(*ALL, peer=peer), expect=ignored(peer))


SINGLE = (
    Row(
        id="proxies/untrusted/told-once",
        policy=POLICY,
        ask=ask(*ALL),
        times=3,
        expect=Expect(that=[lambda outcome: [len(one.events) for one in outcome.earlier] == [1, 0]]),
    ),
    Row(
        # The loop that everybody meets: TLS ends at a proxy that the policy does not list.
        id="proxies/untrusted/mend-is-told-where-it-redirects",
        policy=POLICY,
        ask=Ask(scheme="http", fields=["X-Forwarded-Proto: https"]),
        expect=Expect(
            status=308,
            reached=False,
            headers={"Location": "https://booking.example/"},
            events=["proxies.unlisted", "https.redirect"],
        ),
    ),
    Row(
        id="proxies/untrusted/mend-is-told-where-the-host-is-foreign",
        policy=POLICY,
        ask=Ask(host="10.0.0.5:8000", fields=["X-Forwarded-Host: booking.example"]),
        expect=Expect(status=400, reached=False, events=["proxies.unlisted", "hosts.foreign"]),
    ),
    Row(
        id="proxies/untrusted/https-is-not-claimed",
        policy=Policy(),
        ask=Ask(scheme="http", fields=["X-Forwarded-Proto: https"]),
        expect=Expect(status=403, reached=False, events=["proxies.unlisted", "https.no-hosts"]),
    ),
    Row(
        id="proxies/untrusted/unix-socket",
        policy=LISTED,
        ask=ask(f"X-Forwarded-For: {CLIENT}", peer=None),
        expect=ignored(None),
    ),
    Row(
        id="proxies/untrusted/peer-is-no-address",
        policy=LISTED,
        ask=ask("X-Forwarded-For: 127.0.0.1", peer="testclient"),
        expect=Expect(seen={"resolved": None, "peer": "testclient"}, events=["proxies.unlisted"]),
    ),
    Row(
        id="proxies/untrusted/nothing-claimed-nothing-told",
        policy=LISTED,
        ask=ask(),
        expect=Expect(seen={"client": PEER}, events=[]),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
