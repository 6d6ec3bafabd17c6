"""Takes that share calls, with a call that the test ends when it likes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from netguard.errors import StoreError
from netguard.messages import Taken
from netguard.stores.redis.connections import Unreachable
from netguard.stores.redis.lanes import Lane
from netguard.stores.redis.wire import Group

pytestmark = pytest.mark.anyio


class Calls:
    """What was called; each call is under way until it is answered."""

    def __init__(self) -> None:
        self.groups: list[list[bytes]] = []
        self.under_way: list[asyncio.Future[None]] = []

    async def __call__(self, groups: Sequence[Group]) -> Sequence[Taken]:
        self.groups.append([request for _, _, request in groups])
        self.under_way.append(asyncio.get_running_loop().create_future())
        await self.under_way[-1]
        return [Taken(True, ((int(request), 0, 0, 0),)) for _, _, request in groups]

    def answer(self, error: Exception | None = None) -> None:
        """End the last one."""
        if error is None:
            self.under_way[-1].set_result(None)
        else:
            self.under_way[-1].set_exception(error)


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def lane(calls: Calls) -> Lane:
    return Lane(calls)


def asks(lane: Lane, *numbers: int) -> list[asyncio.Task[Taken]]:
    return [asyncio.create_task(ask(lane, number)) for number in numbers]


async def ask(lane: Lane, number: int) -> Taken:
    return await lane.ask((1, b"", b"%d" % number))


async def turns() -> None:
    """Let the loop do all that it can do now."""
    for _ in range(10):
        await asyncio.sleep(0)


async def numbers(tasks: Sequence[asyncio.Task[Taken]]) -> list[int]:
    return [taken.counts[0][0] for taken in await asyncio.gather(*tasks)]


async def test_one_alone_goes_at_once(lane: Lane, calls: Calls) -> None:
    coroutine = ask(lane, 1)
    coroutine.send(None)  # its first step: the loop has had no turn
    assert calls.groups == [[b"1"]]
    coroutine.close()


async def test_those_that_come_meanwhile_go_together_in_their_order(lane: Lane, calls: Calls) -> None:
    first = asks(lane, 1)
    await turns()
    others = asks(lane, 2, 3, 4)
    await turns()
    assert calls.groups == [[b"1"]]
    calls.answer()
    await turns()
    assert calls.groups == [[b"1"], [b"2", b"3", b"4"]]
    last = asks(lane, 5)
    calls.answer()
    await turns()
    calls.answer()
    assert await numbers([*first, *others, *last]) == [1, 2, 3, 4, 5]
    assert calls.groups[2:] == [[b"5"]]
    await turns()
    assert not lane._busy


async def test_those_who_were_answered_and_ask_again_share_the_next_call(lane: Lane, calls: Calls) -> None:
    async def twice(number: int) -> None:
        await ask(lane, number)
        await ask(lane, 10 * number)

    tasks = [asyncio.create_task(twice(number)) for number in (1, 2, 3)]
    for _ in range(3):
        await turns()
        calls.answer()
    await asyncio.gather(*tasks)
    assert calls.groups == [[b"1"], [b"2", b"3", b"10"], [b"20", b"30"]]


async def test_a_call_takes_so_many_at_most(lane: Lane, calls: Calls) -> None:
    tasks = asks(lane, *range(300))
    while not all(task.done() for task in tasks):
        await turns()
        if not calls.under_way[-1].done():
            calls.answer()
    assert await numbers(tasks) == list(range(300))
    assert [len(groups) for groups in calls.groups] == [1, 256, 43]


async def test_one_that_waits_is_cancelled_alone(lane: Lane, calls: Calls) -> None:
    first = asks(lane, 1)
    await turns()
    tasks = asks(lane, 2, 3, 4)
    await turns()
    tasks[1].cancel()
    await turns()
    calls.answer()
    await turns()
    assert calls.groups[1] == [b"2", b"4"]
    calls.answer()
    assert await numbers([*first, tasks[0], tasks[2]]) == [1, 2, 4]


async def test_one_whose_call_is_under_way_is_cancelled_alone(lane: Lane, calls: Calls) -> None:
    first = asks(lane, 1)
    await turns()
    others = asks(lane, 2, 3)
    await turns()
    first[0].cancel()
    await turns()
    assert calls.groups == [[b"1"], [b"2", b"3"]]
    others[0].cancel()
    await turns()
    calls.answer()
    assert await numbers(others[1:]) == [3]
    assert first[0].cancelled()
    assert others[0].cancelled()


async def test_all_who_wait_are_cancelled(lane: Lane, calls: Calls) -> None:
    first = asks(lane, 1)
    await turns()
    others = asks(lane, 2, 3)
    await turns()
    for task in others:
        task.cancel()
    calls.answer()
    await turns()
    assert calls.groups == [[b"1"]]
    assert not lane._busy
    assert await numbers(first) == [1]


async def test_nobody_waits_behind_a_server_that_does_not_answer(lane: Lane, calls: Calls) -> None:
    tasks = asks(lane, 1, 2, 3)
    await turns()
    cause = OSError("gone")
    error = Unreachable("gone")
    error.__cause__ = cause
    calls.answer(error)
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [Unreachable] * 3
    assert [one.__cause__ for one in found if isinstance(one, Exception)] == [cause] * 3
    assert len({id(one) for one in found}) == 3
    assert len(calls.groups) == 1
    after = asks(lane, 4)
    await turns()
    calls.answer()
    assert await numbers(after) == [4]


async def test_those_behind_a_shared_call_without_an_answer_do_not_wait_either(lane: Lane, calls: Calls) -> None:
    tasks = asks(lane, 1, 2)
    await turns()
    calls.answer()
    await turns()
    tasks += asks(lane, 3)
    await turns()
    calls.answer(Unreachable("gone"))
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [Taken, Unreachable, Unreachable]
    assert len(calls.groups) == 2


async def test_an_error_that_was_answered_is_only_that_calls(lane: Lane, calls: Calls) -> None:
    tasks = asks(lane, 1, 2)
    await turns()
    calls.answer(StoreError("full"))
    await turns()
    tasks += asks(lane, 3)
    await turns()
    calls.answer(StoreError("full"))
    await turns()
    calls.answer()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [StoreError, StoreError, Taken]


async def test_a_bug_leaves_nobody_waiting(lane: Lane, calls: Calls) -> None:
    tasks = asks(lane, 1, 2, 3)
    await turns()
    calls.answer()
    await turns()
    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context.get("exception")))
    calls.answer(ZeroDivisionError())
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [Taken, StoreError, StoreError]
    await turns()
    lane._task = None
    assert [type(one) for one in seen] == [ZeroDivisionError]
    assert not lane._busy


def test_a_loop_that_ends_leaves_nobody_waiting() -> None:
    async def left() -> list[object]:
        lane = Lane(Calls())
        tasks = asks(lane, 1, 2)
        await turns()
        tasks[0].cancel()
        await turns()
        tasks += asks(lane, 3)
        await turns()
        lane._task.cancel()  # type: ignore[union-attr]
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    assert [type(one) for one in asyncio.run(left())] == [asyncio.CancelledError, StoreError, StoreError]
