"""Real servers as subprocesses, on free ports, ready when they are handed out and ended with their block.

``with serve("uvicorn", "module:app", cert=certificate) as server: httpx2.get(server.url, ...)``
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from support.certificates import Certificate

ServerName = Literal["uvicorn", "gunicorn", "hypercorn", "granian", "waitress"]
Interface = Literal["asgi", "wsgi"]
Command = Callable[[str, int, Certificate | None, Interface], list[str]]

HOST = "127.0.0.1"
READY_WITHIN = 30  # seconds: a cold import on a busy machine
ENDED_WITHIN = 10  # seconds, then it is killed
LOG_TAIL = 8_000  # characters

RUNNING: list[Process] = []  # so that the report of a failed test can show their logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A server that runs until its block ends."""

    name: str
    port: int
    tls: bool
    log_file: Path
    popen: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")[-LOG_TAIL:]


class NotReadyError(Exception):
    """A server that ended, or did not listen in time; its note holds its log."""


@contextmanager
def reserve() -> Iterator[int]:
    """A port on loopback that nobody else is given while the block runs.

    The socket is bound, not listening: with SO_REUSEADDR on both sides (every server here sets it) one server
    may bind the same port, while the kernel hands it to no other.
    """
    with socket.socket() as placeholder:
        placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        placeholder.bind((HOST, 0))
        yield placeholder.getsockname()[1]


@contextmanager
def serve(
    server: ServerName,
    app: str,
    *,
    cert: Certificate | None = None,
    interface: Interface | None = None,
    path: Sequence[Path] = (),
    env: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> Iterator[Process]:
    """Run ``module:attribute`` on a real server.

    ``interface`` defaults to wsgi on gunicorn and waitress, else asgi. ``path`` goes before PYTHONPATH, ``env`` over
    the environment, ``options`` to the end of the command line. waitress has no TLS.
    """
    face = interface or ("wsgi" if server in ("gunicorn", "waitress") else "asgi")
    with reserve() as port:
        command = _COMMANDS[server](app, port, cert, face)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([*map(str, path), *sys.path]),
            "PYTHONUNBUFFERED": "1",
            **(env or {}),
        }
        with run([*command, *options], port=port, tls=cert is not None, env=environment) as process:
            yield process


@contextmanager
def run(
    command: Sequence[str],
    *,
    port: int,
    tls: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Process]:
    """Run any program that listens on ``port`` (nginx, redis-server, ...): ready when it accepts a connection.

    An exception that leaves the block, so also a failed test, shows the program's log.
    """
    handle, log_name = tempfile.mkstemp(prefix="netguard-", suffix=".log")
    log_file = Path(log_name)
    popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=handle, stderr=handle, env=env, cwd=cwd)
    os.close(handle)
    name = Path(command[0]).name
    process = Process(name=name, port=port, tls=tls, log_file=log_file, popen=popen)
    RUNNING.append(process)
    try:
        _await_ready(process)
        yield process
    except Exception as error:
        error.add_note(f"log of {name}:\n{process.log()}")
        raise
    finally:
        RUNNING.remove(process)
        _end(popen)
        log_file.unlink()


def _await_ready(process: Process) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.popen.poll() is not None:
            raise NotReadyError(f"{process.name} ended with {process.popen.returncode}")
        try:
            socket.create_connection((HOST, process.port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise NotReadyError(f"{process.name} did not listen within {READY_WITHIN} seconds")


def _end(popen: subprocess.Popen[bytes]) -> None:
    popen.terminate()
    try:
        popen.wait(ENDED_WITHIN)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()


def _program(name: str) -> str:
    """A console script of this environment, whatever PATH says."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def _uvicorn(app: str, port: int, cert: Certificate | None, face: Interface) -> list[str]:
    tls = ["--ssl-certfile", str(cert.chain), "--ssl-keyfile", str(cert.key)] if cert else []
    # netguard is the one resolver of forwarding headers; uvicorn's own would come before it.
    plain = ["--no-proxy-headers", "--no-server-header", "--interface", "asgi3" if face == "asgi" else "wsgi"]
    return [_program("uvicorn"), app, "--host", HOST, "--port", str(port), *plain, *tls]


def _gunicorn(app: str, port: int, cert: Certificate | None, face: Interface) -> list[str]:
    tls = ["--certfile", str(cert.chain), "--keyfile", str(cert.key)] if cert else []
    quiet = ["--forwarded-allow-ips", "", "--no-control-socket"]  # netguard is the one resolver
    worker = ["--worker-class", "gthread", "--threads", "4"] if face == "wsgi" else ["--worker-class", "asgi"]
    return [_program("gunicorn"), app, "--bind", f"{HOST}:{port}", "--graceful-timeout", "2", *quiet, *worker, *tls]


def _hypercorn(app: str, port: int, cert: Certificate | None, face: Interface) -> list[str]:
    tls = ["--certfile", str(cert.chain), "--keyfile", str(cert.key)] if cert else []
    return [_program("hypercorn"), f"{face}:{app}", "--bind", f"{HOST}:{port}", "--graceful-timeout", "0", *tls]


def _granian(app: str, port: int, cert: Certificate | None, face: Interface) -> list[str]:
    tls = ["--ssl-certificate", str(cert.chain), "--ssl-keyfile", str(cert.key)] if cert else []
    return [_program("granian"), "--interface", face, "--host", HOST, "--port", str(port), *tls, app]


def _waitress(app: str, port: int, cert: Certificate | None, face: Interface) -> list[str]:
    if cert or face == "asgi":
        raise ValueError("waitress speaks WSGI over plain HTTP only")
    return [_program("waitress-serve"), f"--listen={HOST}:{port}", app]


_COMMANDS: dict[ServerName, Command] = {
    "uvicorn": _uvicorn,
    "gunicorn": _gunicorn,
    "hypercorn": _hypercorn,
    "granian": _granian,
    "waitress": _waitress,
}
