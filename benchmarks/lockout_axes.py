"""What a lockout adds to Django's own login view: netguard's, and django-axes' with either of its handlers.

The password check costs nothing, so that what is left is the lockout: the same view, backend, session and user for all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from benchmarks import login_site
from benchmarks.django import Closing
from benchmarks.measure import Rounds, Row, Run, added, cost, interleaved, ratio
from benchmarks.traffic import Environ, answer_wsgi, environ, run_wsgi
from netguard.django import get_wsgi_application

_ACCOUNTS = 50
_ENOUGH = 100_000  # failures: none may lock here
_HANDLERS = {"database": "axes.handlers.database.AxesDatabaseHandler", "cache": "axes.handlers.cache.AxesCacheHandler"}


def rows(rounds: int) -> list[Row]:
    """All figures, in a process whose Django is configured for this alone."""
    with TemporaryDirectory(prefix="netguard-") as folder:
        login_site.configure("django-axes, database", Path(folder), login_site.MEMORY)
        login_site.migrate()
        return list(_told(_measured(rounds)))


def _measured(rounds: int) -> Rounds:
    logging.disable()
    settings.AXES_FAILURE_LIMIT = _ENOUGH
    runs: dict[str, Run] = {}
    for what, password in (("failing", "wrong"), ("succeeding", "right")):
        runs |= {f"{name}, {what}": _run(name, app, password) for name, app in _apps().items()}
    return interleaved(runs, rounds=max(rounds // 4, 5), number=20)


def _told(measured: Rounds) -> Iterator[Row]:
    for what in ("failing", "succeeding"):
        ours, bare = added(f"lockout, {what}", f"netguard, {what}"), f"bare, {what}"
        yield measured.row(f"Django, {what} login: without a lockout", cost(bare), "µs")
        yield measured.row(f"Django, {what} login: + netguard's lockout", ours, "µs", note="beside a policy without it")
        for handler in _HANDLERS:
            theirs = added(f"{handler}, {what}", bare)
            yield measured.row(f"Django, {what} login: + django-axes, {handler}", theirs, "µs", note=_KEPT[handler])
            yield measured.row(
                f"Django, {what} login: netguard's lockout / django-axes, {handler}", ratio(ours, theirs), "x", bar=0.01
            )  # fmt: skip


_KEPT: Mapping[str, str] = {"database": "SQLite in a file", "cache": "Django's cache in memory"}


def _apps() -> dict[str, Any]:
    ours = [name for name in settings.MIDDLEWARE if not name.startswith("axes.")]
    policy = login_site.policy(tries=_ENOUGH)
    with override_settings(MIDDLEWARE=ours, NETGUARD=replace(policy, lockout=())):
        apps: dict[str, Any] = {"bare": WSGIHandler(), "netguard": get_wsgi_application()}
    with override_settings(MIDDLEWARE=ours, NETGUARD=policy):
        apps["lockout"] = get_wsgi_application()
    apps |= {name: WSGIHandler() for name in _HANDLERS}
    return {name: Closing(app) for name, app in apps.items()}


def _run(name: str, app: Any, password: str) -> Run:
    """What gives logins to an app, with its own backends while it runs."""
    from axes.handlers.proxy import AxesProxyHandler

    with_axes = settings.AUTHENTICATION_BACKENDS
    inner = run_wsgi(app, _logins(password))

    def run(number: int) -> None:
        settings.AXES_ENABLED = name in _HANDLERS
        settings.AUTHENTICATION_BACKENDS = with_axes if name in _HANDLERS else with_axes[1:]
        if name in _HANDLERS:
            settings.AXES_HANDLER = _HANDLERS[name]
            AxesProxyHandler.get_implementation(force=True)
        inner(number)

    run(1)
    status = answer_wsgi(app, next(_logins(password)))[0]
    if status != (302 if password == "right" else 200):
        raise SystemExit(f"expected a login that is answered, got {status} by {name}")
    settings.AUTHENTICATION_BACKENDS = with_axes
    return run


def _logins(password: str) -> Iterator[Environ]:
    templates = []
    for number in range(_ACCOUNTS):
        body = f"username=user{number}&password={password}".encode()
        one = environ({"host": "localhost", "sec-fetch-site": "same-origin", "user-agent": "Mozilla/5.0"},
                      REQUEST_METHOD="POST", PATH_INFO="/login", RAW_URI="/login", REMOTE_ADDR=f"203.0.113.{number}",
                      CONTENT_TYPE="application/x-www-form-urlencoded", CONTENT_LENGTH=str(len(body)))  # fmt: skip
        templates.append((one, body))
    return ({**template, "wsgi.input": BytesIO(body)} for template, body in cycle(templates))
