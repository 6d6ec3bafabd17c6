"""Permissions-Policy (W3C Permissions Policy, 5): which powerful features a page may use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from netguard.checks import listing, nearest
from netguard.errors import ConfigError
from netguard.structured import Bare, InnerList, Item, Token, dictionary

_OFF: Final = (
    "accelerometer camera display-capture geolocation gyroscope hid local-fonts magnetometer microphone "
    "midi payment serial usb xr-spatial-tracking"
).split()
OFF: Final[Mapping[str, Sequence[str]]] = dict.fromkeys(_OFF, ())
_KNOWN: Final = frozenset(OFF) | frozenset(
    "ambient-light-sensor attribution-reporting autoplay battery bluetooth browsing-topics captured-surface-control "
    "clipboard-read clipboard-write compute-pressure cross-origin-isolated deferred-fetch deferred-fetch-minimal "
    "digital-credentials-get document-domain encrypted-media fullscreen gamepad identity-credentials-get "
    "idle-detection interest-cohort join-ad-interest-group keyboard-map language-detector language-model "
    "otp-credentials picture-in-picture private-state-token-issuance private-state-token-redemption "
    "publickey-credentials-create publickey-credentials-get run-ad-auction screen-wake-lock shared-storage "
    "speaker-selection storage-access summarizer sync-xhr translator unload vertical-scroll web-share "
    "window-management".split()
)
_ORIGIN: Final = re.compile(r"(?:https?|wss?)://[^\s\"\\;,()]+\Z")


def permissions_policy(features: Mapping[str, Sequence[str] | bool], report_to: str | None = None) -> str:
    """The header's value for features and who may use them: ``[]`` nobody, ``["'self'", "https://maps.example"]``.

    ``False`` leaves a feature of the preset unsaid. Each feature names the endpoint that learns of its violations;
    without a name browsers take the one called ``default`` (Permissions Policy, 7.1).
    """
    named = {} if report_to in {None, "default"} else {"report-to": Token(report_to or "")}
    said = {feature: _allowlist(feature, who) for feature, who in sorted(features.items()) if who is not False}
    return dictionary({feature: _reported(allowed, named) for feature, allowed in said.items()})


def _reported(allowed: Token | InnerList, named: Mapping[str, Bare]) -> Item | InnerList:
    return replace(allowed, parameters=named) if isinstance(allowed, InnerList) else Item(allowed, named)


def check_permissions(features: object) -> None:
    """Refuse misspelt features and allowlists that no browser would read."""
    if not isinstance(features, Mapping):
        raise ConfigError(f"Headers.permissions: write a mapping as in {{'geolocation': []}}, not {features!r}")
    for feature, who in features.items():
        if feature not in _KNOWN:
            raise ConfigError(f"Headers.permissions: no feature {feature!r}{nearest(str(feature), _KNOWN)}")
        if who is not False:
            _allowlist(feature, who)


def _allowlist(feature: str, who: object) -> Token | InnerList:
    where = f"Headers.permissions[{feature!r}]"
    items = listing(where, who, str)
    if "*" in items:
        if len(items) > 1:
            raise ConfigError(f"{where}: '*' stands alone, not beside {items!r}")
        return Token("*")
    return InnerList(tuple(_item(where, item) for item in items))


def _item(where: str, item: str) -> str:
    if item in {"'self'", "self"}:
        return Token("self")
    if _ORIGIN.match(item) and item.isascii():
        return item
    raise ConfigError(f"{where}: {item!r} is neither SELF nor an origin such as 'https://maps.example'")
