"""The Django project of ``login_site`` under gunicorn, in a process of its own, for as long as a block runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

_HOST: Final = "127.0.0.1"
_READY_WITHIN: Final = 60  # seconds
_THREADS: Final = {1: 16, 4: 4}  # by processes
_ROOT: Final = Path(__file__).parents[1]


@contextmanager
def login_server(package: str, folder: Path, store: str, *, processes: int) -> Iterator[int]:
    """The port of a server that is ready, its tables made."""
    env = {
        **os.environ,
        "LOGIN_FOLDER": str(folder),
        "LOGIN_PACKAGE": package,
        "LOGIN_STORE": store,
        "PYTHONPATH": str(_ROOT),
    }
    made = "from benchmarks import login_site; login_site.served(); login_site.migrate()"
    subprocess.run([sys.executable, "-c", made], env=env, check=True, cwd=_ROOT)
    with socket.socket() as reserved, (folder / "log").open("wb") as log:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((_HOST, 0))
        port = reserved.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "benchmarks.login_site:served()", "--bind", f"{_HOST}:{port}",
                   "--workers", str(processes), "--worker-class", "gthread", "--threads", str(_THREADS[processes]),
                   "--no-control-socket", "--backlog", "1024"]  # fmt: skip
        process = subprocess.Popen(command, env=env, cwd=_ROOT, stdout=log, stderr=log)
        try:
            _await_ready(port, process, folder / "log")
            yield port
        finally:
            process.terminate()
            process.wait()


def _await_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = monotonic() + _READY_WITHIN
    while monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection((_HOST, port), timeout=5) as asked:
                asked.sendall(b"GET /home HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if asked.recv(12).endswith(b"200"):
                    return
        except OSError:
            sleep(0.05)
    raise SystemExit(f"gunicorn does not answer:\n{log.read_text(errors='replace')[-4000:]}")
