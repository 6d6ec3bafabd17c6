"""Forwarded (RFC 7239) from a trusted peer, where the policy reads that family."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import Policy, Proxies
from scenarios.row import CLIENT, PROXY, Ask, Expect, Row, refused

POLICY = Policy(
    hosts=["booking.example", "a.club.example"],
    proxies=Proxies(trusted=["10.0.0.0/8"], family="forwarded"),
)

# Forwarded -> the client, over TLS to the app
CLIENTS: dict[str, tuple[str, str | None]] = {
    "plain": (f"for={CLIENT}", CLIENT),
    "name-in-capitals": (f"FOR={CLIENT}", CLIENT),
    "quoted": (f'for="{CLIENT}"', CLIENT),
    "quoted-with-port": (f'for="{CLIENT}:4711"', CLIENT),
    "ipv6": ('for="[2001:DB8::7]"', "2001:db8::7"),
    "ipv6-with-port": ('for="[2001:db8::7]:4711"', "2001:db8::7"),
    "mapped": (f'for="[::ffff:{CLIENT}]"', CLIENT),
    "several-hops": (f"for={CLIENT}, for=10.0.0.4;by=10.0.0.3, for=10.0.0.3", CLIENT),
    "spoofed-left": (f"for=127.0.0.1, for={CLIENT}", CLIENT),
    "spoofed-left-of-several": (f"for=127.0.0.1;proto=http, for={CLIENT}, for=10.0.0.3", CLIENT),
    "comma-in-quotes": (f'for=127.0.0.1, for={CLIENT};ext="a, for=127.0.0.1"', CLIENT),
    "semicolon-in-quotes": (f'ext="a;for=127.0.0.1";for={CLIENT}', CLIENT),
    "escaped-quote": (f'ext="\\", for=127.0.0.1";for={CLIENT}', CLIENT),
    "unknown": ("for=unknown", None),
    "obfuscated": ("for=_obf", None),
    "obfuscated-with-port": ('for="_obf:_port"', None),
    "obfuscated-behind-our-hop": ("for=_hidden, for=10.0.0.3", None),
    "no-address-in-the-hop": ("proto=https", None),
    "junk": ("<script>", None),
    "open-quote": ('for="127.0.0.1', None),
    "open-quote-left": (f'for="127.0.0.1, for={CLIENT}', CLIENT),  # sent by the client, our proxy appended the rest
    "twice-in-one-hop": (f"for={CLIENT};for=127.0.0.1", None),
    "empty": ("", None),
    "8-kb-of-addresses": (", ".join(["for=198.18.0.1"] * 500 + [f"for={CLIENT}"]), CLIENT),
    "8-kb-of-our-own": (", ".join(["for=10.0.0.3"] * 580), None),
    "8-kb-of-quotes": ('"' * 8192, None),
    "8-kb-of-commas-in-a-quote": ('for="' + "," * 8192, None),
}


def _rows() -> Iterator[Row]:
    for key, (value, client) in CLIENTS.items():
        yield Row(
            id=f"proxies/forwarded/for/{key}",
            policy=POLICY,
            ask=Ask(fields=[f"Forwarded: {value}"], peer=PROXY),
            expect=Expect(seen={"client": client, "resolved": client, "peer": PROXY, "scheme": "https"}),
        )


def ask(value: str, *fields: str) -> Ask:
    return Ask(fields=[f"Forwarded: {value}", *fields], peer=PROXY, scheme="http")


SINGLE = (
    Row(
        id="proxies/forwarded/all-at-once",
        policy=POLICY,
        ask=ask(f"for={CLIENT};proto=https;host=a.club.example;by=10.0.0.3"),
        expect=Expect(seen={"client": CLIENT, "scheme": "https", "host": b"a.club.example"}),
    ),
    Row(
        id="proxies/forwarded/quoted-and-capitals",
        policy=POLICY,
        ask=ask(f'For="{CLIENT}"; Proto="HTTPS"; Host="A.Club.example:443"'),
        expect=Expect(seen={"client": CLIENT, "scheme": "https", "host": b"a.club.example"}),
    ),
    Row(
        id="proxies/forwarded/scheme-and-host-of-the-same-hop",
        policy=POLICY,
        ask=ask(
            f"for=127.0.0.1;proto=http;host=evil.example, for={CLIENT};proto=https;host=a.club.example, "
            "for=10.0.0.3;proto=http;host=inner.example"
        ),
        expect=Expect(seen={"client": CLIENT, "scheme": "https", "host": b"a.club.example"}),
    ),
    Row(
        id="proxies/forwarded/plain-http-is-redirected",
        policy=POLICY,
        ask=ask(f"for={CLIENT};proto=http"),
        expect=refused(308, "https.redirect"),
    ),
    Row(
        id="proxies/forwarded/foreign-host",
        policy=POLICY,
        ask=ask(f"for={CLIENT};proto=https;host=evil.example"),
        expect=refused(400, "hosts.foreign"),
    ),
    Row(
        id="proxies/forwarded/malformed-host",
        policy=POLICY,
        ask=ask(f'for={CLIENT};proto=https;host="booking.example/evil?"'),
        expect=refused(400, "hosts.malformed"),
    ),
    Row(
        id="proxies/forwarded/other-family-is-ignored",
        policy=POLICY,
        ask=ask(
            f"for={CLIENT};proto=https",
            "X-Forwarded-For: 127.0.0.1",
            "X-Forwarded-Proto: http",
            "X-Forwarded-Host: evil.example",
        ),
        expect=Expect(seen={"client": CLIENT, "scheme": "https", "host": b"booking.example"}),
    ),
    Row(
        id="proxies/forwarded/other-family-alone-is-ignored",
        policy=POLICY,
        ask=Ask(peer=PROXY, fields=["X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: evil.example"]),
        expect=Expect(seen={"client": PROXY, "host": b"booking.example"}),
    ),
    Row(
        id="proxies/forwarded/two-lines-are-one-list",
        policy=POLICY,
        ask=ask("for=127.0.0.1", f"Forwarded: for={CLIENT};proto=https", "Forwarded: for=10.0.0.3;proto=http"),
        expect=Expect(seen={"client": CLIENT, "scheme": "https"}),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
