"""NETGUARD in Django's settings, and the system checks about what stands beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, override_settings
from django.urls import path

from netguard import ConfigError, Policy
from netguard.django import get_asgi_application, get_wsgi_application
from scenarios.django_driver import ENTRY, POLICY, plain
from support.django_site import configure

configure()


SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        pytest.param(None, "NETGUARD = Policy", id="missing"),
        pytest.param({"hosts": []}, "Policy\\(...\\)", id="no-policy"),
        pytest.param("nowhere.policy", "cannot be imported", id="no-module"),
        pytest.param(f"{__name__}.nothing", "cannot be imported", id="no-name"),
        pytest.param(f"{__name__}.plain", "dotted path of one", id="path-of-something-else"),
    ],
)
@pytest.mark.parametrize("make", [get_wsgi_application, get_asgi_application, WSGIHandler, ASGIHandler])
def test_a_missing_or_wrong_policy_stops_the_start(make: Callable[[], object], written: object, mend: str) -> None:
    with override_settings(NETGUARD=written, MIDDLEWARE=[ENTRY]):
        for error in (ImproperlyConfigured, ConfigError):
            with pytest.raises(error, match=mend):
                make()
        assert [message.id for message in run_checks()] == ["netguard.E001"]


def test_a_dotted_path_names_the_policy() -> None:
    with override_settings(NETGUARD=f"{__name__}.POLICY", MIDDLEWARE=[ENTRY], ROOT_URLCONF=(path("", plain),)):
        response = Client(headers={"host": "booking.example"}).get("/", secure=True)
        foreign = Client(headers={"host": "evil.example"}).get("/", secure=True)
    assert (response.status_code, foreign.status_code) == (200, 400)


XFO = "django.middleware.clickjacking.XFrameOptionsMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
NONE: dict[str, Any] = {"MIDDLEWARE": [ENTRY], "ALLOWED_HOSTS": ["booking.example"]}
TWO = Policy(hosts=["booking.example", "*.club.example", "[::1]:8000"])


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"MIDDLEWARE": []}, [], id="wrapped"),
        pytest.param({"MIDDLEWARE": [UPDATE, ENTRY]}, [], id="behind-the-cache"),
        pytest.param({"MIDDLEWARE": [SESSION, ENTRY]}, ["W001"], id="not-first"),
        pytest.param({"MIDDLEWARE": [ENTRY, SECURITY]}, ["W002"], id="security-middleware"),
        pytest.param({"SECURE_SSL_REDIRECT": True}, ["W003"], id="redirect"),
        pytest.param({"SECURE_HSTS_SECONDS": 60}, ["W004"], id="hsts"),
        pytest.param({"SECURE_PROXY_SSL_HEADER": ("HTTP_X", "on")}, ["W005"], id="proxy-header"),
        pytest.param({"USE_X_FORWARDED_HOST": True, "USE_X_FORWARDED_PORT": True}, ["W006", "W006"], id="forwarded"),
        pytest.param({"MIDDLEWARE": [ENTRY, XFO]}, ["W007"], id="framing"),
        pytest.param({"SECURE_CSP": {"default-src": ["*"]}}, ["W008"], id="csp"),
        pytest.param({"SECURE_SSL_REDIRECT": True, "NETGUARD": Policy(hosts=["booking.example"], https=False)}, [],
                     id="redirect-alone"),
        pytest.param({"ALLOWED_HOSTS": []}, ["W009"], id="allowed-hosts-empty"),
        pytest.param({"ALLOWED_HOSTS": ["*"]}, [], id="allowed-hosts-any"),
        pytest.param({"ALLOWED_HOSTS": ["booking.example", "old.example"]}, ["W010"], id="allowed-hosts-more"),
        pytest.param({"NETGUARD": TWO}, ["W009"], id="hosts-more"),
        pytest.param({"NETGUARD": TWO, "ALLOWED_HOSTS": ["booking.example", ".club.example", "[::1]"]}, [], id="hosts"),
        pytest.param({"NETGUARD": Policy.development()}, ["W011"], id="development-policy"),
        pytest.param({"NETGUARD": Policy.development(), "DEBUG": True, "ALLOWED_HOSTS": []}, [], id="development"),
    ],
)  # fmt: skip
def test_system_checks(changed: dict[str, Any], found: list[str]) -> None:
    with override_settings(**{**NONE, "NETGUARD": POLICY, **changed}):
        told = run_checks()
    assert [message.id for message in told] == [f"netguard.{code}" for code in found]
    assert all(message.hint and message.hint.endswith(".") for message in told)


def run_checks() -> list[CheckMessage]:
    """netguard's, as ``manage.py check`` runs them."""
    return [message for message in checks.run_checks() if (message.id or "").startswith("netguard.")]
