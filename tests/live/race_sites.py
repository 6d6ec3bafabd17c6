"""The servers that races are run on: several processes on a Redis, one on memory, in threads and in an event loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.redis import PATIENT
from support.servers import HOST, ServerName, serve

from .crowd import Crowd, crowd

_TESTS = Path(__file__).parents[1]
_EAGER = {"SWITCH_INTERVAL": "1e-6"}  # seconds: threads change places at nearly every step


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A way to serve the apps ``asgi`` or ``wsgi`` of a module."""

    server: ServerName
    processes: int = 1
    redis: bool = False
    env: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def clients(self, apps: str, store: str, **env: str) -> Iterator[Crowd]:
        app = {"uvicorn": "asgi", "gunicorn": "wsgi"}[self.server]
        stay = {"uvicorn": ["--no-access-log", "--timeout-keep-alive", "60"], "gunicorn": ["--keep-alive", "60"]}
        secret = "the-secret-of-a-test-and-long-enough"
        env = {"NETGUARD_STORE": store, "NETGUARD_SECRETS": secret, **self.env, **env}
        options = ["--workers", str(self.processes), *stay[self.server]]
        with (
            serve(self.server, f"{apps}:{app}", path=[_TESTS], env=env, options=options) as process,
            crowd(process, self.processes) as clients,
        ):
            yield clients


SITES = {
    "uvicorn-four-processes-redis": Site(server="uvicorn", processes=4, redis=True),
    "gunicorn-four-processes-redis": Site(server="gunicorn", processes=4, redis=True),
    "gunicorn-four-processes-redis-eager": Site(server="gunicorn", processes=4, redis=True, env=_EAGER),
    "uvicorn-memory": Site(server="uvicorn"),
    "gunicorn-threads-memory": Site(server="gunicorn"),
    "gunicorn-threads-memory-eager": Site(server="gunicorn", env=_EAGER),
}
SHARED = [name for name in SITES if name in ("uvicorn-four-processes-redis", "gunicorn-four-processes-redis")]


def address(port: int, options: str = PATIENT) -> str:
    """The store on the Redis at this port."""
    return f"redis://{HOST}:{port}{options}"
