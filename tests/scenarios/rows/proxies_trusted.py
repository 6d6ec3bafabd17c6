"""X-Forwarded-* from a trusted peer: walked from the right to the first untrusted hop."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Policy, Proxies
from scenarios.row import CLIENT, PROXY, Ask, Expect, Row, refused

POLICY = Policy(hosts=["booking.example", "*.club.example"], proxies=["10.0.0.0/8", "2001:db8:1::/48"])
UNIX = Policy(hosts=["booking.example"], proxies=["unix", "10.0.0.0/8"])
ONE_HOP = Policy(hosts=["booking.example"], proxies=Proxies(trusted=["10.0.0.0/8"], hops=1))

# X-Forwarded-For -> the client
ADDRESSES: dict[str, tuple[str, str | None]] = {
    "one-hop": (CLIENT, CLIENT),
    "several-hops": (f"{CLIENT}, 10.0.0.4, 10.0.0.3", CLIENT),
    "no-spaces": (f"{CLIENT},10.0.0.4,10.0.0.3", CLIENT),
    "spoofed-left": (f"127.0.0.1, 10.9.9.9, {CLIENT}", CLIENT),
    "spoofed-left-of-several": (f"127.0.0.1, {CLIENT}, 10.0.0.3", CLIENT),
    "spoofed-junk-left": (f"<x>, unknown, {CLIENT}", CLIENT),
    "all-trusted": ("10.0.0.4, 10.0.0.3", "10.0.0.4"),
    "ipv6": ("2001:DB8::7", "2001:db8::7"),
    "ipv6-in-brackets": ("[2001:db8::7]", "2001:db8::7"),
    "ipv6-with-port": ("[2001:db8::7]:4711", "2001:db8::7"),
    "ipv6-through-ipv6-proxy": ("2001:db8::7, 2001:db8:1::5", "2001:db8::7"),
    "port": (f"{CLIENT}:4711", CLIENT),
    "port-on-our-hop": (f"{CLIENT}, 10.0.0.3:4711", CLIENT),
    "mapped-client": (f"::ffff:{CLIENT}", CLIENT),
    "mapped-hop": (f"{CLIENT}, ::ffff:10.0.0.1", CLIENT),
    "unknown": ("unknown", None),
    "unknown-between": (f"{CLIENT}, unknown, 10.0.0.3", None),
    "obfuscated": ("_obf", None),
    "junk": ("<script>", None),
    "empty": ("", None),
    "empty-element": (f"{CLIENT}, ", None),
    "quoted": (f'"{CLIENT}"', None),
    "zone": ("fe80::1%eth0", None),
    "short-ipv4": ("127.1", None),
    "ipv4-with-zeros": ("203.0.113.007", None),
    "8-kb-of-addresses": (", ".join(["198.18.0.1"] * 680 + [CLIENT]), CLIENT),
    "8-kb-of-our-own": (", ".join(["10.0.0.3"] * 820), None),
    "8-kb-of-commas": ("," * 8192, None),
    "8-kb-without-comma": ("1" * 8192, None),
}

# (X-Forwarded-For, X-Forwarded-Proto) over a plain transport -> the scheme
SCHEMES: dict[str, tuple[str | None, str, str]] = {
    "https": (CLIENT, "https", "https"),
    "upper-case": (CLIENT, "HTTPS", "https"),
    "mixed-case-and-spaces": (CLIENT, " Https ", "https"),
    "without-addresses": (None, "https", "https"),
    "list-of-two-hops": (f"{CLIENT}, 10.0.0.3", "https, http", "https"),
    "list-without-spaces": (f"{CLIENT}, 10.0.0.3", "https,http", "https"),
    "spoofed-left-one-hop": (CLIENT, "https, http", "http"),
    "spoofed-left-two-hops": (f"{CLIENT}, 10.0.0.3", "https, http, https", "http"),
    "overwritten-by-the-last": (f"{CLIENT}, 10.0.0.3", "https", "https"),
    "junk": (CLIENT, "httpss", "http"),
    "empty": (CLIENT, "", "http"),
    "wss": (CLIENT, "wss", "https"),
}

# (X-Forwarded-For, X-Forwarded-Host) -> the host
AUTHORITIES: dict[str, tuple[str, str, bytes]] = {
    "given": (CLIENT, "a.club.example", b"a.club.example"),
    "upper-case": (CLIENT, "A.Club.Example", b"a.club.example"),
    "spoofed-left": (CLIENT, "evil.example, a.club.example", b"a.club.example"),
    "two-hops": (f"{CLIENT}, 10.0.0.3", "a.club.example, inner.example", b"a.club.example"),
    "default-port": (CLIENT, "a.club.example:443", b"a.club.example"),
}


def ask(*fields: str, peer: str | None = PROXY, host: str = "booking.example") -> Ask:
    return Ask(fields=fields, peer=peer, scheme="http", host=host)


def _rows() -> Iterator[Row]:
    for key, (addresses, client) in ADDRESSES.items():
        yield Row(
            id=f"proxies/trusted/for/{key}",
            policy=POLICY,
            ask=Ask(fields=[f"X-Forwarded-For: {addresses}"], peer=PROXY),
            expect=Expect(seen={"client": client, "resolved": client, "peer": PROXY}),
        )
    for key, (hops, proto, scheme) in SCHEMES.items():
        fields = [f"X-Forwarded-Proto: {proto}", *([f"X-Forwarded-For: {hops}"] if hops else [])]
        expect = Expect(seen={"scheme": "https"}) if scheme == "https" else refused(308, "https.redirect")
        yield Row(id=f"proxies/trusted/proto/{key}", policy=POLICY, ask=ask(*fields), expect=expect)
    for key, (hops, hosts, host) in AUTHORITIES.items():
        yield Row(
            id=f"proxies/trusted/host/{key}",
            policy=POLICY,
            ask=Ask(fields=[f"X-Forwarded-For: {hops}", f"X-Forwarded-Host: {hosts}"], peer=PROXY, host="inner:8000"),
            expect=Expect(seen={"host": host}),
        )


TLS = (f"X-Forwarded-For: {CLIENT}", "X-Forwarded-Proto: https")
SINGLE = (
    Row(
        id="proxies/trusted/all-is-told-and-removed",
        policy=POLICY,
        ask=ask(
            *TLS,
            "X-Forwarded-Host: a.club.example",
            "X-Forwarded-Port: 443",
            "X-Forwarded-Prefix: /evil",
            "X-Real-IP: 127.0.0.1",
            "X-Original-URL: /admin",
            host="inner:8000",
        ),
        expect=Expect(
            seen={
                "client": CLIENT,
                "resolved": CLIENT,
                "peer": PROXY,
                "scheme": "https",
                "host": b"a.club.example",
                "path": "/",
            },
        ),
    ),
    Row(
        id="proxies/trusted/hsts-goes-out",
        policy=POLICY,
        ask=ask(*TLS),
        expect=Expect(headers={"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}),
    ),
    Row(
        id="proxies/trusted/two-lines-are-one-list",
        policy=POLICY,
        ask=ask(
            "X-Forwarded-For: 127.0.0.1",
            f"X-Forwarded-For: {CLIENT}",
            "X-Forwarded-For: 10.0.0.3",
            "X-Forwarded-Proto: https",
        ),
        expect=Expect(seen={"client": CLIENT}),
    ),
    Row(
        id="proxies/trusted/mapped-peer",
        policy=POLICY,
        ask=ask(*TLS, peer="::ffff:10.0.0.1"),
        expect=Expect(seen={"client": CLIENT, "scheme": "https"}),
    ),
    Row(
        id="proxies/trusted/ipv6-peer",
        policy=POLICY,
        ask=ask(*TLS, peer="2001:db8:1::5"),
        expect=Expect(seen={"client": CLIENT, "scheme": "https"}),
    ),
    Row(
        id="proxies/trusted/nothing-said",
        policy=POLICY,
        ask=Ask(peer=PROXY),
        expect=Expect(seen={"client": PROXY, "scheme": "https", "host": b"booking.example"}),
    ),
    Row(
        id="proxies/trusted/foreign-host",
        policy=POLICY,
        ask=ask(*TLS, "X-Forwarded-Host: evil.example"),
        expect=refused(400, "hosts.foreign"),
    ),
    Row(
        id="proxies/trusted/foreign-host-is-no-redirect",
        policy=POLICY,
        ask=ask(f"X-Forwarded-For: {CLIENT}", "X-Forwarded-Proto: http", "X-Forwarded-Host: evil.example"),
        expect=Expect(status=400, reached=False, events=["hosts.foreign"], absent=["location"]),
    ),
    Row(
        id="proxies/trusted/malformed-host",
        policy=POLICY,
        ask=ask(*TLS, "X-Forwarded-Host: a.com/evil?"),
        expect=refused(400, "hosts.malformed"),
    ),
    Row(
        id="proxies/trusted/other-family-is-ignored",
        policy=POLICY,
        ask=ask(*TLS, "Forwarded: for=127.0.0.1;proto=http;host=evil.example"),
        expect=Expect(seen={"client": CLIENT, "scheme": "https", "host": b"booking.example"}),
    ),
    Row(
        id="proxies/trusted/other-family-alone-is-ignored",
        policy=POLICY,
        ask=Ask(peer=PROXY, fields=["Forwarded: for=127.0.0.1;proto=http;host=evil.example"]),
        expect=Expect(seen={"client": PROXY, "scheme": "https", "host": b"booking.example"}),
    ),
    Row(
        id="proxies/trusted/real-ip-is-not-read",
        policy=POLICY,
        ask=Ask(peer=PROXY, fields=["X-Real-IP: 127.0.0.1"]),
        expect=Expect(seen={"client": PROXY}),
    ),
    Row(
        id="proxies/trusted/unix-socket",
        policy=UNIX,
        ask=ask(*TLS, peer=None),
        expect=Expect(seen={"client": CLIENT, "resolved": CLIENT, "peer": None, "scheme": "https"}),
    ),
    Row(
        id="proxies/trusted/unix-socket-several-hops",
        policy=UNIX,
        ask=ask(f"X-Forwarded-For: 127.0.0.1, {CLIENT}, 10.0.0.3", "X-Forwarded-Proto: https", peer=None),
        expect=Expect(seen={"client": CLIENT}),
    ),
    Row(
        id="proxies/trusted/unix-socket-silent",
        policy=UNIX,
        ask=Ask(peer=None),
        expect=Expect(seen={"client": None, "resolved": None, "peer": None}),
    ),
    Row(
        id="proxies/trusted/hop-cap",
        policy=ONE_HOP,
        ask=Ask(peer=PROXY, fields=[f"X-Forwarded-For: {CLIENT}, 10.0.0.3"]),
        expect=Expect(seen={"client": None}),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
