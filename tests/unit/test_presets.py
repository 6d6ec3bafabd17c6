"""The headers of each preset, pinned to the letter, and what Google's csp_evaluator says of their policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from netguard import ConfigError, Headers, Policy
from netguard.headers.merge import HeaderMerge
from netguard.messages import Request
from netguard.plan import Plan
from support.csp_evaluator import evaluate

CSP = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "script-src 'self' 'nonce-abc'; style-src 'self' 'nonce-abc'; upgrade-insecure-requests"
)
WEB = {
    "content-security-policy": CSP,
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "origin-agent-cluster": "?1",
    "x-dns-prefetch-control": "off",
    "x-permitted-cross-domain-policies": "none",
    "x-xss-protection": "0",
    "permissions-policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), "
    "local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()",
    "cache-control": "private",
}
STRICT_CSP = (
    "default-src 'none'; base-uri 'none'; connect-src 'self'; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self'; manifest-src 'self'; media-src 'self'; object-src 'none'; "
    "require-trusted-types-for 'script'; script-src 'nonce-abc' 'strict-dynamic'; style-src 'self' 'nonce-abc'; "
    "worker-src 'self'; upgrade-insecure-requests"
)
PRESETS: Mapping[str, tuple[Callable[[], Policy], Mapping[str, str]]] = {
    "web": (Policy.web, WEB),
    "api": (
        Policy.api,
        {
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
            "strict-transport-security": "max-age=63072000; includeSubDomains",
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "no-store",
        },
    ),
    "strict": (
        Policy.strict,
        {
            **WEB,
            "content-security-policy": STRICT_CSP,
            "referrer-policy": "same-origin",
            "cross-origin-embedder-policy": "require-corp",
            "cache-control": "no-store",
        },
    ),
    "legacy": (
        Policy.legacy,
        {**WEB, "x-xss-protection": "1; mode=block", "expect-ct": "max-age=86400, enforce"},
    ),
    "development": (
        Policy.development,
        {
            **{name: value for name, value in WEB.items() if name != "strict-transport-security"},
            "content-security-policy": CSP.removesuffix("; upgrade-insecure-requests"),
        },
    ),
}


def sent(policy: Policy) -> dict[str, str]:
    """The headers of a page that used the nonce ``abc``."""
    assert policy.headers
    request = Request("GET", "/", {}, host="booking.example")
    merged = HeaderMerge(policy.headers, None).merged(request, 200, [], "abc")
    assert len(dict(merged)) == len(merged)
    return {name.decode(): value.decode() for name, value in merged}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sends_exactly_this(name: str) -> None:
    make, expected = PRESETS[name]
    assert sent(make()) == expected


@pytest.mark.needs("csp_evaluator")
@pytest.mark.parametrize("name", PRESETS)
def test_google_s_evaluator_finds_nothing_of_high_severity(name: str) -> None:
    policy = sent(PRESETS[name][0]())["content-security-policy"]
    assert [weakness for weakness in evaluate(policy) if weakness.high] == []


@pytest.mark.needs("csp_evaluator")
def test_google_s_evaluator_does_find_what_is_weak() -> None:
    assert {weakness.value for weakness in evaluate("script-src 'unsafe-inline' https:") if weakness.high} == {
        "'unsafe-inline'",
        "https:",
        None,
    }


def test_legacy_says_that_its_headers_are_obsolete(caplog: pytest.LogCaptureFixture) -> None:
    Plan(Policy.legacy())
    assert "no browser needs" in caplog.text


def test_obsolete_headers_are_for_the_legacy_preset_alone() -> None:
    for headers in (Headers(x_xss_protection="1; mode=block"), Headers(expect_ct="max-age=86400, enforce")):
        with pytest.raises(ConfigError, match=r"Policy\.legacy"):
            Policy(headers=headers)
        assert Policy.legacy(headers=headers).headers
