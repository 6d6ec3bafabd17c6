"""Where a call to a Cluster goes next, whatever the nodes say."""

from __future__ import annotations

import pytest
from redis.exceptions import (
    AskError,
    ConnectionError,
    MovedError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TimeoutError,
)

from netguard.stores.redis.slots import Route, Slots

A, B, C = ("a", 1), ("b", 2), ("c", 3)
KEY = b"x:{foo}:y"  # slot 12182
TOLD = [[0, 5460, [b"a", 1, b"id", []]], [5461, 16383, [b"b", 2, b"id"], [b"c", 3, b"id"]]]


@pytest.fixture
def slots() -> Slots:
    slots = Slots([A])
    slots.learn(TOLD, A)
    return slots


def test_what_a_node_tells() -> None:
    slots = Slots([A, C])
    assert (slots.stale, slots.nodes()) == (True, [A, C])
    slots.learn(TOLD, A)
    assert (slots.stale, slots.nodes()) == (False, [A, B, C])
    assert [slots.owner(slot) for slot in (0, 5460, 5461, 16383)] == [A, A, B, B]


@pytest.mark.parametrize("nameless", [b"", "", None], ids=["bytes", "text", "null"])
def test_a_node_that_knows_no_name_for_itself_is_the_one_that_was_asked(nameless: bytes | str | None) -> None:
    slots = Slots([A])
    slots.learn([[0, 16383, [nameless, 7, b"id"]]], ("asked", 1))
    assert slots.owner(1) == ("asked", 7)


def test_a_slot_that_nobody_has() -> None:
    slots = Slots([A])
    slots.learn([[1, 16383, [b"a", 1]]], A)
    with pytest.raises(RedisClusterException, match="no node has slot 0"):
        slots.owner(0)
    assert slots.stale


def test_the_one_that_did_not_answer_is_asked_last(slots: Slots) -> None:
    slots.lost(A)
    assert (slots.stale, slots.nodes()) == (True, [B, A])


def test_three_are_asked_at_most() -> None:
    assert Slots([(str(number), 1) for number in range(9)]).nodes() == [("0", 1), ("1", 1), ("2", 1)]


def test_a_slot_that_moved(slots: Slots) -> None:
    route = Route(slots, KEY, 0)
    assert (route.node(), route.asking) == (B, False)
    route.after(MovedError("12182 c:3"), B)
    assert (route.node(), route.asking) == (C, False)
    assert (slots.owner(12182), slots.owner(12183)) == (C, B)


def test_a_slot_that_moves_is_asked_for_there_this_time(slots: Slots) -> None:
    route = Route(slots, KEY, 0)
    route.after(AskError("12182 c:3"), B)
    assert (route.node(), route.asking) == (C, True)
    assert slots.owner(12182) == B
    route.after(MovedError("12182 a:1"), C)
    assert (route.node(), route.asking) == (A, False)


def test_no_call_is_sent_round_for_ever(slots: Slots) -> None:
    route = Route(slots, KEY, 0)
    for _ in range(4):
        route.after(MovedError("12182 c:3"), B)
    with pytest.raises(MovedError):
        route.after(MovedError("12182 b:2"), C)


def test_a_dropped_connection_is_tried_as_often_as_the_call_allows(slots: Slots) -> None:
    route = Route(slots, KEY, 1)
    route.after(ConnectionError(), B)
    assert slots.stale
    with pytest.raises(ConnectionError):
        route.after(ConnectionError(), B)
    with pytest.raises(ConnectionError):
        Route(slots, KEY, 0).after(ConnectionError(), B)


@pytest.mark.parametrize(("error", "stale"), [(TimeoutError(), True), (ResponseError("full"), False)])
def test_any_other_error_ends_the_call(slots: Slots, error: RedisError, stale: bool) -> None:
    with pytest.raises(type(error)):
        Route(slots, KEY, 1).after(error, B)
    assert slots.stale is stale
