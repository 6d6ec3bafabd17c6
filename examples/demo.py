"""Run a booking app on https://localhost:8443, with http://localhost:8080 in front of it: ``make demo``.

``python examples/demo.py [starlette|flask|...]``; ``DEMO_HTTPS_PORT`` and ``DEMO_HTTP_PORT`` choose other ports. The
certificate comes from an authority made for this folder, in ``.demo/``; nothing is installed in the system. ASGI
apps run on uvicorn in this process, WSGI apps on gunicorn.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import trustme
import uvicorn

from booking.seed import CODED_SECRET, DEMO_EMAIL, DEMO_PASSWORD, STAFF_EMAIL

EXAMPLES = Path(__file__).parent
FOLDER = EXAMPLES.parent / ".demo"
CA, CHAIN, KEY = FOLDER / "ca.pem", FOLDER / "chain.pem", FOLDER / "key.pem"

TRY = """
netguard demo: the {name} booking app on https://localhost:{https}  (Ctrl-C ends it)
Log in as {member} with the password: {password}
Log in as {staff}, with the same one, for https://localhost:{https}/admin/

In another terminal, from this folder:
  curl -i http://localhost:{http}/clubs/riverside
      a redirect to https, on which curl and browsers repeat method and body (308)
  curl -i --cacert .demo/ca.pem https://localhost:{https}/
      the page with its security headers, and a new nonce for each request
  curl -i --cacert .demo/ca.pem -H 'Sec-Fetch-Site: cross-site' -d email=ada@booking.example https://localhost:{https}/login
      a form posted from another site: refused
  curl -i --cacert .demo/ca.pem -d email=ada@booking.example -d 'password=correct horse battery staple' \\
       https://localhost:{https}/login
      a log-in: the app's cookie "session" leaves as __Host-session, Secure, HttpOnly and SameSite=Lax
  curl -i --cacert .demo/ca.pem -X POST https://localhost:{https}/logout
      a log-out: the browser is told to drop its cache and storage, and the cookies that it brought
  for n in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%{{http_code}} ' --cacert .demo/ca.pem \\
       -d email=ada@booking.example https://localhost:{https}/password-reset; done
      six letters to one address: the last one is refused until the hour has room again (429)
  curl -i -H 'X-Forwarded-Host: evil.example' http://localhost:{http}/
      a planted header: the redirect stays on localhost
  for n in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%{{http_code}} ' --cacert .demo/ca.pem \\
       -d email=ada@booking.example -d password=wrong https://localhost:{https}/login; done
      five wrong passwords, and the account is locked for 15 minutes, but for browsers that logged in before (429)
  curl -i --cacert .demo/ca.pem -d email=ada@booking.example https://localhost:{https}/unlock
      a letter with a link that unlocks it once: open the link, which stands in this log
  .venv/bin/python -c 'import pyotp; print(pyotp.TOTP("{secret}").now())'
      a code for alan@booking.example, whose account has a second factor and the same password; each works once
  curl -i --cacert .demo/ca.pem https://localhost:{https}/admin/
      the pages of staff, which nobody but staff may see (403)
  ADMIN_NETWORKS=10.8.0.0/16 make demo APP={name}
      the demo anew, with these pages for the office's network alone: from here there is nothing (404)
In a browser, import .demo/ca.pem or accept the warning once.
"""


class Server(uvicorn.Server):
    """A server that tells when it is ready, and leaves the signals to serve(), which ends both."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # would leave the loop at once, and the app's threads behind
            self.should_exit = True
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "starlette"
    https, http = _port("DEMO_HTTPS_PORT", 8443), _port("DEMO_HTTP_PORT", 8080)
    sockets = [_listen(https, "DEMO_HTTPS_PORT"), _listen(http, "DEMO_HTTP_PORT")]
    make_certificate()
    os.environ.setdefault("BOOKING_DATABASE", f"sqlite:///{FOLDER / 'courtside.sqlite3'}")
    app, greeting = load(name), greeting_of(name, https, http)
    if iscoroutinefunction(type(app).__call__):
        return serve_asgi(app, sockets, greeting)
    return serve_wsgi(name, sockets, greeting)


def greeting_of(name: str, https: int, http: int) -> str:
    logins = {"member": DEMO_EMAIL, "staff": STAFF_EMAIL, "password": DEMO_PASSWORD, "secret": CODED_SECRET}
    return TRY.format(name=name, https=https, http=http, **logins)


def serve_asgi(app: Any, sockets: list[list[socket.socket]], greeting: str) -> None:
    """Run uvicorn twice in this process."""
    log_requests_and_refusals()
    # netguard resolves forwarding headers itself: uvicorn's own resolver would come before it.
    common: dict[str, Any] = {"log_config": None, "proxy_headers": False, "server_header": False}
    tls = Server(uvicorn.Config(app, ssl_certfile=CHAIN, ssl_keyfile=KEY, timeout_graceful_shutdown=3, **common))
    plain = Server(uvicorn.Config(app, lifespan="off", timeout_graceful_shutdown=3, **common))  # tls starts the app up
    asyncio.run(serve(tls, plain, sockets, greeting))
    sys.exit(not plain.started)


def serve_wsgi(name: str, sockets: list[list[socket.socket]], greeting: str) -> None:
    """Run gunicorn twice, which cannot speak TLS on one port and plain HTTP on another, until a signal comes."""
    os.environ.setdefault("BOOKING_SECRET", secrets.token_urlsafe(32))  # one for both
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tls = _gunicorn(name, sockets[0], "--certfile", str(CHAIN), "--keyfile", str(KEY))
    plain = _gunicorn(name, sockets[1])
    print(greeting, flush=True)
    try:
        while tls.poll() is None and plain.poll() is None:
            time.sleep(0.2)
    except KeyboardInterrupt:
        pass
    for one in (tls, plain):
        one.terminate()
    sys.exit(max(one.wait() for one in (tls, plain)))


def _gunicorn(name: str, sockets: list[socket.socket], *tls: str) -> subprocess.Popen[bytes]:
    binds = [word for own in sockets for word in ("--bind", f"fd://{own.fileno()}")]
    # netguard resolves forwarding headers itself: gunicorn would believe X-Forwarded-Proto of this machine.
    quiet = ["--forwarded-allow-ips", "", "--no-control-socket", "--log-level", "warning", "--access-logfile", "-"]
    threads = ["--worker-class", "gthread", "--threads", "4", "--graceful-timeout", "3"]
    command = [sys.executable, "-m", "gunicorn", *binds, *threads, *quiet, *tls, f"demo:wsgi('{name}')"]
    return subprocess.Popen(command, cwd=EXAMPLES, pass_fds=[own.fileno() for own in sockets])


def wsgi(name: str) -> Any:
    """What gunicorn runs: the app, in a process that logs as this one does."""
    log_requests_and_refusals()
    return load(name)


def make_certificate() -> None:
    """Make an authority and a certificate for localhost, unless .demo/ has them."""
    if CA.exists() and CHAIN.exists() and KEY.exists():
        return
    FOLDER.mkdir(exist_ok=True)
    authority = trustme.CA(organization_name="netguard demo")
    leaf = authority.issue_cert("localhost", "127.0.0.1", "::1")
    KEY.touch(mode=0o600)
    leaf.private_key_pem.write_to_path(KEY)
    CHAIN.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    authority.cert_pem.write_to_path(CA)


def load(name: str) -> Any:
    """The app of ``<name>_booking.app``, ready to be served."""
    known = sorted(folder.parent.name.removesuffix("_booking") for folder in EXAMPLES.glob("*_booking/app.py"))
    if name not in known:
        sys.exit(f"there is no example {name!r}; APP can be: {', '.join(known)}")
    return importlib.import_module(f"{name}_booking.app").app


async def serve(tls: Server, plain: Server, sockets: list[list[socket.socket]], greeting: str) -> None:
    """Run both until a signal comes or one of them ends."""

    def stop() -> None:
        tls.should_exit = plain.should_exit = True

    async def run(server: Server, own: list[socket.socket]) -> None:
        await server.serve(sockets=own)
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    async with asyncio.TaskGroup() as group:
        group.create_task(run(tls, sockets[0]))
        await tls.ready.wait()
        if tls.started:
            print(greeting, flush=True)
            group.create_task(run(plain, sockets[1]))


def _port(variable: str, default: int) -> int:
    # The app's policy reads the same variables, to send http to the right port.
    return int(os.environ.setdefault(variable, str(default)))


def _listen(port: int, variable: str) -> list[socket.socket]:
    """Loopback on IPv4, and on IPv6 where there is any."""
    try:
        sockets = [socket.create_server(("127.0.0.1", port))]
    except OSError as error:
        sys.exit(f"port {port} is not free ({os.strerror(error.errno or 0)}): choose another with {variable}=...")
    with suppress(OSError):
        sockets.append(socket.create_server(("::1", port), family=socket.AF_INET6))
    return sockets


def log_requests_and_refusals() -> None:
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
