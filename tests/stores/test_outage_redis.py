"""A real Redis that is killed, frozen, restarted and full under load: every request is answered, and counted."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import redis

from netguard.stores.outage import Guarded
from netguard.stores.redis import RedisStore
from support.load import Load
from support.outside import require
from support.remote import gcra, passed, sync_face
from support.servers import Process, reserve, run

BURST = 40
Disturb = Callable[["Server", Load], int]


class Server:
    """A Redis without persistence on one port, that comes and goes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"redis://127.0.0.1:{port}"
        self._stack = ExitStack()
        self.process = self.start()

    def start(self) -> Process:
        command = [require("redis-server"), "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = self._stack.enter_context(run(command, port=self.port))
        return self.process

    def close(self) -> None:
        self.process.popen.send_signal(signal.SIGCONT)
        self._stack.close()

    def configure(self, name: str, value: str) -> None:
        with redis.Redis(port=self.port) as client:
            client.config_set(name, value)


@contextmanager
def serving() -> Iterator[Server]:
    with reserve() as port:
        server = Server(port)
        try:
            yield server
        finally:
            server.close()


def killed(server: Server, load: Load) -> int:
    server.process.popen.kill()
    server.process.popen.wait()
    load.tells("store.out")
    server.start()
    load.tells("store.back")
    return 2  # lives, each of which grants the quota: nothing was kept


def frozen(server: Server, load: Load) -> int:
    server.process.popen.send_signal(signal.SIGSTOP)
    load.tells("store.out")
    server.process.popen.send_signal(signal.SIGCONT)
    load.tells("store.back")
    return 1


def full(server: Server, load: Load) -> int:
    server.configure("maxmemory", "1")  # noeviction is the default
    load.tells("store.out")
    server.configure("maxmemory", "0")
    load.tells("store.back")
    return 1


def read_only(server: Server, load: Load) -> int:
    server.configure("min-replicas-to-write", "1")
    load.tells("store.out")
    server.configure("min-replicas-to-write", "0")
    load.tells("store.back")
    return 1


@pytest.mark.needs("redis-server")
@pytest.mark.parametrize("disturb", [killed, frozen, full, read_only])
@pytest.mark.parametrize("face", ["threads", "loop"])
def test_no_request_fails_and_no_more_pass_than_the_quota_and_the_share(disturb: Disturb, face: str) -> None:
    with serving() as server:
        remote = RedisStore(server.url, connect_timeout=1, read_timeout=1)
        store = Guarded(remote, outage_share=0.5, pause=0.05)
        load = Load(store, BURST)
        workers = [load.threads] * 6 if face == "threads" else [load.loop]
        with load.running(*workers):
            lives = sum(disturb(server, load) for _ in range(3)) - 2
        assert load.errors == []
        assert 0 < load.admitted <= lives * BURST + BURST // 2
        assert not store.news
        assert passed(sync_face, store, gcra(BURST), 3 * BURST) == BURST  # all is as before
