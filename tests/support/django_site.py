"""Django's settings for this process, configured once: they are global, so that every test overrides what it needs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import django
from django.conf import settings

PROCESSORS = ["django.template.context_processors.request", "netguard.django.csp_nonce"]
DATABASE = Path(tempfile.gettempdir()) / f"netguard-{os.getpid()}.sqlite3"  # each process of a test run has its own


def configure() -> None:
    """Configure and set up Django, unless that was done before."""
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="of the tests, and long enough that no check of Django's complains",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=(),
        MIDDLEWARE=[],
        INSTALLED_APPS=[
            "django.contrib.admin.apps.SimpleAdminConfig",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "netguard.django",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"context_processors": PROCESSORS},
            }
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # fast: these passwords protect nothing
        LOGGING_CONFIG=None,
        USE_TZ=True,
    )
    django.setup()
