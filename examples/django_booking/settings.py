"""Django's settings.

``BOOKING_SECRET``, of at least 32 characters, signs cookies and unlock links (without it, they last as long as the
process, and several workers do not share them); ``BOOKING_DATABASE`` is ``sqlite:///`` and a path;
``ADMIN_NETWORKS`` lists from where staff reaches ``/admin/``.
"""

import os
import secrets
from pathlib import Path

from booking import STATIC
from django_booking.security import policy

HERE = Path(__file__).parent

NETGUARD = policy
ALLOWED_HOSTS = sorted({host.partition(":")[0] for host in policy.hosts})
SECRET_KEY = os.environ.get("BOOKING_SECRET") or secrets.token_urlsafe(48)
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024  # bytes; the longest form is far shorter
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50  # the admin's longest form

ROOT_URLCONF = "django_booking.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "netguard.django",
    "django_booking",
]
# No CsrfViewMiddleware: netguard refuses what other sites send, so that forms need no token. No SecurityMiddleware
# and no XFrameOptionsMiddleware: the policy says all of that.
MIDDLEWARE = [
    "netguard.django.NetguardMiddleware",  # around the application in app.py, it only tells who the user is
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_booking.answers.Refusals",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "netguard.django.csp_nonce",
            ],
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("BOOKING_DATABASE", "sqlite:///./booking.sqlite3").removeprefix("sqlite:///"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False  # times are the wall clock at the club

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds
LOGIN_URL = "/login"

STATIC_URL = "/static/"
STATICFILES_DIRS = [STATIC]
