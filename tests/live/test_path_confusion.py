"""No spelling of a guarded path reaches its views from outside, on real servers; odd public paths are served."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support.servers import HOST, Process, ServerName, serve

from .path_attempts import Attempt, attempts

APPS: dict[str, tuple[ServerName, str]] = {
    "starlette-uvicorn": ("uvicorn", "starlette"),
    "starlette-hypercorn": ("hypercorn", "starlette"),
    "starlette-granian": ("granian", "starlette"),
    "flask-gunicorn": ("gunicorn", "flask"),
    "flask-waitress": ("waitress", "flask"),
    "django-gunicorn": ("gunicorn", "django_wsgi"),
    "django-uvicorn": ("uvicorn", "django_asgi"),
}
ROOTS: dict[str, tuple[ServerName, str, dict[str, str], list[str]]] = {
    "starlette-hypercorn": ("hypercorn", "starlette", {}, ["--root-path", "/app"]),
    "flask-gunicorn": ("gunicorn", "flask", {"SCRIPT_NAME": "/app"}, []),
}
TESTS = Path(__file__).parents[1]
TEETH = (
    40  # attempts, at least, that reach a view where nothing guards it: about a third of what each server lets through
)
WITHIN = 20  # seconds, on a busy machine
CLIENTS = 8
ODD = (b"/club/x;v=1", b"/club/a%252Fb", b"/club/a%2Fb", b"/club/x%20y", b"/club/%C3%A9", b"/club/a%255Cb;v=1?x=/admin")


@dataclass(frozen=True, slots=True)
class Site:
    """An app on a server."""

    server: Process

    def answer(self, attempt: Attempt) -> bytes:
        """All that the server says before it hangs up."""
        line = b" ".join([attempt.method, attempt.target, b"HTTP/1.1"])
        host = b"Host: localhost:%d" % self.server.port
        head = b"\r\n".join([line, host, b"Content-Length: 0", b"Connection: close", *attempt.fields, b"", b""])
        with socket.create_connection((HOST, self.server.port), WITHIN) as connection:
            connection.sendall(head)
            return b"".join(_received(connection))


def _received(connection: socket.socket) -> Iterator[bytes]:
    try:
        while chunk := connection.recv(65_536):
            yield chunk
    except ConnectionResetError:  # which is how some hang up on what they cannot read
        return


def reached(answer: bytes) -> bool:
    return b"x-reached: admin" in answer.lower()


def bare(attempt: Attempt) -> Attempt:
    return replace(attempt, fields=(*attempt.fields, b"X-Bare: yes"))


def that_reach(ask: Callable[[Attempt], bytes], tried: Sequence[Attempt]) -> list[Attempt]:
    with ThreadPoolExecutor(CLIENTS) as clients:
        return [attempt for attempt, answer in zip(tried, clients.map(ask, tried), strict=True) if reached(answer)]


@pytest.fixture(scope="module", params=APPS)
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    server, app = APPS[request.param]
    with serve(server, f"live.path_apps:{app}", path=[TESTS]) as process:
        yield Site(process)


def test_no_spelling_reaches_the_area(site: Site) -> None:
    tried = list(attempts())
    unguarded = that_reach(lambda attempt: site.answer(bare(attempt)), tried)
    through = that_reach(site.answer, tried)
    assert not through, f"{len(through)} of {len(tried)} attempts; without netguard {len(unguarded)} reach it"
    assert len(unguarded) >= TEETH


@pytest.mark.parametrize("name", ROOTS)
def test_nor_below_a_root(name: str) -> None:
    server, app, env, options = ROOTS[name]
    tried = [replace(attempt, target=b"/app" + attempt.target) for attempt in attempts() if not attempt.fields]
    with serve(server, f"live.path_apps:{app}", path=[TESTS], env=env, options=options) as process:
        site = Site(process)
        unguarded = that_reach(lambda attempt: site.answer(bare(attempt)), tried)
        through = that_reach(site.answer, tried)
    assert not through, f"{len(through)} of {len(tried)} attempts; without netguard {len(unguarded)} reach it"
    assert len(unguarded) >= TEETH


@pytest.mark.parametrize("target", ODD)
def test_odd_public_paths_are_served(site: Site, target: bytes) -> None:
    answer = site.answer(Attempt(target))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"x-reached: club" in answer.lower()
