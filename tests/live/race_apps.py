"""Apps whose limits many clients meet at the same time; the environment names the store, and how threads switch."""

from __future__ import annotations

import os
import sys
from typing import Any

import netguard.asgi
import netguard.wsgi
from netguard import Policy, RateLimit, client, header

LIMIT = 5

sys.setswitchinterval(float(os.environ.get("SWITCH_INTERVAL", sys.getswitchinterval())))

# Nothing here counts in a process of its own: a store that does not answer in time shows as 503.
_KEY = header("x-key")
POLICY = Policy(
    hosts=["localhost:*"],
    https=False,
    limits=[
        RateLimit(f"{LIMIT}/day", on="/one", by=_KEY, on_outage="refuse"),
        RateLimit(f"{LIMIT + 4}/day; {LIMIT}/week", on="/several", by=_KEY, on_outage="refuse"),
        RateLimit(f"{LIMIT + 2}/day", on="/several", by=_KEY, window="strict", name="strict", on_outage="refuse"),
        RateLimit(f"{LIMIT + 1}/day", on="/several", by=(client, _KEY), on_outage="refuse"),
        RateLimit("1000000/day", on=["/several", "/wide"], name="wide", on_outage="refuse"),
    ],
)


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        headers = [(b"x-process", b"%d" % os.getpid()), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


def _wsgi(environ: dict[str, Any], start: Any) -> list[bytes]:
    start("200 OK", [("X-Process", str(os.getpid())), ("Content-Length", "2")])
    return [b"ok"]


asgi = netguard.asgi.NetguardMiddleware(_asgi, POLICY)
wsgi = netguard.wsgi.NetguardMiddleware(_wsgi, POLICY)
