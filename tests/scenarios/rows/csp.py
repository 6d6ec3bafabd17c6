"""Content-Security-Policy and its nonce: read in time, read too late, not read at all."""

from __future__ import annotations

from collections.abc import Iterator

from netguard import CSP, NONCE, NONE, SELF, STRICT_DYNAMIC, Headers, NonceError, Policy
from scenarios.row import Answer, Ask, Expect, Outcome, Row
from scenarios.rows.headers import CSP_VALUE

POLICY = Policy(hosts=["booking.example"])


def policy(**directives: object) -> Policy:
    return Policy(headers=Headers(csp=CSP.only(**directives)))


def nonce_is_allowed(outcome: Outcome) -> bool:
    nonce = outcome.seen[-1].nonces[0]
    source = f"'nonce-{nonce}'"
    expected = (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
        f"script-src 'self' {source}; style-src 'self' {source}; upgrade-insecure-requests"
    )
    return outcome.values("content-security-policy") == [expected] and len(nonce) >= 22


def nonce_is_new(outcome: Outcome) -> bool:
    nonces = [seen.nonces[0] for seen in outcome.seen]
    return len(set(nonces)) == len(nonces) == 3


def error_names_the_mend(outcome: Outcome) -> bool:
    error = outcome.seen[-1].error
    return isinstance(error, NonceError) and "before" in str(error)


# directives -> the value where no page read the nonce
UNREAD: dict[str, tuple[dict[str, object], str]] = {
    "falls-back-to-default": ({"default_src": [SELF], "script_src": [SELF, NONCE]}, "default-src 'self'"),
    "narrower-than-default-stays": (
        {"default_src": ["https:"], "script_src": [SELF, NONCE]},
        "default-src https:; script-src 'self'",
    ),
    "with-unsafe-inline": (
        {"default_src": [NONE], "script_src": [SELF, NONCE, "'unsafe-inline'"]},
        "default-src 'none'; script-src 'self'",
    ),
    "strict-dynamic-stays": (
        {"default_src": [SELF], "script_src": [NONCE, STRICT_DYNAMIC]},
        "default-src 'self'; script-src 'strict-dynamic'",
    ),
    "none-if-nothing-is-left": (
        {"default_src": [SELF], "script_src": [NONCE]},
        "default-src 'self'; script-src 'none'",
    ),
    "none-if-only-inline-is-left": (
        {"default_src": [SELF], "style_src": [NONCE, "'unsafe-inline'"]},
        "default-src 'self'; style-src 'none'",
    ),
    "alone": ({"script_src": [NONCE]}, "script-src 'none'"),
    "default-itself": ({"default_src": [SELF, NONCE]}, "default-src 'self'"),
    # Without it, script-src's https: would count: looser than what the page with a nonce allows.
    "element-directive-falls-back-to-its-own-parent": (
        {"default_src": [SELF], "script_src": ["https:"], "script_src_elem": [SELF, NONCE]},
        "default-src 'self'; script-src https:; script-src-elem 'self'",
    ),
    "unsafe-inline-without-nonce-stays": (
        {"default_src": [SELF], "style_src": [SELF, "'unsafe-inline'"]},
        "default-src 'self'; style-src 'self' 'unsafe-inline'",
    ),
}

# Cache-Control of the app -> of a page with a nonce
CACHING: dict[str, tuple[list[str], str]] = {
    "none": ([], "private"),
    "public": (["Cache-Control: public, max-age=60"], "private, max-age=60"),
    "max-age": (["Cache-Control: max-age=60"], "private, max-age=60"),
    "shared-age": (["cache-control: s-maxage=60, max-age=5"], "private, max-age=5"),
    "private": (["Cache-Control: private"], "private"),
    "no-store": (["Cache-Control: no-store"], "no-store"),
    "private-and-public": (["Cache-Control: private, public"], "private"),
    "two-lines": (["Cache-Control: public", "Cache-Control: max-age=60"], "private, max-age=60"),
}


def _rows() -> Iterator[Row]:
    for key, (directives, value) in UNREAD.items():
        expect = Expect(headers={"Content-Security-Policy": value})
        yield Row(id=f"csp/unread/{key}", policy=policy(**directives), expect=expect)
    for key, (fields, value) in CACHING.items():
        answer = Answer(fields=fields, nonce="early")
        expect = Expect(headers={"Cache-Control": value}, that=[nonce_is_allowed])
        yield Row(id=f"csp/private/{key}", policy=POLICY, answer=answer, expect=expect)


SINGLE = (
    Row(id="csp/unread", policy=POLICY, expect=Expect(headers={"Content-Security-Policy": CSP_VALUE})),
    Row(id="csp/unread-is-not-private", policy=POLICY, expect=Expect(absent=["cache-control"])),
    Row(
        id="csp/read-before-the-start",
        policy=POLICY,
        answer=Answer(chunks=[b"<script nonce={nonce}>"], nonce="early"),
        expect=Expect(that=[nonce_is_allowed, lambda outcome: outcome.seen[-1].nonces[0].encode() in outcome.body]),
    ),
    Row(
        id="csp/read-before-the-first-chunk-of-a-stream",
        policy=POLICY,
        answer=Answer(chunks=[b"<p>", b"{nonce}", b"{nonce}"], nonce="early"),
        expect=Expect(that=[nonce_is_allowed, lambda outcome: len(set(outcome.seen[-1].nonces)) == 1]),
    ),
    Row(
        id="csp/first-read-inside-the-generator",
        policy=POLICY,
        answer=Answer(chunks=[b"{nonce}"], nonce="late"),
        expect=Expect(
            headers={"Content-Security-Policy": CSP_VALUE}, body=b"", raises=NonceError, that=[error_names_the_mend]
        ),
    ),
    Row(
        id="csp/new-for-each-request",
        policy=POLICY,
        answer=Answer(nonce="early"),
        times=3,
        expect=Expect(that=[nonce_is_allowed, nonce_is_new]),
    ),
    Row(
        id="csp/not-modified-has-no-nonce",
        policy=POLICY,
        answer=Answer(status=304, chunks=(), nonce="early"),
        expect=Expect(status=304, absent=["content-security-policy"], headers={"X-Frame-Options": "DENY"}),
    ),
    Row(
        id="csp/nonce-on-an-error-page",
        policy=POLICY,
        answer=Answer(status=404, nonce="early"),
        expect=Expect(status=404, that=[nonce_is_allowed]),
    ),
    Row(
        id="csp/own-policy-is-kept-though-the-nonce-was-read",
        policy=POLICY,
        answer=Answer(fields=["Content-Security-Policy: default-src 'self'"], nonce="early"),
        expect=Expect(headers={"Content-Security-Policy": "default-src 'self'", "Cache-Control": "private"}),
    ),
    Row(
        id="csp/nonce-with-own-framing",
        policy=POLICY,
        answer=Answer(fields=["X-Frame-Options: SAMEORIGIN"], nonce="early"),
        expect=Expect(
            that=[
                lambda outcome: "frame-ancestors 'self';" in outcome.values("content-security-policy")[0],
                lambda outcome: outcome.seen[-1].nonces[0] in outcome.values("content-security-policy")[0],
            ]
        ),
    ),
    Row(
        id="csp/replaces-only-what-it-names",
        policy=Policy(headers=Headers(csp=CSP(img_src=[SELF, "https://cdn.example"], object_src=False))),
        expect=Expect(
            headers={
                "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
                "frame-ancestors 'none'; img-src 'self' https://cdn.example; upgrade-insecure-requests"
            }
        ),
    ),
    Row(
        id="csp/refusal-carries-no-nonce",
        policy=POLICY,
        ask=Ask(host="evil.example"),
        expect=Expect(
            status=400, reached=False, events=["hosts.foreign"], headers={"Content-Security-Policy": CSP_VALUE}
        ),
    ),
)
ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
