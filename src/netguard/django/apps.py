"""The app for ``INSTALLED_APPS``: template tag and system checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from netguard.django.checks import check_settings


class NetguardConfig(AppConfig):
    """``"netguard.django"`` in ``INSTALLED_APPS``."""

    name = "netguard.django"
    label = "netguard"
    verbose_name = "netguard"

    def ready(self) -> None:
        """Register the system checks."""
        checks.register(check_settings, checks.Tags.security)
