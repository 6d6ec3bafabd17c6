"""Every configuration error comes at start-up, and its message names the value and the mend."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netguard import CSP, HSTS, HTTPS, NONE, SELF, ConfigError, Cookies, Headers, Origin, Policy, Proxies
from netguard.networks import NetworkSet


def csp(**directives: object) -> Callable[[], object]:
    return lambda: CSP(**directives)  # type: ignore[arg-type]


def policy(**keywords: object) -> Callable[[], object]:
    return lambda: Policy(**keywords)  # type: ignore[arg-type]


def headers(**keywords: object) -> Callable[[], object]:
    return lambda: Headers(**keywords)  # type: ignore[arg-type]


# what is written -> what the message must say: the value, then the mend
SOURCES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "unquoted-self": (csp(script_src=["self"]), ["script-src", "\"'self'\"", "SELF", "not self"]),
    "unquoted-none": (csp(object_src=["none"]), ["object-src", "\"'none'\"", "NONE"]),
    "unquoted-unsafe-inline": (csp(style_src=["unsafe-inline"]), ["style-src", "\"'unsafe-inline'\""]),
    "unquoted-strict-dynamic": (csp(script_src=["strict-dynamic"]), ["\"'strict-dynamic'\"", "STRICT_DYNAMIC"]),
    "unquoted-capitals": (csp(script_src=["SELF"]), ["script-src", "SELF"]),
    "unquoted-hash": (csp(script_src=["sha256-abc="]), ["script-src", "\"'sha256-abc='\""]),
    "misspelt-directive": (lambda: CSP(scrpt_src=[SELF]), ["'scrpt_src'", "did you mean 'script_src'"]),  # type: ignore[call-arg]
    "misspelt-directive-in-only": (lambda: CSP.only(img_source=[SELF]), ["'img_source'", "did you mean 'img_src'"]),
    "unknown-keyword": (csp(script_src=["'unsafe-inlin'"]), ["'unsafe-inlin'", "did you mean", "'unsafe-inline'"]),
    "unknown-keyword-dynamic": (csp(script_src=["'strict-dinamic'"]), ["'strict-dinamic'", "'strict-dynamic'"]),
    "keyword-in-capitals": (csp(script_src=["'Self'"]), ["'Self'", "'self'"]),
    "constant-nonce": (csp(script_src=["'nonce-abc'"]), ["'nonce-abc'", "NONCE"]),
    "line-break": (csp(img_src=["https://a.example\r\nSet-Cookie: x"]), ["img-src", r"\r\n", "one source an entry"]),
    "line-feed-at-the-end": (csp(img_src=["https://a.example\n"]), ["img-src", r"\n"]),
    "non-latin-1": (csp(img_src=["https://\u20ac.example"]), ["img-src", "https://", "ASCII"]),
    "latin-1": (csp(img_src=["https://b\xfccher.example"]), ["img-src", "ASCII"]),
    "semicolon": (csp(img_src=["https://a.example;img-src *"]), ["'https://a.example;img-src *'", "one source"]),
    "comma": (csp(img_src=["https://a.example,*"]), ["'https://a.example,*'", "one source"]),
    "space": (csp(img_src=["'self' https:"]), ["img-src", "one source an entry"]),
    "empty-source": (csp(img_src=[""]), ["img-src", "''"]),
    "none-beside-others": (csp(object_src=[NONE, SELF]), ["object-src", "'none'", "alone", "'self'"]),
    "empty-list": (csp(img_src=[]), ["img-src", "NONE", "False"]),
    "string-for-a-list": (csp(img_src="'self'"), ["img-src", "'self'", "list", "["]),
    "mapping-for-a-list": (csp(img_src={"a": 1}), ["img-src", "list"]),
    "number-in-a-list": (csp(img_src=[1]), ["img-src", "1"]),
    "no-source": (csp(img_src=["https://"]), ["img-src", "'https://'", "host"]),
    "bad-hash": (csp(script_src=["'sha1-abc='"]), ["script-src", "'sha1-abc='"]),
    "boolean-directive": (csp(upgrade_insecure_requests=["x"]), ["upgrade-insecure-requests", "True"]),
    "sandbox-token": (csp(sandbox=["allow scripts"]), ["sandbox", "allow scripts"]),
    "nothing-at-all": (
        lambda: __import__("netguard.plan").plan.Plan(Policy(headers=Headers(csp=CSP.only()))),
        ["CSP", "csp=False"],
    ),
}

VALUES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "extra-line-break": (headers(extra={"X-A": "b\r\nSet-Cookie: x"}), ["X-A", r"b\r\nSet-Cookie: x", "line breaks"]),
    "extra-non-latin-1": (headers(extra={"X-A": "\u20ac"}), ["X-A", "ASCII"]),
    "extra-empty": (headers(extra={"X-A": ""}), ["X-A", "''"]),
    "extra-name": (headers(extra={"X A": "b"}), ["'X A'", "header name"]),
    "extra-name-line-break": (headers(extra={"X-A\r\n": "b"}), [r"X-A\r\n"]),
    "extra-owned": (headers(extra={"Content-Security-Policy": "x"}), ["Content-Security-Policy", "keyword"]),
    "extra-list": (headers(extra=["X-A: b"]), ["X-A: b", "mapping"]),
    "override-string": (headers(override="X-Frame-Options"), ["override", "'X-Frame-Options'", "list"]),
    "remove-name": (headers(remove=["X:A"]), ["remove", "'X:A'"]),
    "cache-control-line-break": (headers(cache_control="no-store\n"), ["cache_control", r"no-store\n"]),
    "misspelt-referrer-policy": (headers(referrer_policy="same-orgin"), ["'same-orgin'", "did you mean 'same-origin'"]),
    "frame-options": (headers(x_frame_options="ALLOWALL"), ["'ALLOWALL'", "'DENY'"]),
    "frame-options-case": (headers(x_frame_options="deny"), ["'deny'", "'DENY'"]),
    "true-for-a-value": (headers(x_content_type_options=True), ["True", "'nosniff'"]),
    "csp-as-text": (headers(csp="default-src 'self'"), ["default-src 'self'", "CSP(...)"]),
    "hsts-as-text": (headers(hsts="max-age=60"), ["max-age=60", "HSTS(...)"]),
    "feature": (headers(permissions_policy={"geolocaton": []}), ["'geolocaton'", "did you mean 'geolocation'"]),
    "feature-origin": (headers(permissions_policy={"camera": ["maps.example"]}), ["'maps.example'", "https://"]),
    "feature-string": (headers(permissions_policy={"camera": "self"}), ["camera", "'self'", "list"]),
    "feature-star-beside": (headers(permissions_policy={"camera": ["*", SELF]}), ["camera", "'*'", "alone"]),
    "misspelt-header": (lambda: Headers(x_frame_option="DENY"), ["'x_frame_option'", "did you mean 'x_frame_options'"]),  # type: ignore[call-arg]
    "hsts-negative": (lambda: HSTS(max_age=-1), ["max_age", "-1"]),
    "hsts-boolean": (lambda: HSTS(max_age=True), ["max_age", "True"]),
    "hsts-preload-too-short": (lambda: HSTS(max_age=60, preload=True), ["preload", "31536000"]),
    "hsts-preload-without-subdomains": (lambda: HSTS(include_subdomains=False, preload=True), ["include_subdomains"]),
    "cookies-same-site": (lambda: Cookies(same_site="lax"), ["'lax'", "'Lax'"]),  # type: ignore[arg-type]
    "cookies-number-for-boolean": (lambda: Cookies(secure=1), ["secure", "1"]),  # type: ignore[arg-type]
}

POLICIES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "hosts-string": (policy(hosts="booking.example"), ["hosts", "'booking.example'", "['booking.example']"]),
    "hosts-star": (policy(hosts=["*"]), ["hosts", "'*'", "list your own"]),
    "hosts-url": (policy(hosts=["https://booking.example"]), ["'https://booking.example'", "without scheme"]),
    "hosts-path": (policy(hosts=["booking.example/x"]), ["'booking.example/x'", "path"]),
    "hosts-port": (policy(hosts=["booking.example:70000"]), ["'booking.example:70000'"]),
    "hosts-inner-star": (policy(hosts=["a.*.example"]), ["'a.*.example'", "'*.club.example'"]),
    "hosts-star-without-dot": (policy(hosts=["*club.example"]), ["'*club.example'"]),
    "hosts-non-ascii": (policy(hosts=["b\xfccher.example"]), ["b\xfccher.example"]),
    "hosts-ipv6-without-brackets": (policy(hosts=["2001:db8::1"]), ["'2001:db8::1'"]),
    "hosts-number": (policy(hosts=[1]), ["hosts", "1"]),
    "proxies-string": (policy(proxies="10.0.0.0/8"), ["proxies", "'10.0.0.0/8'", "list"]),
    "proxies-host-bits": (policy(proxies=["10.1.2.3/8"]), ["'10.1.2.3/8'", "host bits", "'10.0.0.0/8'"]),
    "proxies-bad-cidr": (policy(proxies=["10.0.0.0/33"]), ["'10.0.0.0/33'", "CIDR"]),
    "proxies-name": (policy(proxies=["nginx"]), ["'nginx'", "CIDR"]),
    "proxies-star": (policy(proxies=["*"]), ["'*'", "CIDR"]),
    "proxies-zone": (policy(proxies=["fe80::1%eth0"]), ["'fe80::1%eth0'", "zone"]),
    "proxies-family": (lambda: Proxies(family="x-forwaded"), ["'x-forwaded'", "did you mean 'x-forwarded'"]),  # type: ignore[arg-type]
    "proxies-hops": (lambda: Proxies(hops=0), ["hops", "0"]),
    "networks-ipv6-host-bits": (lambda: NetworkSet(["2001:db8::1/32"]), ["'2001:db8::1/32'", "'2001:db8::/32'"]),
    "networks-string": (lambda: NetworkSet("10.0.0.0/8"), ["'10.0.0.0/8'", "list"]),
    "networks-short": (lambda: NetworkSet(["10/8"]), ["'10/8'"]),
    "misspelt-keyword": (policy(hsots=["booking.example"]), ["'hsots'", "did you mean 'hosts'"]),
    "misspelt-keyword-of-a-preset": (lambda: Policy.api(orgin=False), ["'orgin'", "did you mean 'origin'"]),
    "positional": (lambda: Policy(["booking.example"]), ["booking.example", "name each argument"]),  # type: ignore[call-arg]
    "preset": (lambda: Policy(preset="wep"), ["'wep'", "did you mean 'web'"]),  # type: ignore[arg-type]
    "https-true": (policy(https=True), ["https", "True", "HTTPS(...)"]),
    "headers-none": (policy(headers=None), ["headers", "None", "Headers(...)", "False"]),
    "origin-list": (policy(origin=["https://pay.example"]), ["origin", "Origin(...)"]),
    "events-not-callable": (policy(events=["log"]), ["events", "'log'"]),
    "events-not-a-list": (policy(events=print), ["events", "list"]),
    "open-in-production": (policy(open=True), ["open", "development"]),
    "exempt-string": (policy(exempt="/health"), ["exempt", "'/health'", "list"]),
    "exempt-without-slash": (policy(exempt=["health"]), ["exempt", "'health'", "'/'"]),
    "exempt-method": (policy(exempt=["get /health"]), ["exempt", "'get'", "capitals"]),
    "exempt-inner-star": (policy(exempt=["/a*b"]), ["exempt", "'/a*b'"]),
    "exempt-encoded": (policy(exempt=["/a%20b"]), ["exempt", "decoded"]),
    "exempt-dots": (policy(exempt=["/a/../b"]), ["exempt", "dots"]),
    "exempt-query": (policy(exempt=["/a?b"]), ["exempt", "'?'"]),
    "exempt-brace": (policy(exempt=["/a/{id"]), ["exempt", "{name}"]),
    "https-status": (lambda: HTTPS(status=302), ["302", "308"]),  # type: ignore[arg-type]
    "https-mode": (lambda: HTTPS(mode="shadow"), ["'shadow'", "'report'"]),  # type: ignore[arg-type]
    "https-ports": (lambda: HTTPS(ports={8080: 0}), ["ports", "0"]),
    "https-ports-list": (lambda: HTTPS(ports=[8080]), ["ports", "mapping"]),  # type: ignore[arg-type]
    "https-refuse-string": (lambda: HTTPS(refuse="/api/*"), ["refuse", "'/api/*'", "list"]),
    "origin-trusted-path": (lambda: Origin(trusted=["https://a.example/"]), ["'https://a.example/'", "nothing else"]),
    "origin-trusted-host": (lambda: Origin(trusted=["pay.example"]), ["'pay.example'", "'https://pay.example'"]),
    "origin-trusted-star": (lambda: Origin(trusted=["https://*.pay.example"]), ["'https://*.pay.example'"]),
    "origin-trusted-null": (lambda: Origin(trusted=["null"]), ["'null'"]),
    "origin-trusted-string": (lambda: Origin(trusted="https://pay.example"), ["trusted", "list"]),
    "origin-bypass": (lambda: Origin(bypass=["POST hooks"]), ["bypass", "'POST hooks'", "'/'"]),
    "origin-mode": (lambda: Origin(mode="off"), ["'off'", "'enforce'"]),  # type: ignore[arg-type]
    "origin-token": (lambda: Origin(token="cookie"), ["Origin.token", "'cookie'", "True"]),  # type: ignore[arg-type]
    "origin-token-and-require": (lambda: Origin(token=True, require=True), ["Origin.require", "token=True", "one of"]),
    "origin-token-without-secrets": (
        policy(origin=Origin(token=True)), ["Origin.token", "secrets", "NETGUARD_SECRETS", "token_urlsafe(32)"]
    ),
    "origin-session-without-token": (lambda: Origin(session="sid"), ["Origin.session", "'sid'", "token=True"]),
    "origin-session-no-name": (lambda: Origin(token=True, session="a=b"), ["Origin.session", "'a=b'", "'sessionid'"]),
    "origin-session-none": (lambda: Origin(token=True, session=None), ["Origin.session", "None"]),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize(
    ("write", "said"),
    [
        pytest.param(*case, id=f"{part}/{key}")
        for part, cases in (("csp", SOURCES), ("headers", VALUES), ("policy", POLICIES))
        for key, case in cases.items()
    ],
)
def test_wrong_configuration_names_value_and_mend(write: Callable[[], object], said: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        write()
    assert [part for part in said if part not in str(raised.value)] == [], str(raised.value)
    assert "\n" not in str(raised.value)


def test_config_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="hosts"):
        Policy(hosts="booking.example")
