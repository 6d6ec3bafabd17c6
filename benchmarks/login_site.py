"""A Django project that logs in by Django's own view, or allauth's, with one of the packages that lock accounts.

Each allows five failures in fifteen minutes for an account and for a client, set as its documentation says. ``python -m
benchmarks.races`` serves it; the environment names the package, a folder for its files and a Redis.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings
from django.core.management import call_command

from netguard import Lockout, Policy, form, redirected

TRIES: Final = 5
MINUTES: Final = 15
MEMORY: Final = "memory://"

_VIEWS: Final = "benchmarks.login_views"
_PAGES: Final = dict.fromkeys(("registration/login.html", "account/login.html"), "{{ form }}")
_CACHES: Final = "django.core.cache.backends"
_SECONDS: Final = MINUTES * 60


def configure(package: str, folder: Path, store: str) -> None:
    """The settings of a project with this package and its files in that folder."""
    redis = store != MEMORY
    cache = {"BACKEND": f"{_CACHES}.redis.RedisCache", "LOCATION": store}
    own: dict[str, Any] = _PACKAGES[package]
    settings.configure(
        **{
            "SECRET_KEY": "of the benchmarks, and long enough for any check",
            "ALLOWED_HOSTS": ["localhost"],
            "ROOT_URLCONF": _VIEWS,
            "DATABASES": {"default": _database(folder)},
            "CACHES": {"default": cache if redis else {"BACKEND": f"{_CACHES}.locmem.LocMemCache"}},
            "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
            "AUTHENTICATION_BACKENDS": [*own.get("backends", ()), f"{_VIEWS}.CountingBackend"],
            "INSTALLED_APPS": ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                               "django.contrib.messages", *own.get("apps", ())],
            "MIDDLEWARE": [f"{_VIEWS}.without_token", "django.contrib.sessions.middleware.SessionMiddleware",
                           "django.contrib.auth.middleware.AuthenticationMiddleware",
                           "django.contrib.messages.middleware.MessageMiddleware", *own.get("middleware", ())],
            "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {
                "context_processors": ["django.template.context_processors.request"],
                "loaders": [("django.template.loaders.locmem.Loader", _PAGES),
                            "django.template.loaders.app_directories.Loader"]}}],
            "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
            "LOGIN_REDIRECT_URL": "/home",
            "USE_TZ": True,
            "LOGGING_CONFIG": None,
            "NETGUARD": policy(store),
            "DEFENDER_REDIS_URL": store,
            **own.get("settings", {}),
        }
    )  # fmt: skip
    django.setup()


def policy(store: str = MEMORY, tries: int = TRIES) -> Policy:
    """Five failures in fifteen minutes for an account and for a client."""
    windows = f"{tries}/{MINUTES} minutes"
    lockout = Lockout(
        on="POST /login", username=form("username"), success=redirected(), tries=windows, client_tries=windows,
        cap=max(100, tries),
    )  # fmt: skip
    secret = "of the benchmarks, and long enough for any check"
    return Policy(hosts=["localhost:*"], https=False, lockout=lockout, store=store, secrets=[secret])


def _database(folder: Path) -> dict[str, Any]:
    options = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "database.sqlite3"), "OPTIONS": options}


_AXES: Final[dict[str, Any]] = {
    "apps": ["axes"],
    "backends": ["axes.backends.AxesStandaloneBackend"],
    "middleware": ["axes.middleware.AxesMiddleware"],
}
_AXES_SETTINGS: Final = {
    "AXES_FAILURE_LIMIT": TRIES,
    "AXES_COOLOFF_TIME": timedelta(minutes=MINUTES),
    "AXES_LOCKOUT_PARAMETERS": ["username", "ip_address"],
    "AXES_VERBOSE": False,
}
_PACKAGES: Final[dict[str, dict[str, Any]]] = {
    "netguard": {},
    "django-axes, database": {**_AXES, "settings": _AXES_SETTINGS},
    "django-axes, cache": {
        **_AXES,
        "settings": {**_AXES_SETTINGS, "AXES_HANDLER": "axes.handlers.cache.AxesCacheHandler"},
    },
    "django-defender": {
        "apps": ["defender"],
        "middleware": ["defender.middleware.FailedLoginMiddleware"],
        "settings": {"DEFENDER_LOGIN_FAILURE_LIMIT": TRIES, "DEFENDER_COOLOFF_TIME": _SECONDS},
    },
    "django-allauth": {
        "apps": ["allauth", "allauth.account"],
        "middleware": ["allauth.account.middleware.AccountMiddleware"],
        "settings": {
            "ACCOUNT_LOGIN_METHODS": {"username"},
            "ACCOUNT_SIGNUP_FIELDS": ["username*", "password1*"],
            "ACCOUNT_EMAIL_VERIFICATION": "none",
            "ACCOUNT_RATE_LIMITS": {"login_failed": f"{TRIES}/{_SECONDS}s/ip,{TRIES}/{_SECONDS}s/key"},
        },
    },
}
PACKAGES: Final = tuple(_PACKAGES)


def migrate() -> None:
    """Make the tables."""
    call_command("migrate", verbosity=0)


def served() -> Any:
    """The WSGI app that the environment names; it counts the passwords that it evaluates."""
    folder, package = Path(os.environ["LOGIN_FOLDER"]), os.environ["LOGIN_PACKAGE"]
    configure(package, folder, os.environ["LOGIN_STORE"])
    if package == "netguard":
        from netguard.django import get_wsgi_application

        return get_wsgi_application()
    from django.core.wsgi import get_wsgi_application as plain

    return plain()
