"""Which head of a WSGI answer settles a login: the last one that an app gives before it returns, or a generator's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from netguard import status
from netguard.wsgi import Environ, NetguardMiddleware
from scenarios.rows.lockout import ANN, guarded
from scenarios.wsgi_driver import environ_of

Start = Callable[..., Callable[[bytes], object]]
Head = tuple[str, list[tuple[str, str]]]


def logins(app: Callable[[Environ, Start], Iterable[bytes]], times: int) -> list[Head]:
    """The last heads of as many logins, of which two in a row may fail."""
    guard, found = NetguardMiddleware(app, guarded(success=status(200))()), []
    for _ in range(times):
        heads: list[Head] = []

        def start(line: str, headers: list[tuple[str, str]], *_: Any, heads: list[Head] = heads) -> Any:
            heads.append((line, headers))
            return heads.append

        list(guard(environ_of(ANN), start))
        found.append(heads[-1])
    return found


def right(_: Environ, start: Start) -> Iterable[bytes]:
    start("200 OK", [])
    yield b"welcome"


def taken_back(_: Environ, start: Start) -> Iterable[bytes]:
    start("200 OK", [])
    try:
        raise ValueError
    except ValueError:
        start("500 Broken", [], sys.exc_info())
    return [b"broken"]


def test_a_generator_settles_as_it_starts_its_answer() -> None:
    found = logins(right, 4)
    assert [line for line, _ in found] == ["200 OK"] * 4
    assert any("netguard-device" in value for _, value in found[0][1])


def test_a_head_that_is_taken_back_proves_nothing() -> None:
    assert [line[:3] for line, _ in logins(taken_back, 3)] == ["500", "500", "429"]
