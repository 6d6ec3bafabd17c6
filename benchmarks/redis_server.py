"""A real Redis on a free port, for as long as a block runs."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

import redis

_HOST = "127.0.0.1"
_READY_WITHIN = 10  # seconds
_WITHIN_A_SCRIPT = {"time", "mget", "set", "del"}  # which count as commands too


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A server that keeps nothing."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def uri(self) -> str:
        return f"redis://{_HOST}:{self.port}"

    def calls(self) -> int:
        """How many commands clients sent, but for those that ask this."""
        with redis.Redis(_HOST, self.port) as client:
            stats: dict[str, Any] = client.info("commandstats")
        names = {name: name.removeprefix("cmdstat_").partition("|")[0] for name in stats}
        own = {"info", "client", "hello", *_WITHIN_A_SCRIPT}
        return sum(stats[name]["calls"] for name in stats if names[name] not in own)

    def pause(self) -> None:
        """From now on it takes connections and answers nothing: a black hole."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """As before."""
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server() -> Iterator[RedisServer | None]:
    """A server of its own; None where there is none to start."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        yield None
        return
    with socket.socket() as reserved, TemporaryDirectory(prefix="netguard-") as folder:
        # Bound and not listening: the server may bind the port as well, and nobody else is given it.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((_HOST, 0))
        port = reserved.getsockname()[1]
        options = ["--port", str(port), "--bind", _HOST, "--dir", folder, "--save", "", "--appendonly", "no"]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            _await_ready(port, process)
            yield RedisServer(port, process)
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait()


def _await_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + _READY_WITHIN
    while monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((_HOST, port), timeout=1).close()
            return
        except OSError:
            sleep(0.02)
    raise SystemExit("redis-server does not listen")
