"""Policies that change: validated first, swapped in one step, with the counters as they were."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

import netguard.wsgi
from netguard import Area, ConfigError, LivePolicy, Policy, RateLimit
from netguard.asgi import NetguardMiddleware
from netguard.events import SecurityEvent
from scenarios.asgi_driver import scope_of
from scenarios.row import Ask
from support.load import until

T = TypeVar("T")

HOSTS = 'hosts = ["{}"]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(HOSTS.format("one.example"))
    return path


@pytest.fixture
def told() -> list[SecurityEvent]:
    return []


def of_file(file: Path, told: list[SecurityEvent]) -> Callable[[], Policy]:
    """What the file says, with somebody who listens."""

    def made() -> Policy:
        return Policy(hosts=[file.read_text().strip()], limits=[RateLimit("2/hour")], events=[told.append])

    return made


async def status(app: Any, host: str) -> int:
    """What a request is answered."""
    found: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    await app(scope_of(Ask(host=host)), receive, send)
    return found[0]


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def asked(app: Any, *hosts: str) -> list[int]:
    return [asyncio.run(status(app, host)) for host in hosts]


def test_a_changed_file_is_in_force(file: Path) -> None:
    live = LivePolicy(file, every=0)
    app = NetguardMiddleware(hello, live)
    assert asked(app, "one.example", "two.example") == [200, 400]
    file.write_text(HOSTS.format("two.example"))
    assert live.look()
    assert asked(app, "one.example", "two.example") == [400, 200]
    assert not live.look(), "nothing has changed since"


def test_a_bad_file_keeps_the_old_policy_and_is_told(tmp_path: Path, told: list[SecurityEvent]) -> None:
    file = tmp_path / "host"
    file.write_text("one.example")
    live = LivePolicy(of_file(file, told), every=0, watch=[file])
    app = NetguardMiddleware(hello, live)
    file.write_text("https://no-host.example")
    assert not live.look()
    assert [event.code for event in told] == ["policy.rejected"]
    assert "no-host.example" in told[0].detail
    assert asked(app, "one.example") == [200]
    assert not live.look()
    assert len(told) == 1, "the same file is not tried again and again"
    with pytest.raises(ConfigError, match=r"no-host\.example"):
        live.reload()
    file.write_text("two.example")
    assert live.look()
    assert told[-1].code == "policy.reloaded"
    assert asked(app, "two.example") == [200]


def test_counters_stay(tmp_path: Path, told: list[SecurityEvent]) -> None:
    file = tmp_path / "host"
    file.write_text("one.example")
    live = LivePolicy(of_file(file, told), every=0, watch=[file])
    app = NetguardMiddleware(hello, live)
    assert asked(app, "one.example", "one.example", "one.example") == [200, 200, 429]
    file.write_text("two.example")
    assert live.look()
    assert asked(app, "two.example") == [429]


def test_a_request_in_flight_ends_under_its_own_policy(file: Path) -> None:
    async def scenario() -> tuple[int, int]:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            begun.set()
            await go_on.wait()
            await hello(scope, receive, send)

        live = LivePolicy(file, every=0)
        app = NetguardMiddleware(slow, live)
        first = asyncio.create_task(status(app, "one.example"))
        await begun.wait()
        file.write_text(HOSTS.format("two.example"))
        await asyncio.to_thread(live.look)
        go_on.set()
        return await first, await status(app, "one.example")

    assert asyncio.run(scenario()) == (200, 400)


def test_network_lists_are_watched(tmp_path: Path) -> None:
    networks = tmp_path / "office.txt"
    networks.write_text("192.0.2.0/24\n")
    live = LivePolicy(lambda: Policy(hosts=["one.example"], areas=[Area("/", networks=[f"file:{networks}"])]), every=0)
    app = NetguardMiddleware(hello, live)
    assert asked(app, "one.example") == [403]
    networks.write_text("198.51.100.0/24\n")
    assert live.look()
    assert asked(app, "one.example") == [200]
    networks.write_text("198.51.100.0/33\n")
    assert not live.look()
    networks.unlink()
    assert not live.look()
    assert asked(app, "one.example") == [200]


def test_files_are_looked_at_by_themselves(file: Path) -> None:
    app = NetguardMiddleware(hello, LivePolicy(file, every=0.01))
    assert asked(app, "one.example") == [200]
    file.write_text(HOSTS.format("two.example"))
    until(lambda: asked(app, "two.example") == [200])


def test_the_thread_starts_with_the_first_request(file: Path) -> None:
    """A server that forks after it has loaded the app must not do so with a thread."""
    before = set(threading.enumerate())
    app = NetguardMiddleware(hello, LivePolicy(file, every=60))
    assert set(threading.enumerate()) == before
    assert asked(app, "one.example") == [200]
    assert [thread.name for thread in set(threading.enumerate()) - before] == ["netguard policy"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_process_looks_by_itself(file: Path) -> None:
    app = NetguardMiddleware(hello, LivePolicy(file, every=0.01))
    assert asked(app, "one.example") == [200]
    child = os.fork()
    if not child:
        try:
            until(lambda: asked(app, "two.example") == [200])
        except BaseException:
            os._exit(1)
        os._exit(0)
    file.write_text(HOSTS.format("two.example"))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_a_callable_raises_keeps_the_policy_and_the_thread(told: list[SecurityEvent]) -> None:
    states: list[BaseException | None] = [None, RuntimeError("the database is away"), None, None, SystemExit(3)]
    networks: list[BaseException | None] = [None, None, AttributeError("no such row")]

    def listed() -> list[str]:
        return _next(networks, ["198.51.100.0/24"])

    def made() -> Policy:
        areas = [Area("/admin/*", networks=listed)]
        return _next(states, Policy(hosts=["one.example"], areas=areas, events=[told.append]))

    live = LivePolicy(made, every=0)
    with pytest.raises(ConfigError, match="RuntimeError: the database is away"):
        live.reload()
    live.reload()
    with pytest.raises(ConfigError, match="AttributeError: no such row"):
        live.reload()
    with pytest.raises(ConfigError, match="SystemExit: 3"):
        live.reload()
    live.reload()
    codes = [event.code.partition(".")[2] for event in told]
    assert codes == ["rejected", "reloaded", "rejected", "rejected", "reloaded"]


def _next(states: list[BaseException | None], value: T) -> T:
    """The value, unless it is time to fail."""
    state = states.pop(0) if states else None
    if state is not None:
        raise state
    return value


def test_a_signal_reloads_and_reaches_whoever_heard_it_before(file: Path) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    try:
        live = LivePolicy(file, every=0)
        app = NetguardMiddleware(hello, live)
        live.reload_on(signal.SIGUSR1)
        file.write_text(HOSTS.format("two.example"))
        signal.raise_signal(signal.SIGUSR1)
        until(lambda: asked(app, "two.example") == [200])
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == [signal.SIGUSR1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_process_hears_the_signal_too(file: Path) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    app = NetguardMiddleware(hello, live := LivePolicy(file, every=0))
    live.reload_on(signal.SIGUSR1)
    child = os.fork()
    if not child:
        try:
            file.write_text(HOSTS.format("two.example"))
            signal.raise_signal(signal.SIGUSR1)
            until(lambda: asked(app, "two.example") == [200])
        except BaseException:
            os._exit(1)
        os._exit(0)
    signal.signal(signal.SIGUSR1, before)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_rules_about_a_user_that_nobody_knows_are_rejected(tmp_path: Path) -> None:
    role = tmp_path / "role"
    role.write_text("")

    def made() -> Policy:
        areas = [Area("/admin/*", require="staff")] if role.read_text() else []
        return Policy(hosts=["one.example"], areas=areas)

    live = LivePolicy(made, every=0, watch=[role])
    netguard.wsgi.NetguardMiddleware(lambda environ, start: [], live)
    role.write_text("staff")
    with pytest.raises(ConfigError, match="user="):
        live.reload()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: LivePolicy(Policy()), "callable that returns a Policy", id="a-policy"),  # type: ignore[arg-type]
        pytest.param(lambda: LivePolicy(lambda: 3), "which is no Policy", id="gives-no-policy"),  # type: ignore[arg-type,return-value]
        pytest.param(lambda: LivePolicy("/nowhere/policy.toml"), "cannot be read", id="no-file"),
        pytest.param(lambda: LivePolicy("x.toml", every=-1), "seconds are meant", id="negative"),
        pytest.param(lambda: LivePolicy("x.toml", watch="x"), "write a list", id="bare-path"),
    ],
)
def test_mistakes_end_the_start(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()
