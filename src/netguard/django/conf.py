"""The policy of a Django project: ``NETGUARD`` in its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from netguard.errors import ConfigError
from netguard.plan import Plan
from netguard.policy import Policy
from netguard.serving import is_live

if TYPE_CHECKING:
    from netguard.live import LivePolicy


class SettingsError(ConfigError, ImproperlyConfigured):
    """``NETGUARD`` is missing or no policy."""


def policy_of_settings() -> Policy | Plan | LivePolicy:
    """The policy that ``NETGUARD`` is or names; SettingsError with the mend where there is none."""
    written = getattr(settings, "NETGUARD", None)
    if written is None:
        raise SettingsError("NETGUARD is missing: write NETGUARD = Policy(hosts=[...]) in the settings")
    found = _imported(written) if isinstance(written, str) else written
    if not isinstance(found, Policy | Plan) and not is_live(found):
        raise SettingsError(f"NETGUARD: write Policy(...) or the dotted path of one, not {written!r}")
    return found


def _imported(path: str) -> object:
    try:
        found: object = import_string(path)
    except ImportError as error:
        raise SettingsError(f"NETGUARD: {path!r} cannot be imported: {error}") from error
    return found
