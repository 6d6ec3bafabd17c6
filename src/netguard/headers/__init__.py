"""What each security header says: the section of a policy that lists them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from netguard.checks import UNSET, header_name, header_value, listing, one_of, section
from netguard.errors import ConfigError
from netguard.headers.csp import CSP, NONE, SELF
from netguard.headers.hsts import HSTS
from netguard.headers.integrity import IntegrityPolicy
from netguard.headers.permissions import check_permissions
from netguard.headers.reporting import check_endpoints, check_name

_OPENERS: Final = ("same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none", False)
_EMBEDDERS: Final = ("require-corp", "credentialless", "unsafe-none", False)
CHOICES: Final[Mapping[str, tuple[object, ...]]] = {
    "x_content_type_options": ("nosniff", False),
    "referrer_policy": (
        "no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin", "same-origin",
        "strict-origin", "strict-origin-when-cross-origin", "unsafe-url", False,
    ),
    "x_frame_options": ("DENY", "SAMEORIGIN", False),
    "cross_origin_opener_policy": _OPENERS,
    "cross_origin_resource_policy": ("same-origin", "same-site", "cross-origin", False),
    "cross_origin_embedder_policy": _EMBEDDERS,
    "origin_agent_cluster": ("?1", "?0", False),
    "x_dns_prefetch_control": ("off", "on", False),
    "x_permitted_cross_domain_policies": ("none", "master-only", "by-content-type", "all", "none-this-response", False),
    "x_xss_protection": ("0", "1; mode=block", False),  # the second, and Expect-CT, in the legacy preset only
    "expect_ct": ("max-age=86400, enforce", False),
    "cross_origin_opener_policy_report_only": _OPENERS,
    "cross_origin_embedder_policy_report_only": _EMBEDDERS,
}  # fmt: skip
_PERMISSIONS: Final = ("permissions_policy", "permissions_policy_report_only")
_INTEGRITY: Final = ("integrity_policy", "integrity_policy_report_only")
_SECTIONS: Final[Mapping[str, type]] = {
    "csp": CSP, "csp_report_only": CSP, "hsts": HSTS, **dict.fromkeys(_INTEGRITY, IntegrityPolicy),
}  # fmt: skip

_BY_PARTS: Final = (*_PERMISSIONS, "reporting_endpoints")

Permissions = Mapping[str, Sequence[str] | Literal[False]]


@section
class Headers:
    """The security headers of every response; what is left unsaid is the preset's, ``False`` leaves a header out.

    A header that the app set itself is kept, except those named in ``override``. ``extra`` adds further constant
    headers. ``remove`` names headers of the app's that disclose something, beside the usual ones (X-Powered-By and
    its kind). Sources: CSP3, RFC 6797, Fetch, HTML, W3C Referrer Policy and Permissions Policy, OWASP Secure Headers.

    A ``..._report_only`` form goes out beside the enforced one, and browsers only report what it would have blocked;
    ``csp_report_only`` starts from the enforced CSP (from the preset's where that is False) and replaces what it names.
    ``reporting_endpoints`` maps names to URLs; ``report_to`` is the name that the policies for openers, embedders,
    permissions and integrity send their reports to. A CSP has a ``report_to`` of its own.
    """

    csp: CSP | Literal[False] = UNSET
    hsts: HSTS | Literal[False] = UNSET
    x_content_type_options: Literal["nosniff", False] = UNSET
    referrer_policy: str | Literal[False] = UNSET
    x_frame_options: Literal["DENY", "SAMEORIGIN", False] = UNSET
    cross_origin_opener_policy: str | Literal[False] = UNSET
    cross_origin_resource_policy: str | Literal[False] = UNSET
    cross_origin_embedder_policy: str | Literal[False] = UNSET
    permissions_policy: Permissions | Literal[False] = UNSET
    origin_agent_cluster: Literal["?1", "?0", False] = UNSET
    x_dns_prefetch_control: Literal["off", "on", False] = UNSET
    x_permitted_cross_domain_policies: str | Literal[False] = UNSET
    x_xss_protection: Literal["0", "1; mode=block", False] = UNSET
    expect_ct: Literal["max-age=86400, enforce", False] = UNSET
    cache_control: str | Literal[False] = UNSET
    csp_report_only: CSP | Literal[False] = UNSET
    cross_origin_opener_policy_report_only: str | Literal[False] = UNSET
    cross_origin_embedder_policy_report_only: str | Literal[False] = UNSET
    permissions_policy_report_only: Permissions | Literal[False] = UNSET
    integrity_policy: IntegrityPolicy | Literal[False] = UNSET
    integrity_policy_report_only: IntegrityPolicy | Literal[False] = UNSET
    reporting_endpoints: Mapping[str, str] | Literal[False] = UNSET
    report_to: str | Literal[False] = UNSET
    extra: Mapping[str, str] = dataclasses.field(default_factory=dict)
    override: Sequence[str] = ()
    remove: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if getattr(self, name) is not UNSET:
                one_of(f"Headers.{name}", getattr(self, name), known)
        for name, kind in _SECTIONS.items():
            _section(name, getattr(self, name), kind)
        if isinstance(self.csp_report_only, CSP):
            self.csp_report_only.check_observable()
        for name in _PERMISSIONS:
            if _said(getattr(self, name)):
                check_permissions(getattr(self, name))
        if _said(self.cache_control):
            header_value("Headers.cache_control", self.cache_control)
        self._check_names()
        self._check_reporting()

    def _check_names(self) -> None:
        if not isinstance(self.extra, Mapping):
            raise ConfigError(f"Headers.extra: write a mapping as in {{'X-Team': 'courts'}}, not {self.extra!r}")
        if len({str(name).lower() for name in self.extra}) < len(self.extra):
            raise ConfigError(f"Headers.extra: names differ only in case: {sorted(self.extra)!r}")
        for name, value in self.extra.items():
            if header_name("Headers.extra", name).decode() in _OWNED:
                raise ConfigError(f"Headers.extra: {name!r} has a keyword of its own in Headers(...)")
            header_value(f"Headers.extra[{name!r}]", value)
        for where in ("override", "remove"):
            for name in listing(f"Headers.{where}", getattr(self, where), str):
                if header_name(f"Headers.{where}", name).decode() in _FRAMING:
                    raise ConfigError(f"Headers.{where}: {name!r} belongs to the app's response and stays")

    def _check_reporting(self) -> None:
        if _said(self.reporting_endpoints):
            check_endpoints(self.reporting_endpoints)
        if _said(self.report_to):
            check_name("Headers.report_to", self.report_to)
        named = dict(self.reporting_endpoints or {}) if isinstance(self.reporting_endpoints, Mapping) else {}
        for name, path in (pair for csp in self.policies() for pair in csp.endpoint().items()):
            if named.setdefault(name, path) != path:
                mend = "name this one by CSP(report_to=...)"
                raise ConfigError(f"CSP.report_path: the endpoint {name!r} is {named[name]!r} already: {mend}")

    def over(self, preset: Headers) -> Headers:
        """These headers with what they leave unsaid taken from the preset; mappings and CSPs part by part."""
        merged: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            mine, theirs = getattr(self, field.name), getattr(preset, field.name)
            if mine is UNSET:
                merged[field.name] = theirs
            elif field.name in _BY_PARTS and isinstance(mine, Mapping) and isinstance(theirs, Mapping):
                merged[field.name] = {**theirs, **mine}
        if isinstance(self.csp, CSP) and isinstance(preset.csp, CSP):
            merged["csp"] = self.csp.over(preset.csp)
        merged["csp"] = self._framed(merged.get("csp", self.csp))
        if isinstance(self.csp_report_only, CSP):
            begun = (preset.csp_report_only, merged.get("csp", self.csp), preset.csp)
            base = next((csp for csp in begun if isinstance(csp, CSP)), CSP())
            merged["csp_report_only"] = self.csp_report_only.over(base.observed())
        return dataclasses.replace(self, **merged)

    def _framed(self, csp: CSP | Literal[False]) -> CSP | Literal[False]:
        """The CSP with the frame-ancestors of X-Frame-Options where only that was written: they overrule it."""
        inherited = self.csp is UNSET or (isinstance(self.csp, CSP) and self.csp.frame_ancestors is UNSET)
        if not (inherited and isinstance(csp, CSP) and csp.frame_ancestors and _said(self.x_frame_options)):
            return csp
        return (
            csp
            if csp.frame_ancestors is UNSET
            else dataclasses.replace(csp, frame_ancestors=_ANCESTORS[str(self.x_frame_options)])
        )

    def policies(self) -> tuple[CSP, ...]:
        """The CSPs that are sent: the enforced one first."""
        return tuple(csp for csp in (self.csp, self.csp_report_only) if isinstance(csp, CSP))

    def report_paths(self) -> tuple[str, ...]:
        """The paths at which netguard receives reports."""
        return tuple(csp.report_path for csp in self.policies() if isinstance(csp.report_path, str))


_ANCESTORS: Final = {"DENY": [NONE], "SAMEORIGIN": [SELF]}
_FRAMING: Final = frozenset({"set-cookie", "content-type", "content-length", "transfer-encoding"})
_OWNED: Final = frozenset(name.replace("_", "-") for name in (*CHOICES, *_PERMISSIONS, *_INTEGRITY)) | {
    "content-security-policy", "content-security-policy-report-only", "strict-transport-security", "cache-control",
    "reporting-endpoints", "set-cookie", "content-length", "content-type", "transfer-encoding",
}  # fmt: skip


def _said(value: object) -> bool:
    return value is not UNSET and value is not False


def _section(name: str, value: object, kind: type) -> None:
    if _said(value) and not isinstance(value, kind):
        raise ConfigError(f"Headers.{name}: write {kind.__name__}(...) or False, not {value!r}")
