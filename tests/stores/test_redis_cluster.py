"""A real Cluster: what one tag keeps together, what several tags cannot, and a node that goes away."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from netguard.counters import Clear, GiveBack, Op
from netguard.counters.rates import Gcra
from netguard.errors import StoreError
from netguard.messages import Taken
from netguard.stores.redis import RedisStore
from netguard.stores.redis.cluster_loop import ClusterLoop
from netguard.stores.redis.connections import Unreachable
from netguard.stores.redis.parts import split, taken_alone, together
from stores.doors import Door, Loop, Threads
from support.redis import PATIENT, asked, calls, cluster_uri, redis_cluster, until
from support.servers import HOST, Process, reserve

HOUR = 3_600_000_000  # microseconds
Nodes = tuple[Process, ...]


def gcra(key: bytes, tag: bytes, burst: int = 3) -> Gcra:
    return Gcra(key=key, tag=tag, step=HOUR, burst=burst)


def spread(burst: int = 3) -> list[Op]:
    """Operations of so many tags that every node has some."""
    return [gcra(b"key %d" % number, b"tag %d" % number, burst) for number in range(12)]


@pytest.fixture
def store(cluster: Nodes, prefix: str) -> Iterator[RedisStore]:
    store = RedisStore(cluster_uri(cluster) + PATIENT, prefix=prefix)
    yield store
    store.close()


@pytest.fixture(params=[pytest.param(Threads, id="sync"), pytest.param(Loop, id="async")])
def way(request: pytest.FixtureRequest, store: RedisStore) -> Iterator[Door]:
    door: Door = request.param(store)
    yield door
    door.close()


def keys(nodes: Nodes, prefix: str) -> list[list[bytes]]:
    return [sorted(asked(node, "KEYS", f"{prefix}:*")) for node in nodes]


def evalshas(nodes: Nodes) -> int:
    return sum(calls(node) for node in nodes)


def test_keys_of_one_tag_are_on_one_node(cluster: Nodes, way: Door, prefix: str) -> None:
    assert way.take(*[gcra(b"%d" % number, b"T") for number in range(9)]).ok
    held = [found for found in keys(cluster, prefix) if found]
    assert held == [[f"{prefix}:{{54}}:{number}".encode() for number in range(9)]]


def test_keys_of_several_tags_are_on_several_nodes(cluster: Nodes, way: Door, prefix: str) -> None:
    assert way.take(*spread()).ok
    assert all(keys(cluster, prefix))


def test_one_call_for_each_tag(cluster: Nodes, way: Door) -> None:
    ops = [gcra(b"%d" % number, b"%d" % (number % 3)) for number in range(9)]
    way.take(*ops)  # the first ones load the script
    before = evalshas(cluster)
    way.take(*ops)
    assert evalshas(cluster) == before + 3
    way.take(*ops[::3])
    assert evalshas(cluster) == before + 4


def test_what_one_tag_refuses_is_given_back_to_the_others(way: Door) -> None:
    ops = spread()
    tight = gcra(b"tight", b"another", 1)
    assert way.take(tight).ok
    for place in (0, 6, 12):
        assert not way.take(*ops[:place], tight, *ops[place:]).ok
    assert [left for left, *_ in way.peek(*ops).counts] == [2] * 12


def test_what_is_only_reported_is_not_given_back_where_it_was_not_taken(way: Door) -> None:
    shadow = Gcra(key=b"shadow", tag=b"one", step=HOUR, burst=1, report=True)
    tight = gcra(b"tight", b"two", 1)
    assert way.take(shadow).ok
    assert way.take(tight).ok
    assert not way.take(shadow, tight).ok
    assert way.peek(shadow).counts[0][1] > 0  # still used up


def test_at_once_over_several_tags_never_too_many(way: Door) -> None:
    """A take may be refused for the sake of one that is given back: never more than the limit, perhaps fewer."""
    ops = [*spread(100), gcra(b"tight", b"another", 5)]
    passed = way.at_once(60, *ops)
    assert 1 <= passed <= 5
    # Of each that went back, time has taken a round trip: together less than one.
    assert {left for left, *_ in way.peek(*ops[:12]).counts} <= {100 - passed - 1, 100 - passed - 2}


def test_settling_reaches_every_node(way: Door) -> None:
    ops = spread(1)
    taken = way.take(*ops)
    undone = [
        Clear(op.key, op.tag) if place % 2 else GiveBack(op, told[3])
        for place, (op, told) in enumerate(zip(ops, taken.counts, strict=True))
    ]
    way.settle(*undone)
    assert way.take(*ops).ok


def test_what_is_held_is_listed_from_all_nodes_for_one_prefix(cluster: Nodes, store: RedisStore, prefix: str) -> None:
    other = RedisStore(cluster_uri(cluster) + PATIENT, prefix=f"{prefix}:{prefix}")
    ops = [gcra(b"key number %05d" % number, b"tag %d" % number) for number in range(50)]
    store.take(ops[:40])
    other.take(ops[30:])
    assert all(keys(cluster, prefix))
    fresh = RedisStore(cluster_uri(cluster) + PATIENT, prefix=prefix)  # which knows no slots yet
    assert sorted(fresh.held()) == [op.key for op in ops[:40]]
    assert sorted(other.held()) == [op.key for op in ops[30:]]
    fresh.close()
    other.close()


def test_takes_of_one_tag_share_calls(cluster: Nodes, store: RedisStore) -> None:
    async def many() -> int:
        await store.atake([gcra(b"one", b"tag", 1000)])
        before = evalshas(cluster)
        await asyncio.gather(*[store.atake([gcra(b"one", b"tag", 1000)]) for _ in range(100)])
        client = store._loops.here()
        assert isinstance(client, ClusterLoop)
        assert client._lanes == {}  # none is kept that is idle
        return evalshas(cluster) - before

    assert asyncio.run(many()) == 2


def test_nodes_forget_the_script(cluster: Nodes, way: Door) -> None:
    for _ in range(2):
        assert way.take(*spread()).ok
        for node in cluster:
            asked(node, "SCRIPT", "FLUSH")


def test_connections_are_dropped(cluster: Nodes, way: Door) -> None:
    for _ in range(3):
        assert way.take(*spread()).ok
        for node in cluster:
            asked(node, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


class Moving:
    """A slot on its way from one node to the next."""

    def __init__(self, nodes: Nodes, prefix: str, op: Op) -> None:
        self.nodes = nodes
        self.slot = asked(
            nodes[0], "CLUSTER", "KEYSLOT", b"%b:{%b}:%b" % (prefix.encode(), op.tag.hex().encode(), op.key)
        )
        self.names = [asked(node, "CLUSTER", "MYID") for node in nodes]
        (self.old,) = [place for place, found in enumerate(keys(nodes, prefix)) if found]
        self.new = (self.old + 1) % 3

    def begin(self) -> None:
        asked(self.nodes[self.old], "FLUSHALL")  # instead of moving the keys
        asked(self.nodes[self.new], "CLUSTER", "SETSLOT", self.slot, "IMPORTING", self.names[self.old])
        asked(self.nodes[self.old], "CLUSTER", "SETSLOT", self.slot, "MIGRATING", self.names[self.new])

    def end(self) -> None:
        for place in (self.new, self.old, 3 - self.old - self.new):
            asked(self.nodes[place], "CLUSTER", "SETSLOT", self.slot, "NODE", self.names[self.new])

    def back(self) -> None:
        self.old, self.new = self.new, self.old
        self.begin()
        self.end()


def test_a_slot_is_followed_while_it_moves_and_afterwards(cluster: Nodes, way: Door, prefix: str) -> None:
    op = gcra(b"moving", b"moving", 9)
    assert way.take(op).counts[0][0] == 8
    moving = Moving(cluster, prefix, op)
    moving.begin()
    try:
        asked(cluster[moving.new], "SCRIPT", "FLUSH")
        assert [way.take(op).counts[0][0] for _ in range(2)] == [8, 7]
        assert keys(cluster, prefix)[moving.new]
        moving.end()
        assert [way.take(op).counts[0][0] for _ in range(2)] == [6, 5]
        before = evalshas(cluster)
        assert way.take(op).counts[0][0] == 4
        assert evalshas(cluster) == before + 1  # it knows by now
    finally:
        moving.end()
        moving.back()


@pytest.mark.parametrize("ways", [pytest.param(Threads, id="sync"), pytest.param(Loop, id="async")])
def test_a_node_that_hangs_is_an_error_and_what_the_others_took_goes_back(
    tmp_path: Path, ways: type[Threads] | type[Loop]
) -> None:
    with redis_cluster(tmp_path) as nodes:
        store = RedisStore(cluster_uri(nodes) + "?socket_timeout=0.5&socket_connect_timeout=0.5")
        door = ways(store)
        ops = spread()
        until(lambda: passes(door, ops))
        for node in nodes:
            asked(node, "CONFIG", "SET", "cluster-node-timeout", 60_000)
        door.settle(*[Clear(op.key, op.tag) for op in ops])
        nodes[2].popen.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(Unreachable):
                door.take(*ops)
            with pytest.raises(Unreachable):
                door.held()
        finally:
            nodes[2].popen.send_signal(signal.SIGCONT)
        until(lambda: passes(door, ops))
        there = [left for left, *_ in door.peek(*ops).counts]
        assert there.count(1) >= 4  # those of the other nodes: the one take that passed, and this one
        door.close()
        store.close()


def passes(door: Door, ops: list[Op]) -> bool:
    try:
        return door.take(*ops).ok
    except StoreError:
        return False


def test_a_cluster_that_is_not_there() -> None:
    store = RedisStore("redis+cluster://127.0.0.1:1,127.0.0.1:2?socket_connect_timeout=5")
    for _ in range(2):
        with pytest.raises(Unreachable):
            store.take([gcra(b"one", b"tag")])
        with pytest.raises(Unreachable):
            asyncio.run(store.atake([gcra(b"one", b"tag")]))
    with pytest.raises(Unreachable):
        store.held()
    store.close()


@pytest.mark.parametrize("ways", [pytest.param(Threads, id="sync"), pytest.param(Loop, id="async")])
def test_one_node_of_the_uri_suffices(cluster: Nodes, prefix: str, ways: type[Threads] | type[Loop]) -> None:
    with reserve() as nobody:
        for hosts in (f"{HOST}:{nobody},{HOST}:{cluster[1].port}", f"{HOST}:{cluster[1].port},{HOST}:{nobody}"):
            store = RedisStore(f"redis+cluster://{hosts}{PATIENT}", prefix=prefix)
            door = ways(store)
            assert door.take(*spread()).ok
            door.close()
            store.close()


@pytest.mark.parametrize("ways", [pytest.param(Threads, id="sync"), pytest.param(Loop, id="async")])
def test_a_server_that_is_no_cluster_says_so(server: Process, ways: type[Threads] | type[Loop]) -> None:
    store = RedisStore(f"redis+cluster://{HOST}:{server.port}{PATIENT}")
    door = ways(store)
    with pytest.raises(StoreError, match="cluster support disabled"):
        door.take(*spread())
    door.close()
    store.close()


def test_parts_keep_their_order() -> None:
    ops = [gcra(b"%d" % number, b"%d" % (number % 3)) for number in range(7)]
    parts = split(ops)
    assert parts == [(0, 3, 6), (1, 4), (2, 5)]
    said = [Taken(part != (1, 4), tuple((place, 0, 0, 100 + place) for place in part)) for part in parts]
    whole = together(parts, said)
    assert (whole.ok, [left for left, *_ in whole.counts]) == (False, list(range(7)))
    given = taken_alone(ops, parts, [said[0], said[1], OSError()])
    assert given == [GiveBack(ops[place], 100 + place) for place in (0, 3, 6)]
