"""Every driver and adapter, and the one list of what each cannot express, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from scenarios import asgi_driver, django_driver, flask_driver, starlette_driver, wsgi_driver
from scenarios.row import Outcome, Row

Drive = Callable[[Row], Outcome]

DRIVERS: Final[Mapping[str, Drive]] = {
    "asgi": asgi_driver.drive,
    "wsgi": wsgi_driver.drive,
    "starlette": starlette_driver.drive,
    "fastapi": starlette_driver.fastapi,
    "flask": flask_driver.drive,
    "django-wsgi-wrapped": django_driver.wsgi_wrapped,
    "django-wsgi-middleware": django_driver.wsgi_entry,
    "django-asgi-wrapped": django_driver.asgi_wrapped,
    "django-asgi-middleware": django_driver.asgi_entry,
}

_STARLETTE: Final = {
    "answers": "as in ASGI",
    "lengths": "as in ASGI",
    "debugging page of its own": "Starlette's ServerErrorMiddleware answers what leaves every middleware",
}

# Django in all four forms.
_DJANGO: Final = {
    "raises out": "Django answers an exception by its own page for 500",
    "answers": "as above: netguard sees no exception",
    "debugging page of its own": "as above, under DEBUG too",
    "repeated fields": "a response of Django's holds one value for each name, and one cookie for each name",
}
_DJANGO_WSGI: Final = {
    **_DJANGO,
    "websocket": "as in WSGI",
    "chunked body": "as in WSGI",
    "empty pieces": "as in WSGI",
    "disconnect": "as in WSGI",
}
_COOKIES_AS_BYTES: Final = "netguard completes the cookies of response.cookies, and Django writes them out after it"

# What a row may need, and why a driver cannot give it.
LACKS: Final[Mapping[str, Mapping[str, str]]] = {
    "asgi": {
        "answers": "an exception is raised again once it is answered, for the server's log",
        "lengths": "the server frames the body: what it says of its length means nothing to an app",
    },
    "wsgi": {
        "websocket": "WSGI has no WebSockets",
        "raises out": "the middleware answers and logs an exception, the server never sees it",
        "chunked body": "only CONTENT_LENGTH tells a WSGI app where its body ends",
        "empty pieces": "an empty read is the end of a file",
        "disconnect": "a client that left looks like one that sent less than it announced",
    },
    "starlette": _STARLETTE,
    "fastapi": _STARLETTE,
    "flask": {
        "websocket": "as in WSGI",
        "raises out": "Flask answers an exception by its own page for 500",
        "answers": "as above: netguard sees no exception",
        "debugging page of its own": "as above, but in debug or testing",
        "chunked body": "as in WSGI",
        "short body": "Werkzeug itself answers 400 where the body ends early",
        "empty pieces": "as in WSGI",
        "disconnect": "as in WSGI",
    },
    "django-wsgi-wrapped": _DJANGO_WSGI,
    "django-wsgi-middleware": {**_DJANGO_WSGI, "cookies as bytes": _COOKIES_AS_BYTES},
    "django-asgi-wrapped": {
        **_DJANGO,
        "lengths": "as in ASGI",
        "user of a handshake": "Django's hook sees requests: an app for WebSockets tells the user by exchange.aadmit",
    },
    "django-asgi-middleware": {
        **_DJANGO,
        "lengths": "as in ASGI",
        "cookies as bytes": _COOKIES_AS_BYTES,
        "websocket": "Django's middleware sees requests, not WebSockets",
        "query that is no UTF-8": "Django answers 400 before its middleware",
        "underscore in a field's name": "Django drops such fields before its middleware",
    },
}


def needs(row: Row) -> set[str]:
    """What a driver must be able to express for this row."""
    return {*row.needs, *(need for need, there in _implied(row) if there)}


def _implied(row: Row) -> Iterator[tuple[str, bool]]:
    names = [name.lower() for name, _ in row.answer.pairs()]
    cookies = [value.partition(b"=")[0] for name, value in row.answer.pairs() if name.lower() == b"set-cookie"]
    fields = [name for name in names if name != b"set-cookie"] + cookies
    yield "websocket", row.ask.kind == "websocket"
    yield "repeated fields", len(set(fields)) < len(fields)
    yield "cookies as bytes", len(cookies) > 1
    yield "query that is no UTF-8", "\ufffd" in row.ask.target.decode("utf-8", "replace")
    yield "underscore in a field's name", any("_" in field.partition(":")[0] for field in row.ask.fields)


def pairs(rows: Mapping[str, Row]) -> list[tuple[str, str]]:
    """Each row with each driver that can express it."""
    return [(name, key) for name in DRIVERS for key, row in rows.items() if not needs(row) & LACKS.get(name, {}).keys()]
