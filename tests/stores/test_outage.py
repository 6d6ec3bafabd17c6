"""What a store that is out means for a request: an answer from this process, at once."""

from __future__ import annotations

import asyncio

import pytest

from netguard.counters import Clear, Revoke
from netguard.counters.tries import Revocation
from netguard.errors import StoreError
from netguard.stores.outage import Guarded
from support.remote import KEY, OTHER, Clock, Face, Remote, codes, gcra, passed


def test_the_store_answers_while_it_is_there(face: Face, store: Guarded, remote: Remote) -> None:
    assert passed(face, store, gcra(5)) == 5
    assert codes(store) == []


def test_the_first_call_that_fails_is_answered_here_and_no_other_reaches_the_store(
    face: Face, store: Guarded, remote: Remote
) -> None:
    remote.fail()
    assert passed(face, store, gcra(10)) == 5
    assert remote.calls == ["take"]
    assert codes(store) == ["store.out"]


def test_peeking_is_answered_here_too(face: Face, store: Guarded, remote: Remote) -> None:
    remote.fail()
    assert face(store, "peek", [gcra(10)]).counts[0][0] == 4
    assert face(store, "peek", [gcra(10)]).counts[0][0] == 4
    assert remote.calls == ["peek"]
    assert codes(store) == ["store.out"]


def test_one_request_tries_again_after_the_pause(face: Face, store: Guarded, remote: Remote, clock: Clock) -> None:
    remote.fail()
    passed(face, store, gcra(), 3)
    clock.pass_seconds(0.49)
    passed(face, store, gcra(), 3)
    assert len(remote.calls) == 1
    clock.pass_seconds(0.01)
    passed(face, store, gcra(), 3)
    assert len(remote.calls) == 2
    clock.pass_seconds(0.5)
    remote.recover()
    passed(face, store, gcra(), 3)
    assert len(remote.calls) == 5
    assert codes(store) == ["store.out", "store.back"]


def test_the_pause_is_between_half_and_one_and_a_half(clock: Clock, remote: Remote) -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    store = Guarded(remote, pause=2, clock=clock, uniform=uniform)
    remote.fail()
    store.take([gcra()])
    clock.pass_seconds(2.99)
    store.take([gcra()])
    assert len(remote.calls) == 1
    clock.pass_seconds(0.01)
    store.take([gcra()])
    assert len(remote.calls) == 2
    assert asked == [(0.5, 1.5)] * 2


@pytest.mark.parametrize("verb", ["peek", "settle"])
def test_only_a_take_tries_again(face: Face, store: Guarded, remote: Remote, clock: Clock, verb: str) -> None:
    remote.fail()
    face(store, "take", [gcra()])
    remote.recover()  # as a full Redis does: what needs no room is answered
    clock.pass_seconds(10)
    face(store, verb, [gcra()] if verb == "peek" else [Clear(KEY)])
    assert remote.calls == ["take"]
    assert codes(store) == ["store.out"]


def test_a_refusal_does_not_prove_that_a_store_can_write(
    face: Face, store: Guarded, remote: Remote, clock: Clock
) -> None:
    op = gcra(1, on_outage="allow")
    face(store, "take", [op])
    remote.fail()
    face(store, "take", [gcra(key=OTHER)])
    remote.recover()
    clock.pass_seconds(1)
    assert not face(store, "take", [op]).ok  # asked, and answered so
    assert codes(store) == ["store.out"]
    clock.pass_seconds(1)
    assert face(store, "take", [gcra(key=OTHER)]).ok
    assert codes(store) == ["store.back"]


def test_while_one_probes_nobody_else_does(store: Guarded, remote: Remote, clock: Clock) -> None:
    remote.fail()
    store.take([gcra()])
    clock.pass_seconds(5)
    remote.during = lambda: store.take([gcra()])
    store.take([gcra()])
    assert len(remote.calls) == 2


def test_what_fails_late_is_no_second_outage(store: Guarded, remote: Remote, clock: Clock) -> None:
    def meanwhile() -> None:
        store.take([gcra()])  # fails too
        remote.recover()
        clock.pass_seconds(1)
        store.take([gcra()])  # passes

    remote.fail()
    remote.during = meanwhile
    store.take([gcra()])
    assert codes(store) == ["store.out", "store.back"]


def test_what_passes_late_is_no_recovery(store: Guarded, remote: Remote) -> None:
    def meanwhile() -> None:
        remote.fail()
        store.take([gcra()])

    remote.during = meanwhile
    assert store.take([gcra()]).ok
    assert codes(store) == ["store.out"]
    store.take([gcra()])
    assert len(remote.calls) == 2


def test_a_probe_of_an_earlier_outage_does_not_end_a_later_one(store: Guarded, remote: Remote, clock: Clock) -> None:
    def meanwhile() -> None:
        clock.pass_seconds(11)  # so long that the probe counts as lost
        store.take([gcra()])
        remote.fail()
        store.take([gcra()])

    remote.fail()
    store.take([gcra()])
    remote.recover()
    clock.pass_seconds(1)
    remote.during = meanwhile
    store.take([gcra()])
    assert codes(store) == ["store.out", "store.back", "store.out"]


@pytest.mark.parametrize("error", [asyncio.CancelledError(), ZeroDivisionError()], ids=["cancelled", "a bug"])
def test_a_probe_that_is_given_up_makes_room_for_another(
    face: Face, store: Guarded, remote: Remote, clock: Clock, error: BaseException
) -> None:
    remote.fail()
    face(store, "take", [gcra()])
    clock.pass_seconds(1)
    remote.error = error
    with pytest.raises(type(error)):
        face(store, "take", [gcra()])
    assert codes(store) == ["store.out"]
    clock.pass_seconds(1)
    remote.recover()
    face(store, "take", [gcra()])
    assert codes(store) == ["store.back"]


def test_a_call_that_is_given_up_is_no_outage(face: Face, store: Guarded, remote: Remote) -> None:
    remote.error = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        face(store, "take", [gcra()])
    remote.recover()
    face(store, "take", [gcra()])
    assert len(remote.calls) == 2
    assert codes(store) == []


def test_the_local_store_is_bounded_and_says_when_it_is_full(clock: Clock, remote: Remote) -> None:
    store = Guarded(remote, local_keys=1, clock=clock)
    remote.fail()
    for number in range(100):
        store.take([gcra(key=number.to_bytes(16, "big"))])
    assert codes(store) == ["store.out", "store.full"]


def test_an_outage_that_comes_and_goes_grants_no_second_share(
    face: Face, store: Guarded, remote: Remote, clock: Clock
) -> None:
    op = gcra(10)
    assert passed(face, store, op, 10) == 10
    for _ in range(3):
        remote.fail()
        passed(face, store, op, 10)
        remote.recover()
        clock.pass_seconds(1)
        assert face(store, "take", [gcra(key=OTHER, burst=100)]).ok
    assert passed(face, store, op) == 0
    assert sum(code == "store.out" for code in codes(store)) == 3


def test_a_bug_of_the_store_is_no_outage(face: Face, store: Guarded, remote: Remote) -> None:
    remote.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        face(store, "take", [gcra()])
    assert codes(store) == []


def test_the_news_say_why(store: Guarded, remote: Remote) -> None:
    remote.error = StoreError("the memcached storage does not answer (TimeoutError)")
    store.take([gcra()])
    (news,) = store.news
    assert news.detail.startswith("the memcached storage does not answer (TimeoutError): ")
    assert news.trouble


def test_it_is_out_from_the_first_call_that_fails_to_the_first_that_does_not(
    face: Face, store: Guarded, remote: Remote, clock: Clock
) -> None:
    assert not store.out
    remote.fail()
    face(store, "take", [gcra()])
    assert store.out
    remote.recover()
    assert store.out
    clock.pass_seconds(1)
    face(store, "take", [gcra()])
    assert not store.out


def test_what_is_revoked_while_the_store_is_out_is_revoked_here(face: Face, store: Guarded, remote: Remote) -> None:
    revoked = Revocation(key=KEY, issued=7, keep=60_000_000)
    remote.fail()
    face(store, "settle", [Revoke(revoked)])
    assert store.out  # so that whoever revoked can be told
    assert not face(store, "take", [revoked]).ok
    assert remote.calls == ["settle"]
    assert remote.store.peek([revoked]).ok


def test_what_the_store_revoked_is_known_here_when_it_goes_out(face: Face, store: Guarded, remote: Remote) -> None:
    revoked = Revocation(key=KEY, issued=7, keep=60_000_000)
    face(store, "settle", [Revoke(revoked)])
    remote.fail()
    assert not face(store, "take", [revoked]).ok


def test_what_is_held_is_what_the_store_holds(store: Guarded, remote: Remote) -> None:
    store.take([gcra()])
    assert list(store.held()) == [KEY]
    remote.fail()
    store.take([gcra(key=OTHER)])
    with pytest.raises(StoreError):
        store.held()
