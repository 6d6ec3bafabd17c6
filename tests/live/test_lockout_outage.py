"""Logins on real servers while their Redis is killed or frozen: no error, no free guesses; and what a login asks it."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support.load import until
from support.redis import info, redis_server
from support.servers import Process, ServerName, reserve

from .crowd import MANY
from .guessing import Guessed, fresh_client, fresh_name, guessed, login, of_many_clients
from .login_terms import HELD, RIGHT, TRIES, UNKNOWN, WRONG
from .race_sites import SHARED, SITES, Site, address

EXACTLY = {200: TRIES, 429: MANY - TRIES}
ALONE = TRIES // 2  # what a process grants while it counts for itself
CONNECTING = {"info", "client|setinfo", "hello"}
WITHIN_A_SCRIPT = {"time", "get", "mget", "set", "del"}  # which count as commands too


class Redis:
    """A server that keeps what it holds, and comes and goes on one port."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self._kept = ["--dir", str(folder), "--appendonly", "yes", "--appendfsync", "always"]
        self._stack = ExitStack()
        self.process = self.start()

    def start(self) -> Process:
        self.process = self._stack.enter_context(redis_server(*self._kept, port=self.port))
        return self.process

    def freeze(self) -> None:
        self.process.popen.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.popen.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.popen.kill()
        self.process.popen.wait()

    def close(self) -> None:
        self.go_on()
        self._stack.close()


@contextmanager
def on_redis(site: Site, folder: Path) -> Iterator[tuple[Redis, Guessed]]:
    """A site that counts alone while its Redis is out, after the default time-outs."""
    os.mkfifo(folder / "held")
    with reserve() as port:
        redis = Redis(port, folder)
        try:
            with guessed(site, address(port, ""), folder, on_outage="local") as logins:
                yield redis, logins
        finally:
            redis.close()


def is_back(logins: Guessed) -> bool:
    """Whether every process that lost the store found it again; a login gives each the occasion."""
    logins.all_at_once([login(fresh_name(), fresh_client()) for _ in range(MANY)])
    told = Counter(logins.events())
    return told["store.out"] == told["store.back"] > 0


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_a_redis_that_goes_away_amid_guesses_grants_each_process_its_share(how: str, name: str, tmp_path: Path) -> None:
    victim, later, shares = fresh_name(), fresh_name(), SITES[name].processes * ALONE
    with on_redis(SITES[name], tmp_path) as (redis, logins), ThreadPoolExecutor(1) as attacker:
        attack = attacker.submit(logins.all_at_once, of_many_clients(victim))
        until(lambda: logins.evaluated(victim))
        redis.kill() if how == "killed" else redis.freeze()
        assert set(attack.result() + logins.all_at_once(of_many_clients(victim))) <= {200, 429}
        assert set(logins.all_at_once(of_many_clients(later))) == {200, 429}
        assert 1 <= logins.evaluated(later) <= shares
        assert set(logins.events()) == {"store.out"}
        redis.start() if how == "killed" else redis.go_on()
        until(lambda: is_back(logins))
        assert set(logins.all_at_once(of_many_clients(victim))) <= {200, 429}
        assert TRIES <= logins.evaluated(victim) <= TRIES + shares
        assert logins.all_at_once(of_many_clients(fresh_name())) == EXACTLY


@pytest.mark.parametrize("name", SHARED)
def test_a_success_that_cannot_be_settled_stays_taken(name: str, tmp_path: Path) -> None:
    """Its user is let in all the same."""
    owner = fresh_name()
    with on_redis(SITES[name], tmp_path) as (redis, logins), ThreadPoolExecutor(1) as visitor:
        success = visitor.submit(logins.one, login(owner, fresh_client(), HELD))
        with (tmp_path / "held").open("wb"):  # waits until the view is there
            redis.kill()
        assert success.result() == 303
        redis.start()
        until(lambda: is_back(logins))
        assert logins.all_at_once(of_many_clients(owner)) == {200: TRIES - 1, 429: MANY - TRIES + 1}


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
def test_a_login_asks_redis_once_before_and_at_most_once_after(server: ServerName, tmp_path: Path) -> None:
    """Nor do the commands tell a name that exists from one that does not."""
    with on_redis(Site(server=server), tmp_path) as (redis, logins):

        def asked(name: str, password: str) -> Counter[str]:
            before = commands(redis.process)
            logins.one(login(name, fresh_client(), password))
            return commands(redis.process) - before

        asked(fresh_name(), RIGHT)  # connected, and the script is there
        right, wrong, unknown = fresh_name(), fresh_name(), UNKNOWN
        assert by_clients(asked(right, RIGHT)) == {"evalsha": 2}
        for _ in range(TRIES + 1):
            of_known = asked(wrong, WRONG)
            assert of_known == asked(unknown, WRONG)
            assert by_clients(of_known) in ({"evalsha": 1}, {})


def commands(redis: Process) -> Counter[str]:
    """How often each command came so far, but for those of this client and of those that just connected."""
    told = {name.removeprefix("cmdstat_"): one for name, one in info(redis).items() if name.startswith("cmdstat_")}
    return Counter({name: one["calls"] for name, one in told.items() if name not in CONNECTING})


def by_clients(told: Counter[str]) -> Counter[str]:
    """Those that came from a client, not from the script."""
    return Counter({name: calls for name, calls in told.items() if name not in WITHIN_A_SCRIPT})
