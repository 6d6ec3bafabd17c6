"""What each security header says: the section of a policy that lists them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from netguard.checks import UNSET, header_name, header_value, listing, one_of, section
from netguard.errors import ConfigError
from netguard.headers.csp import CSP
from netguard.headers.hsts import HSTS
from netguard.headers.permissions import check_permissions, permissions_policy

_CHOICES: Final[Mapping[str, tuple[object, ...]]] = {
    "x_content_type_options": ("nosniff", False),
    "referrer_policy": (
        "no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin", "same-origin",
        "strict-origin", "strict-origin-when-cross-origin", "unsafe-url", False,
    ),
    "x_frame_options": ("DENY", "SAMEORIGIN", False),
    "cross_origin_opener_policy": (
        "same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none", False,
    ),
    "cross_origin_resource_policy": ("same-origin", "same-site", "cross-origin", False),
    "cross_origin_embedder_policy": ("require-corp", "credentialless", "unsafe-none", False),
    "origin_agent_cluster": ("?1", "?0", False),
    "x_dns_prefetch_control": ("off", "on", False),
    "x_permitted_cross_domain_policies": ("none", "master-only", "by-content-type", "all", "none-this-response", False),
    "x_xss_protection": ("0", False),
}  # fmt: skip


@section
class Headers:
    """The security headers of every response; what is left unsaid is the preset's, ``False`` leaves a header out.

    A header that the app set itself is kept, except those named in ``override``. ``extra`` adds further constant
    headers. ``remove`` names headers of the app's that disclose something, beside the usual ones (X-Powered-By and
    its kind). Sources: CSP3, RFC 6797, Fetch, HTML, W3C Referrer Policy and Permissions Policy, OWASP Secure Headers.
    """

    csp: CSP | Literal[False] = UNSET
    hsts: HSTS | Literal[False] = UNSET
    x_content_type_options: Literal["nosniff", False] = UNSET
    referrer_policy: str | Literal[False] = UNSET
    x_frame_options: Literal["DENY", "SAMEORIGIN", False] = UNSET
    cross_origin_opener_policy: str | Literal[False] = UNSET
    cross_origin_resource_policy: str | Literal[False] = UNSET
    cross_origin_embedder_policy: str | Literal[False] = UNSET
    permissions_policy: Mapping[str, Sequence[str] | Literal[False]] | Literal[False] = UNSET
    origin_agent_cluster: Literal["?1", "?0", False] = UNSET
    x_dns_prefetch_control: Literal["off", "on", False] = UNSET
    x_permitted_cross_domain_policies: str | Literal[False] = UNSET
    x_xss_protection: Literal["0", False] = UNSET
    cache_control: str | Literal[False] = UNSET
    extra: Mapping[str, str] = dataclasses.field(default_factory=dict)
    override: Sequence[str] = ()
    remove: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            if getattr(self, name) is not UNSET:
                one_of(f"Headers.{name}", getattr(self, name), known)
        _section("csp", self.csp, CSP)
        _section("hsts", self.hsts, HSTS)
        if self.permissions_policy is not UNSET and self.permissions_policy is not False:
            check_permissions(self.permissions_policy)
        if self.cache_control is not UNSET and self.cache_control is not False:
            header_value("Headers.cache_control", self.cache_control)
        self._check_names()

    def _check_names(self) -> None:
        if not isinstance(self.extra, Mapping):
            raise ConfigError(f"Headers.extra: write a mapping as in {{'X-Team': 'courts'}}, not {self.extra!r}")
        for name, value in self.extra.items():
            if header_name("Headers.extra", name).decode() in _OWNED:
                raise ConfigError(f"Headers.extra: {name!r} has a keyword of its own in Headers(...)")
            header_value(f"Headers.extra[{name!r}]", value)
        for where in ("override", "remove"):
            for name in listing(f"Headers.{where}", getattr(self, where), str):
                header_name(f"Headers.{where}", name)

    def over(self, preset: Headers) -> Headers:
        """These headers with what they leave unsaid taken from the preset; CSP and permissions part by part."""
        merged: dict[str, Any] = {
            field.name: getattr(preset, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) is UNSET
        }
        if isinstance(self.csp, CSP) and isinstance(preset.csp, CSP):
            merged["csp"] = self.csp.over(preset.csp)
        if isinstance(self.permissions_policy, Mapping) and isinstance(preset.permissions_policy, Mapping):
            merged["permissions_policy"] = {**preset.permissions_policy, **self.permissions_policy}
        return dataclasses.replace(self, **merged)

    def constant(self) -> Iterator[tuple[bytes, bytes]]:
        """The headers that say the same on every response: all but CSP and HSTS."""
        for name in _CHOICES:
            value = getattr(self, name)
            if value is not False and value is not UNSET:
                yield name.replace("_", "-").encode(), value.encode()
        if isinstance(self.permissions_policy, Mapping):
            value = permissions_policy(self.permissions_policy)
            if value:
                yield b"permissions-policy", value.encode()
        if isinstance(self.cache_control, str):
            yield b"cache-control", self.cache_control.encode()
        for name, value in self.extra.items():
            yield name.lower().encode(), value.encode()


_OWNED: Final = frozenset(name.replace("_", "-") for name in _CHOICES) | {
    "content-security-policy", "strict-transport-security", "permissions-policy", "cache-control", "set-cookie",
    "content-length", "content-type", "transfer-encoding",
}  # fmt: skip


def _section(name: str, value: object, kind: type) -> None:
    if value is not UNSET and value is not False and not isinstance(value, kind):
        raise ConfigError(f"Headers.{name}: write {kind.__name__}(...) or False, not {value!r}")
