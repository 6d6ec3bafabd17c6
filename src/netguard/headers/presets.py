"""The presets' headers, a snapshot of what is good practice; a test pins each."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from netguard.headers import Headers
from netguard.headers.csp import CSP, NONCE, NONE, SELF, STRICT_DYNAMIC
from netguard.headers.hsts import HSTS
from netguard.headers.permissions import OFF

_WEB_CSP: Final = CSP.only(
    default_src=[SELF],
    base_uri=[NONE],
    form_action=[SELF],
    frame_ancestors=[NONE],
    object_src=[NONE],
    script_src=[SELF, NONCE],
    style_src=[SELF, NONCE],
    upgrade_insecure_requests=True,
)
_STRICT_CSP: Final = CSP.only(
    default_src=[NONE],
    base_uri=[NONE],
    connect_src=[SELF],
    font_src=[SELF],
    form_action=[SELF],
    frame_ancestors=[NONE],
    img_src=[SELF],
    manifest_src=[SELF],
    media_src=[SELF],
    object_src=[NONE],
    require_trusted_types_for=["'script'"],
    script_src=[NONCE, STRICT_DYNAMIC],
    style_src=[SELF, NONCE],
    worker_src=[SELF],
    upgrade_insecure_requests=True,
)
NOTHING: Final = Headers(
    csp=False,
    hsts=False,
    x_content_type_options=False,
    referrer_policy=False,
    x_frame_options=False,
    cross_origin_opener_policy=False,
    cross_origin_resource_policy=False,
    cross_origin_embedder_policy=False,
    permissions_policy=False,
    origin_agent_cluster=False,
    x_dns_prefetch_control=False,
    x_permitted_cross_domain_policies=False,
    x_xss_protection=False,
    expect_ct=False,
    cache_control=False,
    csp_report_only=False,
    cross_origin_opener_policy_report_only=False,
    cross_origin_embedder_policy_report_only=False,
    permissions_policy_report_only=False,
    integrity_policy=False,
    integrity_policy_report_only=False,
    reporting_endpoints=False,
    report_to=False,
)
WEB: Final = replace(
    NOTHING,
    csp=_WEB_CSP,
    hsts=HSTS(),
    x_content_type_options="nosniff",
    referrer_policy="strict-origin-when-cross-origin",
    x_frame_options="DENY",
    cross_origin_opener_policy="same-origin",
    cross_origin_resource_policy="same-origin",
    permissions_policy=OFF,
    origin_agent_cluster="?1",
    x_dns_prefetch_control="off",
    x_permitted_cross_domain_policies="none",
    x_xss_protection="0",
)
API: Final = replace(
    NOTHING,
    csp=CSP.only(default_src=[NONE], frame_ancestors=[NONE]),
    hsts=HSTS(),
    x_content_type_options="nosniff",
    cross_origin_resource_policy="same-origin",
    cache_control="no-store",
)
STRICT: Final = replace(
    WEB,
    csp=_STRICT_CSP,
    referrer_policy="same-origin",
    cross_origin_embedder_policy="require-corp",
    cache_control="no-store",
)
LEGACY: Final = replace(WEB, x_xss_protection="1; mode=block", expect_ct="max-age=86400, enforce")
DEVELOPMENT: Final = replace(WEB, csp=replace(_WEB_CSP, upgrade_insecure_requests=False), hsts=False)
