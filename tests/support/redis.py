"""Redis as real processes on free ports: one server, a Cluster of three, and a primary that Sentinels watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis

from support.outside import require
from support.servers import HOST, Process, reserve, run

SLOTS = 16384
SERVICE = "counters"
WITHIN = 30  # seconds, on a busy machine
PATIENT = "?socket_timeout=20&socket_connect_timeout=20"  # seconds: the tests are not about time-outs


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinels:
    """A primary, its replica, and three that watch them."""

    uri: str
    primary: Process
    replica: Process
    sentinels: tuple[Process, ...]


@contextmanager
def redis_server(*options: str, port: int | None = None, program: str = "redis-server") -> Iterator[Process]:
    """One server that keeps nothing on disk; ``port`` from ``reserve`` for one that is started again."""
    with ExitStack() as stack:
        port = port or stack.enter_context(reserve())
        folder = stack.enter_context(TemporaryDirectory(prefix="netguard-"))  # a replica writes what it is sent
        plain = ["--port", str(port), "--bind", HOST, "--dir", folder, "--save", "", "--appendonly", "no"]
        yield stack.enter_context(run([require(program), *plain, *options], port=port))


@contextmanager
def redis_cluster(folder: Path) -> Iterator[tuple[Process, ...]]:
    """Three primaries that share the slots."""
    with ExitStack() as stack:
        nodes = []
        buses = [stack.enter_context(reserve()) for _ in range(3)]
        for number, bus in enumerate(buses):
            config = folder / f"node-{number}.conf"
            options = ["--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-config-file", str(config)]
            nodes.append(stack.enter_context(redis_server(*options, "--cluster-node-timeout", "2000")))
        _join(nodes, buses)
        yield tuple(nodes)


@contextmanager
def redis_sentinels(folder: Path) -> Iterator[Sentinels]:
    """A primary with a replica, and three Sentinels that agree within a second."""
    with ExitStack() as stack:
        primary = stack.enter_context(redis_server("--repl-diskless-sync-delay", "0"))
        replica = stack.enter_context(redis_server("--replicaof", HOST, str(primary.port)))
        until(lambda: info(replica)["master_link_status"] == "up")
        ports = [stack.enter_context(reserve()) for _ in range(3)]
        watching = []
        for number in range(3):
            config = folder / f"sentinel-{number}.conf"  # Sentinels write into it
            config.write_text(_sentinel(number, ports, primary, replica))
            command = [require("redis-server"), str(config), "--sentinel"]
            watching.append(stack.enter_context(run(command, port=ports[number])))
        hosts = ",".join(f"{HOST}:{one.port}" for one in watching)
        yield Sentinels(
            uri=f"redis+sentinel://{hosts}/{SERVICE}", primary=primary, replica=replica, sentinels=tuple(watching)
        )  # fmt: skip


def cluster_uri(nodes: tuple[Process, ...]) -> str:
    return "redis+cluster://" + ",".join(f"{HOST}:{node.port}" for node in nodes)


def uri(server: Process) -> str:
    return f"redis://{HOST}:{server.port}"


def asked(server: Process, *command: str | bytes | int) -> Any:
    """What a server answers to one command."""
    with redis.Redis(HOST, server.port) as client:
        return client.execute_command(*command)


def info(server: Process) -> dict[str, Any]:
    with redis.Redis(HOST, server.port) as client:
        found: dict[str, Any] = client.info("all")
        return found


def calls(server: Process, command: str = "evalsha") -> int:
    """How often a command came, since the server began."""
    return int(info(server).get(f"cmdstat_{command}", {}).get("calls", 0))


def until(condition: Callable[[], object]) -> None:
    """Wait for what a server does in its own time."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    raise TimeoutError(f"{condition} did not come true within {WITHIN} seconds")


def _join(nodes: list[Process], buses: list[int]) -> None:
    share = SLOTS // len(nodes)
    for number, (node, bus) in enumerate(zip(nodes, buses, strict=True)):
        last = SLOTS - 1 if node is nodes[-1] else (number + 1) * share - 1
        asked(node, "CLUSTER", "ADDSLOTSRANGE", number * share, last)
        asked(nodes[0], "CLUSTER", "MEET", HOST, node.port, bus)
    until(lambda: all(_whole(node, len(nodes)) for node in nodes))


def _whole(node: Process, count: int) -> bool:
    state = asked(node, "CLUSTER", "INFO").split()
    return b"cluster_state:ok" in state and b"cluster_known_nodes:%d" % count in state


def _sentinel(number: int, ports: list[int], primary: Process, replica: Process) -> str:
    """Its configuration; all know each other from the start, for finding each other takes them ten seconds."""
    others = [
        f"sentinel known-sentinel {SERVICE} {HOST} {port} {other:040x}"
        for other, port in enumerate(ports)
        if other != number
    ]
    lines = [
        f"port {ports[number]}",
        f"bind {HOST}",
        f"sentinel myid {number:040x}",
        f"sentinel monitor {SERVICE} {HOST} {primary.port} 2",
        f"sentinel down-after-milliseconds {SERVICE} 1000",
        f"sentinel failover-timeout {SERVICE} 2000",
        f"sentinel known-replica {SERVICE} {HOST} {replica.port}",
        *others,
    ]
    return "\n".join(lines) + "\n"
