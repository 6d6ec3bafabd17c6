"""What netguard and Flask-Talisman add to a Flask app that says hello, each added as its documentation says."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from flask_talisman import Talisman

from benchmarks.measure import Row, added, cost, interleaved, ratio
from benchmarks.traffic import POLICY, PROXIED, TWELVE, answer_wsgi, environ, expect, repeated, run_wsgi
from netguard.flask import Netguard

_HEADERS = {"bare": 2, "netguard": 14, "talisman": 8, "talisman, its defaults": 8}


def _app() -> Flask:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/courts", "courts", lambda: "hello")
    return app


def _talisman() -> Flask:
    """Flask-Talisman with what it has of the same headers."""
    app = _app()
    Talisman(
        app,
        content_security_policy=TWELVE["content-security-policy"],
        permissions_policy=TWELVE["permissions-policy"],
        frame_options=TWELVE["x-frame-options"],
        strict_transport_security_max_age=63_072_000,
    )
    return app


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    guarded, default = _app(), _app()
    Netguard(guarded, POLICY)
    Talisman(default)
    apps = {"bare": _app(), "netguard": guarded, "talisman": _talisman(), "talisman, its defaults": default}
    request = environ(PROXIED)
    for name, app in apps.items():
        expect(answer_wsgi(app, dict(request)), 200, _HEADERS[name])
    runs = {name: run_wsgi(app, repeated(request)) for name, app in apps.items()}
    measured = interleaved(runs, rounds=rounds, number=200)
    ours, theirs = added("netguard"), added("talisman")
    yield measured.row("bare request that says hello", cost("bare"), "µs")
    yield measured.row("+ netguard", ours, "µs")
    yield measured.row("+ Flask-Talisman, the same headers as far as it has them", theirs, "µs", note="prototypes: +35")
    yield measured.row("+ Flask-Talisman, its defaults", added("talisman, its defaults"), "µs")
    yield measured.row("netguard / bare request", ratio(ours, cost("bare"), 100), "%", bar=6)
    yield measured.row("netguard / Flask-Talisman", ratio(ours, theirs), "x", bar=0.1)
