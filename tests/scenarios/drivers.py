"""Every driver and adapter, and the one list of what each cannot express, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from scenarios import asgi_driver, starlette_driver, wsgi_driver
from scenarios.row import Outcome, Row

Drive = Callable[[Row], Outcome]

DRIVERS: Final[Mapping[str, Drive]] = {
    "asgi": asgi_driver.drive,
    "wsgi": wsgi_driver.drive,
    "starlette": starlette_driver.drive,
}

# What a row may need, and why a driver cannot give it.
LACKS: Final[Mapping[str, Mapping[str, str]]] = {
    "asgi": {
        "answers": "an exception is raised again once it is answered, for the server's log",
    },
    "wsgi": {
        "websocket": "WSGI has no WebSockets",
        "raises out": "the middleware answers and logs an exception, the server never sees it",
    },
    "starlette": {
        "answers": "as in ASGI",
        "debugging page of its own": "Starlette's ServerErrorMiddleware answers what leaves every middleware",
    },
}


def needs(row: Row) -> set[str]:
    """What a driver must be able to express for this row."""
    return {*row.needs, *(["websocket"] if row.ask.kind == "websocket" else [])}


def pairs(rows: Mapping[str, Row]) -> list[tuple[str, str]]:
    """Each row with each driver that can express it."""
    return [
        (name, key)
        for name in DRIVERS
        for key, row in rows.items()
        if not needs(row) & LACKS.get(name, {}).keys()
    ]
