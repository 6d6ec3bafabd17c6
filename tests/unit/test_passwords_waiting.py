"""The queue of hashes: how many at once, how many wait, and that every place comes back."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Semaphore
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netguard.errors import Busy
from netguard.passwords import Passwords
from netguard.passwords.waiting import Queue

SOON = 30  # seconds, on a busy machine


class Gate:
    """Calls that stay until they are let go; counts who is inside."""

    def __init__(self) -> None:
        self.entered = Semaphore(0)
        self.inside = self.most = self.calls = 0
        self._lock = Lock()
        self._go = Semaphore(0)

    def __call__(self) -> int:
        with self._lock:
            self.calls += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.entered.release()
        assert self._go.acquire(timeout=SOON)
        with self._lock:
            self.inside -= 1
        return 7

    def open(self, count: int = 1) -> None:
        self._go.release(count)

    async def has_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.acquire, timeout=SOON)


async def begun(queue: Queue, gate: Gate, count: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(queue.arun(gate)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def test_what_comes_to_a_full_queue_is_refused_at_once() -> None:
    async def crowd() -> None:
        queue, gate = Queue(2, 3), Gate()
        tasks = await begun(queue, gate, 5)
        with pytest.raises(Busy):
            await queue.arun(gate)
        with pytest.raises(Busy):
            queue.run(gate)
        gate.open(5)
        assert await asyncio.gather(*tasks) == [7] * 5
        assert (gate.most, gate.calls) == (2, 5)
        gate.open()
        assert await queue.arun(gate) == 7

    asyncio.run(crowd())


def test_busy_says_when_to_come_again() -> None:
    queue, gate = Queue(1, 0), Gate()
    with ThreadPoolExecutor(1) as others:
        running = others.submit(queue.run, gate)
        assert gate.entered.acquire(timeout=SOON)
        with pytest.raises(Busy) as caught:
            queue.run(gate)
        gate.open()
        assert running.result(SOON) == 7
    refusal = caught.value.refusal
    assert (refusal.code, refusal.status, refusal.headers) == ("passwords.busy", 503, ((b"retry-after", b"1"),))


def test_a_cancelled_one_that_waits_frees_its_place_and_never_runs() -> None:
    async def cancelled() -> None:
        queue, gate = Queue(1, 1), Gate()
        first, second = await begun(queue, gate, 2)
        await gate.has_entered()
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        (third,) = await begun(queue, gate, 1)
        with pytest.raises(Busy):
            await queue.arun(gate)
        gate.open(2)
        assert list(await asyncio.gather(first, third)) == [7, 7]
        assert gate.calls == 2

    asyncio.run(cancelled())


def test_a_cancelled_one_that_runs_keeps_its_place_until_it_ends() -> None:
    async def cancelled() -> None:
        queue, gate = Queue(1, 0), Gate()
        (first,) = await begun(queue, gate, 1)
        await gate.has_entered()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        with pytest.raises(Busy):  # its thread cannot be stopped
            await queue.arun(gate)
        gate.open(2)
        while True:
            try:
                assert await queue.arun(gate) == 7
                return
            except Busy:
                await asyncio.sleep(0)

    asyncio.run(cancelled())


@given(steps=st.lists(st.sampled_from(["come", "open", "cancel first", "cancel last"]), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_no_place_is_ever_lost(steps: list[str]) -> None:
    async def chaos() -> None:
        queue, gate = Queue(2, 2), Gate()
        tasks: list[asyncio.Task[int]] = []
        for step in steps:
            if step == "come":
                tasks += await begun(queue, gate, 1)
            elif step == "open":
                gate.open()
            elif tasks:
                tasks.pop(0 if step == "cancel first" else -1).cancel()
            await asyncio.sleep(0)
        gate.open(len(steps))
        await asyncio.gather(*tasks, return_exceptions=True)
        for counter in queue._counters.values():
            counter._pool.shutdown()  # returns when the cancelled ones that ran have ended
            assert (counter._running, len(counter._waiting)) == (set(), 0)
        assert gate.most <= 2

    asyncio.run(chaos())


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    queue = Queue(1, 0)

    def failing() -> None:
        raise MemoryError("no")

    for _ in range(3):
        with pytest.raises(MemoryError):
            queue.run(failing)


def test_where_no_thread_can_be_had_nobody_waits_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(1, 4)
    late: list[Any] = []
    real = ThreadPoolExecutor.submit

    def submit(pool: ThreadPoolExecutor, *call: Any) -> Any:
        if late:
            return real(pool, *call)
        late.append((pool, *call))
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    gate = Gate()
    gate.open(9)
    with pytest.raises(Busy, match="can't start new thread"):
        queue.run(gate)
    real(*late[0]).result(SOON)  # it had stayed in the executor, until there was a thread
    assert [queue.run(gate) for _ in range(3)] == [7] * 3
    assert gate.calls == 3


def test_the_event_loop_goes_on_while_passwords_are_hashed() -> None:
    async def both() -> bool:
        gate = Gate()
        passwords = Passwords(memory=8, iterations=1, legacy={"slow$": lambda stored, password: gate() == 7})
        task = asyncio.ensure_future(passwords.averify("slow$", "x"))
        await gate.has_entered()
        gate.open()  # by the loop itself, which a blocked one never would
        return bool(await task)

    assert asyncio.run(both())
