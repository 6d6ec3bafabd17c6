"""The same three apps under WSGI; no bar, the prototypes' figures beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from benchmarks.measure import Row, added, cost, interleaved, ratio
from benchmarks.peers import secure_wsgi
from benchmarks.traffic import (
    POLICY,
    PROXIED,
    TWELVE,
    Environ,
    StartResponse,
    WSGIApp,
    answer_wsgi,
    environ,
    expect,
    repeated,
    run_wsgi,
)
from netguard.wsgi import NetguardMiddleware


def bare(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The smallest app."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


class TwelveHeaders:
    """Appends constant headers and does nothing else."""

    def __init__(self, app: WSGIApp) -> None:
        self.app = app
        self.headers = [(name.title(), value) for name, value in TWELVE.items()]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def with_headers(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Callable[[bytes], object]:
            return start_response(status, [*headers, *self.headers], exc_info)

        return self.app(environ, with_headers)


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    apps: dict[str, WSGIApp] = {
        "bare": bare,
        "twelve": TwelveHeaders(bare),
        "secure": secure_wsgi(bare),
        "netguard": NetguardMiddleware(bare, POLICY),
    }
    request = environ(PROXIED)
    for name, app in apps.items():
        expect(answer_wsgi(app, dict(request)), 200, 2 if name == "bare" else 14)
    runs = {name: run_wsgi(app, repeated(request)) for name, app in apps.items()}
    measured = interleaved(runs, rounds=rounds, number=500)
    twelve, ours = added("twelve"), added("netguard")
    yield measured.row("bare app", cost("bare"), "µs", note="prototypes: 0.35")
    yield measured.row("+ 12 constant headers", twelve, "µs", note="prototypes: +0.34")
    yield measured.row("+ netguard", ours, "µs", note="prototypes: +4.5")
    yield measured.row("netguard / 12 constant headers", ratio(ours, twelve), "x", note="prototypes: 13.2")
    yield measured.row("netguard / secure", ratio(ours, added("secure")), "x")
