"""The security headers: on every status, beside the app's own, whatever form those come in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netguard import CSP, HSTS, NONE, SELF, Headers, Policy
from scenarios.row import Answer, Ask, Expect, Outcome, Row, refused

POLICY = Policy(hosts=["booking.example", "203.0.113.1", "[2001:db8::1]"])
PLAIN = Policy(hosts=["booking.example"], https=False)
HSTS_VALUE = "max-age=63072000; includeSubDomains"
CSP_VALUE = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "upgrade-insecure-requests"
)
WEB = {
    "Content-Security-Policy": CSP_VALUE,
    "Strict-Transport-Security": HSTS_VALUE,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "X-DNS-Prefetch-Control": "off",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",
}


def powerful_features_are_off(outcome: Outcome) -> bool:
    features = set(outcome.values("permissions-policy")[0].split(", "))
    return {f"{name}=()" for name in ("camera", "microphone", "geolocation", "gyroscope", "payment", "usb")} <= features


def web(status: int = 200, **keywords: object) -> Expect:
    return Expect(status=status, headers=WEB, that=[powerful_features_are_off], **keywords)  # type: ignore[arg-type]


# The app's own header, in the app's own spelling of its name
OWN = {
    "content-security-policy": "default-src https:",
    "Strict-Transport-Security": "max-age=60",
    "X-CONTENT-TYPE-OPTIONS": "nosniff, own",
    "referrer-Policy": "no-referrer",
    "cross-origin-opener-policy": "unsafe-none",
    "Cross-origin-Resource-policy": "cross-origin",
    "permissions-policy": "camera=(self)",
    "Origin-agent-cluster": "?0",
    "X-dns-prefetch-control": "on",
    "X-XSS-Protection": "1",
}

DISCLOSING = {
    "Server": "Apache/2.4.1",
    "X-Powered-By": "PHP/8.0",
    "x-powered-BY": "Express",
    "X-AspNet-Version": "4.0",
    "X-AspNetMvc-Version": "5.2",
    "X-Generator": "Drupal",
    "X-Runtime": "0.1",
}


def _rows() -> Iterator[Row]:
    for status in (200, 201, 400, 403, 404, 405, 500, 503):
        yield Row(
            id=f"headers/on/{status}",
            policy=POLICY,
            answer=Answer(status=status, chunks=(b"body",)),
            expect=web(status, body=b"body"),
        )
    for name, value in OWN.items():
        yield Row(
            id=f"headers/own-kept/{name}",
            policy=POLICY,
            answer=Answer(fields=[f"{name}: {value}"]),
            expect=Expect(headers={**_without(name), name: value}),
        )
    for name, value in OWN.items():
        policy = Policy(hosts=["booking.example"], headers=Headers(override=[name]))
        answer = Answer(fields=[f"{name}: {value}"])
        yield Row(id=f"headers/overridden/{name}", policy=policy, answer=answer, expect=web())
    for name, value in DISCLOSING.items():
        answer = Answer(fields=["X-First: 1", f"{name}: {value}", "X-Last: 2"])
        expect = Expect(absent=[name], headers={"X-First": "1", "X-Last": "2"})
        yield Row(id=f"headers/disclosing-goes/{name}", policy=POLICY, answer=answer, expect=expect)


def _without(name: str) -> Mapping[str, str]:
    return {key: value for key, value in WEB.items() if key.lower() != name.lower()}


def in_their_order(outcome: Outcome) -> bool:
    own = [pair for pair in outcome.headers if pair[0].lower() in {b"x-b", b"link", b"x-a"}]
    return own == [(b"X-b", b"1"), (b"Link", b"<a>"), (b"X-a", b"2"), (b"Link", b"<b>")]


def same_each_time(outcome: Outcome) -> bool:
    return all(one.headers == outcome.headers for one in outcome.earlier)


SINGLE = (
    Row(  # a cache would put its CSP over that of the stored page, which names the nonce of that page's scripts
        id="headers/on/304",
        policy=POLICY,
        answer=Answer(status=304, chunks=()),
        expect=Expect(
            status=304, headers=_without("content-security-policy"), absent=["content-security-policy"], body=b""
        ),
    ),
    Row(
        id="headers/on/304-where-no-nonce-is-in-the-csp",
        policy=Policy(hosts=["booking.example"], headers=Headers(csp=CSP.only(default_src=[SELF]))),
        answer=Answer(status=304, chunks=()),
        expect=Expect(status=304, headers={"Content-Security-Policy": "default-src 'self'"}, body=b""),
    ),
    Row(id="headers/on/head", policy=POLICY, ask=Ask(method="HEAD"), answer=Answer(chunks=()), expect=web()),
    Row(
        id="headers/on/refusal",
        policy=POLICY,
        ask=Ask(host="evil.example"),
        expect=web(400, reached=False, events=["hosts.foreign"]),
    ),
    Row(
        id="headers/on/refusal-over-http",
        policy=POLICY,
        ask=Ask(host="evil.example", scheme="http"),
        expect=Expect(
            status=400,
            reached=False,
            events=["hosts.foreign"],
            headers=_without("strict-transport-security"),
            absent=["strict-transport-security"],
        ),
    ),
    Row(
        id="headers/the-app's-keep-value-and-order",
        policy=POLICY,
        answer=Answer(fields=["X-b: 1", "Link: <a>", "X-a: 2", "Link: <b>"]),
        expect=Expect(headers=WEB, that=[in_their_order]),
    ),
    Row(
        id="headers/own-two-lines-stay-two",
        policy=POLICY,
        answer=Answer(fields=["Content-Security-Policy: default-src https:", "Content-Security-Policy: img-src *"]),
        expect=Expect(headers={"Content-Security-Policy": ["default-src https:", "img-src *"]}),
    ),
    Row(id="headers/tuple", policy=POLICY, answer=Answer(tuples=True, fields=["X-Own: 1"]), expect=web()),
    Row(
        id="headers/tuple-with-own-value",
        policy=POLICY,
        answer=Answer(tuples=True, fields=["X-Frame-Options: DENY"]),
        expect=web(),
    ),
    Row(
        id="headers/shared-response-does-not-grow",
        policy=POLICY,
        answer=Answer(shared=True, fields=["Content-Type: text/plain", "Set-Cookie: a=b"]),
        times=3,
        expect=Expect(headers=WEB, that=[same_each_time]),
    ),
    Row(
        id="headers/three-chunks-one-start",
        policy=POLICY,
        answer=Answer(chunks=[b"one", b"two", b"three"]),
        expect=Expect(headers=WEB, body=b"onetwothree", that=[lambda outcome: outcome.heads == 1]),
    ),
    Row(
        id="headers/hsts/not-over-http",
        policy=PLAIN,
        ask=Ask(scheme="http"),
        expect=Expect(headers=_without("strict-transport-security"), absent=["strict-transport-security"]),
    ),
    Row(
        id="headers/hsts/the-app's-over-http-is-dropped",
        policy=PLAIN,
        ask=Ask(scheme="http"),
        answer=Answer(fields=["strict-Transport-security: max-age=60"]),
        expect=Expect(absent=["strict-transport-security"]),
    ),
    Row(
        id="headers/hsts/never-for-an-ipv4-host",
        policy=POLICY,
        ask=Ask(host="203.0.113.1"),
        expect=Expect(headers=_without("strict-transport-security"), absent=["strict-transport-security"]),
    ),
    Row(
        id="headers/hsts/never-for-an-ipv6-host",
        policy=POLICY,
        ask=Ask(host="[2001:db8::1]"),
        expect=Expect(headers=_without("strict-transport-security"), absent=["strict-transport-security"]),
    ),
    Row(
        id="headers/hsts/of-the-policy",
        policy=Policy(headers=Headers(hsts=HSTS(max_age=31_536_000, preload=True))),
        expect=Expect(headers={"Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload"}),
    ),
    Row(
        id="headers/hsts/taken-back",
        policy=Policy(headers=Headers(hsts=HSTS(max_age=0, include_subdomains=False))),
        expect=Expect(headers={"Strict-Transport-Security": "max-age=0"}),
    ),
    Row(
        id="headers/framing/sameorigin-moves-frame-ancestors",
        policy=POLICY,
        answer=Answer(fields=["x-frame-OPTIONS: SameOrigin"]),
        expect=Expect(
            headers={
                "X-Frame-Options": "SameOrigin",
                "Content-Security-Policy": CSP_VALUE.replace("ancestors 'none'", "ancestors 'self'"),
            }
        ),
    ),
    Row(
        id="headers/framing/deny-moves-frame-ancestors",
        policy=Policy(headers=Headers(csp=CSP(frame_ancestors=[SELF]))),
        answer=Answer(fields=["X-Frame-Options: DENY"]),
        expect=Expect(headers={"X-Frame-Options": "DENY", "Content-Security-Policy": CSP_VALUE}),
    ),
    Row(
        id="headers/framing/the-app's-csp-says-it-itself",
        policy=POLICY,
        answer=Answer(fields=["X-Frame-Options: SAMEORIGIN", "Content-Security-Policy: frame-ancestors 'none'"]),
        expect=Expect(headers={"X-Frame-Options": "SAMEORIGIN", "Content-Security-Policy": "frame-ancestors 'none'"}),
    ),
    Row(
        id="headers/framing/overridden-does-not-move",
        policy=Policy(headers=Headers(override=["X-Frame-Options"])),
        answer=Answer(fields=["X-Frame-Options: SAMEORIGIN"]),
        expect=web(),
    ),
    Row(
        id="headers/policy/extra-override-remove",
        policy=Policy(headers=Headers(extra={"X-Team": "courts"}, remove=["X-Inner"], override=["X-Team"])),
        answer=Answer(fields=["X-Inner: 1", "x-team: own"]),
        expect=Expect(headers={"X-Team": "courts"}, absent=["x-inner"]),
    ),
    Row(
        id="headers/policy/extra-yields-to-the-app",
        policy=Policy(headers=Headers(extra={"X-Team": "courts"})),
        answer=Answer(fields=["x-team: own"]),
        expect=Expect(headers={"X-Team": "own"}),
    ),
    Row(
        id="headers/policy/false-leaves-out",
        policy=Policy(headers=Headers(csp=False, hsts=False, x_frame_options=False, permissions_policy=False)),
        answer=Answer(nonce="early"),
        expect=Expect(
            headers={"X-Content-Type-Options": "nosniff"},
            absent=["content-security-policy", "strict-transport-security", "x-frame-options", "permissions-policy"],
        ),
    ),
    Row(
        id="headers/policy/none-at-all",
        policy=Policy(headers=False),
        answer=Answer(fields=["X-Own: 1"]),
        expect=Expect(headers={"X-Own": "1"}, absent=[*WEB, "permissions-policy"]),
    ),
    Row(
        id="headers/policy/permissions-part-by-part",
        policy=Policy(headers=Headers(permissions_policy={"geolocation": [SELF, "https://maps.example"]})),
        expect=Expect(
            that=[
                lambda outcome: 'geolocation=(self "https://maps.example")' in outcome.values("permissions-policy")[0],
                lambda outcome: "camera=()" in outcome.values("permissions-policy")[0],
            ]
        ),
    ),
    Row(
        id="headers/policy/two-policies-share-nothing",
        policy=lambda: _second_after_first(),
        expect=web(),
    ),
    Row(
        id="headers/policy/csp-only",
        policy=Policy(headers=Headers(csp=CSP.only(default_src=[NONE]))),
        expect=Expect(headers={"Content-Security-Policy": "default-src 'none'"}),
    ),
    Row(
        id="headers/refusal-of-policy-without-headers",
        policy=Policy(hosts=["booking.example"], headers=False),
        ask=Ask(host="evil.example"),
        expect=refused(400, "hosts.foreign"),
    ),
)


def _second_after_first() -> Policy:
    Policy(headers=Headers(csp=CSP(img_src=["https:"]), extra={"X-First": "1"}))
    return Policy()


ROWS: tuple[Row, ...] = (*_rows(), *SINGLE)
