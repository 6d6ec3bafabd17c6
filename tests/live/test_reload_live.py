"""A policy that changes under load, on real servers: in force in every worker, and no request fails."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

import pytest

from support.load import until
from support.servers import HOST, Process, ServerName, serve

TESTS = Path(__file__).parents[1]
SERVERS: dict[str, tuple[ServerName, str, list[str], int]] = {  # and how many processes serve
    "uvicorn": ("uvicorn", "asgi", [], 1),
    "gunicorn": ("gunicorn", "wsgi", ["--workers", "2"], 2),
    "gunicorn-preload": ("gunicorn", "wsgi", ["--workers", "2", "--preload"], 2),
}
OUTSIDE, INSIDE = "192.0.2.0/24", "127.0.0.0/8"
WITHIN = 20  # seconds, on a busy machine
CLIENTS = 4
POLICY = """
hosts = ["localhost:*"]
https = false
origin = false
[[areas]]
path = "/admin/*"
networks = ["file:{}"]
"""


def ask(port: int, path: str) -> tuple[int, str]:
    """The status, and the process that gave it."""
    connection = HTTPConnection(HOST, port, timeout=WITHIN)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}", "Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["X-Process"]
    finally:
        connection.close()


@dataclass(slots=True)
class Site:
    """A service under load; ``admin`` is what each process said last of the area."""

    server: Process
    policy: Path
    networks: Path
    processes: int
    admin: dict[str, int] = field(default_factory=dict)
    public: set[int] = field(default_factory=set)
    failed: list[Exception] = field(default_factory=list)
    _stop: Event = field(default_factory=Event)

    def all_say(self, status: int) -> Callable[[], bool]:
        """Whether every process now says this of the area."""
        return lambda: bool(self.failed) or list(self.admin.values()) == [status] * self.processes

    def told(self, code: str) -> Callable[[], bool]:
        """Whether every process has told this."""
        return lambda: self.server.log_file.read_text(errors="replace").count(f"[{code}]") >= self.processes

    @contextmanager
    def under_load(self) -> Iterator[None]:
        clients = [Thread(target=self._load) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._stop.set()
            for client in clients:
                client.join()

    def _load(self) -> None:
        while not self._stop.is_set():
            try:
                self.public.add(ask(self.server.port, "/")[0])
                status, process = ask(self.server.port, "/admin/x")
                self.admin[process] = status
            except Exception as error:  # which the test looks at
                self.failed.append(error)
                return


@contextmanager
def site(name: str, folder: Path, **env: str) -> Iterator[Site]:
    server, app, options, processes = SERVERS[name]
    policy, networks = folder / "policy.toml", folder / "networks.txt"
    policy.write_text(POLICY.format(networks))
    networks.write_text(OUTSIDE)
    env |= {"POLICY": str(policy)}
    with serve(server, f"live.reload_apps:{app}", path=[TESTS], env=env, options=options) as process:
        yield Site(process, policy, networks, processes)


def check_load(served: Site) -> None:
    assert served.failed == []
    assert served.public == {200}
    assert set(served.admin.values()) <= {200, 403}


@pytest.mark.parametrize("name", SERVERS)
def test_changes_are_in_force_in_every_process(name: str, tmp_path: Path) -> None:
    with site(name, tmp_path) as served:
        with served.under_load():
            until(served.all_say(403))
            served.networks.write_text(f"{OUTSIDE}\n{INSIDE}\n")
            until(served.all_say(200))
            served.policy.write_text(POLICY.format(served.networks).replace("file:", "fiel:"))
            until(served.told("policy.rejected"))
            until(served.all_say(200))
            served.policy.write_text(POLICY.format(served.networks).replace("networks =", "deny ="))
            until(served.all_say(403))
        check_load(served)
        assert served.told("policy.reloaded")()


@pytest.mark.parametrize("name", ["uvicorn", "gunicorn"])
def test_a_signal_reads_the_policy(name: str, tmp_path: Path) -> None:
    with site(name, tmp_path, SIGNAL="SIGUSR1") as served:
        with served.under_load():
            until(served.all_say(403))
            served.networks.write_text(INSIDE)
            first, *others = sorted(served.admin)
            os.kill(int(first), signal.SIGUSR1)
            until(lambda: served.failed or served.admin[first] == 200)
            assert [served.admin[other] for other in others] == [403] * len(others), "who is not asked reads nothing"
            for other in others:
                os.kill(int(other), signal.SIGUSR1)
            until(served.all_say(200))
        check_load(served)
