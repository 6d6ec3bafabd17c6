"""Apps whose logins many try at the same time: each password that a view evaluates is a line of a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import netguard.asgi
import netguard.wsgi
from netguard import Lockout, Policy, form, redirected
from netguard.counters import OnOutage
from netguard.events import SecurityEvent

from .login_terms import CLIENT_TRIES, HELD, RIGHT, TRIES, UNKNOWN

sys.setswitchinterval(float(os.environ.get("SWITCH_INTERVAL", sys.getswitchinterval())))

_FOLDER = Path(os.environ["LOGIN_FOLDER"])
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND  # whole lines, whichever process writes
_EVALUATED = os.open(_FOLDER / "evaluated", _APPEND)
_EVENTS = os.open(_FOLDER / "events", _APPEND)
_ON_OUTAGE: OnOutage = "refuse" if os.environ["LOGIN_OUTAGE"] == "refuse" else "local"
_PROCESS = str(os.getpid())


def _note(event: SecurityEvent) -> None:
    if event.code.startswith("store."):
        os.write(_EVENTS, f"{event.code}\n".encode())


POLICY = Policy(
    hosts=["localhost:*"],
    proxies=["127.0.0.0/8"],
    https=False,
    lockout=Lockout(
        on="POST /login",
        username=form("username"),
        success=redirected(),
        tries=f"{TRIES}/15 minutes; 20/day",
        client_tries=f"{CLIENT_TRIES}/15 minutes",
        on_outage=_ON_OUTAGE,
    ),
    events=[_note],
)


def _answer(path: str, body: bytes) -> tuple[str, list[tuple[str, str]]]:
    """What a view says: a redirect to who gave the right password, the form once more to all others."""
    head = [("X-Process", _PROCESS), ("Content-Length", "0")]
    if path != "/login":
        return "200 OK", head
    fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    password = fields["password"]
    os.write(_EVALUATED, f"{fields['username']} {password}\n".encode())
    if password == HELD:
        (_FOLDER / "held").read_bytes()
    right = password in (RIGHT, HELD) and fields["username"] != UNKNOWN
    return ("303 See Other", [*head, ("Location", "/home")]) if right else ("200 OK", head)


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    status, headers = _answer(scope["path"], body)
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": int(status[:3]), "headers": raw})
    await send({"type": "http.response.body", "body": b""})


def _wsgi(environ: dict[str, Any], start: Any) -> list[bytes]:
    start(*_answer(environ["PATH_INFO"], environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))))
    return [b""]


asgi = netguard.asgi.NetguardMiddleware(_asgi, POLICY)
wsgi = netguard.wsgi.NetguardMiddleware(_wsgi, POLICY)
