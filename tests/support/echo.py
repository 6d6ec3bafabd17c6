"""A trivial app for trying the support itself: what the server says of the connection, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

_PAGE = b"<!doctype html><title>echo</title><script>document.title = 'ran'</script><h1>echo</h1>"
_TYPE = [(b"content-type", b"text/html; charset=utf-8")]


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """The page at /, what the server knows of the connection elsewhere."""
    if scope["type"] != "http":
        return
    seen = {"scheme": scope["scheme"], "client": str(scope["client"][0]), "port": int(scope["server"][1])}
    body = _PAGE if scope["path"] == "/" else json.dumps(seen).encode()
    await send({"type": "http.response.start", "status": 200, "headers": _TYPE})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    seen = {
        "scheme": environ["wsgi.url_scheme"],
        "client": environ["REMOTE_ADDR"],
        "port": int(environ["SERVER_PORT"]),
    }
    start_response("200 OK", [("content-type", "application/json")])
    return [json.dumps(seen).encode()]


def graded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Redirects http, and has some of what the Observatory looks for."""
    if environ["wsgi.url_scheme"] == "http":
        start_response("308 Permanent Redirect", [("location", f"https://{environ['HTTP_HOST']}/")])
        return []
    start_response(
        "200 OK",
        [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("strict-transport-security", "max-age=63072000"),
            ("x-content-type-options", "nosniff"),
        ],
    )
    return [b"<!doctype html><title>graded</title>"]
