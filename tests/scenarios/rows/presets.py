"""The presets as DESIGN's table pins them: which headers leave, and their values."""

from __future__ import annotations

from netguard import Policy
from scenarios.row import PEER, Answer, Ask, Check, Expect, Outcome, Row, refused
from scenarios.rows.headers import CSP_VALUE, HSTS_VALUE, WEB

API = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": HSTS_VALUE,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STRICT = {
    **WEB,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cache-Control": "no-store",
}
DEVELOPMENT = {
    **{key: value for key, value in WEB.items() if key != "Strict-Transport-Security"},
    "Content-Security-Policy": CSP_VALUE.removesuffix("; upgrade-insecure-requests"),
}


def exactly(names: list[str]) -> Check:
    def no_other_header(outcome: Outcome) -> bool:
        return sorted(name.lower().decode() for name, _ in outcome.headers) == sorted(map(str.lower, names))

    return no_other_header


def strict_csp(outcome: Outcome) -> bool:
    directives = dict(part.partition(" ")[::2] for part in outcome.values("content-security-policy")[0].split("; "))
    nonce = outcome.seen[-1].nonces[0]
    kinds = ("connect-src", "font-src", "img-src", "manifest-src", "media-src", "worker-src")
    return (
        directives["default-src"] == "'none'"
        and all(directives[kind] == "'self'" for kind in kinds)
        and directives["script-src"] == f"'nonce-{nonce}' 'strict-dynamic'"
        and directives["require-trusted-types-for"] == "'script'"
        and directives["frame-ancestors"] == directives["base-uri"] == directives["object-src"] == "'none'"
    )


BARE = Answer(fields=())
LOCAL = Ask(host="localhost:8000", scheme="http", peer="127.0.0.1")
ROWS: tuple[Row, ...] = (
    Row(
        id="presets/web",
        policy=Policy.web(),
        answer=BARE,
        expect=Expect(headers=WEB, that=[exactly([*WEB, "Permissions-Policy"])]),
    ),
    Row(
        id="presets/web-is-the-default",
        policy=Policy(),
        answer=BARE,
        expect=Expect(headers=WEB, that=[exactly([*WEB, "Permissions-Policy"])]),
    ),
    Row(id="presets/api", policy=Policy.api(), answer=BARE, expect=Expect(headers=API, that=[exactly([*API])])),
    Row(
        id="presets/api-cache-control-unless-set",
        policy=Policy.api(),
        answer=Answer(fields=["Cache-control: max-age=60"]),
        expect=Expect(headers={**API, "Cache-Control": "max-age=60"}),
    ),
    Row(
        id="presets/strict",
        policy=Policy.strict(),
        answer=Answer(fields=(), nonce="early"),
        expect=Expect(
            headers={name: value for name, value in STRICT.items() if name != "Content-Security-Policy"},
            that=[strict_csp, exactly([*STRICT, "Permissions-Policy"])],
        ),
    ),
    Row(
        id="presets/development-over-http",
        policy=Policy.development(),
        ask=LOCAL,
        answer=BARE,
        expect=Expect(headers=DEVELOPMENT, that=[exactly([*DEVELOPMENT, "Permissions-Policy"])]),
    ),
    Row(
        id="presets/development-over-https",
        policy=Policy.development(),
        ask=Ask(host="localhost:8443", peer="::1"),
        answer=BARE,
        expect=Expect(headers=DEVELOPMENT, absent=["strict-transport-security"]),
    ),
    *(
        Row(id=f"presets/development-serves/{host}", policy=Policy.development(), ask=Ask(host=host, peer="127.0.0.1"))
        for host in ("localhost", "127.0.0.1:8000", "[::1]:8000", "testserver")
    ),
    *(
        Row(id=f"presets/development-answers/{peer}", policy=Policy.development(), ask=Ask(host="localhost", peer=peer))
        for peer in ("127.0.0.1", "10.1.2.3", "192.168.1.2", "172.16.0.1", "::1", "fd00::1", "::ffff:127.0.0.1", None)
    ),
    Row(
        id="presets/development-foreign-host",
        policy=Policy.development(),
        ask=Ask(host="evil.example", peer="127.0.0.1"),
        expect=refused(400, "hosts.foreign"),
    ),
    Row(
        id="presets/development-own-hosts-too",
        policy=Policy.development(hosts=["booking.example"]),
        ask=Ask(peer="127.0.0.1"),
    ),
    *(
        Row(
            id=f"presets/development-refuses/{peer}",
            policy=Policy.development(),
            ask=Ask(host="localhost", peer=peer),
            expect=refused(403, "development.public"),
        )
        for peer in (PEER, "172.32.0.1", "2001:db8::1", "8.8.8.8")
    ),
    Row(id="presets/development-open", policy=Policy.development(open=True), ask=Ask(host="localhost")),
    Row(
        id="presets/development-origin-check-as-in-production",
        policy=Policy.development(),
        ask=Ask(
            method="POST", host="localhost:8000", scheme="http", peer="127.0.0.1", fields=["Sec-Fetch-Site: cross-site"]
        ),
        expect=refused(403, "origin.cross-site"),
    ),
    Row(
        id="presets/development-cookies-as-in-production",
        policy=Policy.development(),
        ask=LOCAL,
        answer=Answer(fields=["Set-Cookie: a=1"]),
        expect=Expect(headers={"Set-Cookie": "a=1; HttpOnly; SameSite=Lax"}),
    ),
)
