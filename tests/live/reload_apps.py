"""Apps behind a live policy of a TOML file, which the environment names; with SIGNAL, only that reads it anew."""

from __future__ import annotations

import os
import signal
from typing import Any

import netguard.asgi
import netguard.wsgi
from netguard import LivePolicy

_BY_SIGNAL = os.environ.get("SIGNAL", "")
LIVE = LivePolicy(os.environ["POLICY"], every=0 if _BY_SIGNAL else 0.05)
if _BY_SIGNAL:
    LIVE.reload_on(signal.Signals[_BY_SIGNAL])


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def _wsgi(environ: dict[str, Any], start: Any) -> list[bytes]:
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """With the process that answers, also where netguard refuses."""

    async def telling(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"x-process", b"%d" % os.getpid())]}
        await send(message)

    await _guarded_asgi(scope, receive, telling)


def wsgi(environ: dict[str, Any], start: Any) -> Any:
    def telling(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        return start(status, [*headers, ("X-Process", str(os.getpid()))], *error)

    return _guarded_wsgi(environ, telling)


_guarded_asgi = netguard.asgi.NetguardMiddleware(_asgi, LIVE)
_guarded_wsgi = netguard.wsgi.NetguardMiddleware(_wsgi, LIVE)
