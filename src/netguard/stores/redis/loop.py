"""Calls of one event loop: takes share a connection and its calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.exceptions import ConnectionError as Dropped
from redis.exceptions import NoScriptError, ReadOnlyError

from netguard.counters import Op, Settlement
from netguard.messages import Taken
from netguard.stores.redis.address import Address
from netguard.stores.redis.connections import FOREIGN, close_pool, failed, loop_pool
from netguard.stores.redis.deadline import Deadline
from netguard.stores.redis.lanes import Lane
from netguard.stores.redis.wire import (
    ASKING,
    SLOTS,
    Arguments,
    Group,
    Name,
    arguments,
    group,
    script,
    settling,
    verdicts,
)


class Loop:
    """One server, or the primary that Sentinels name."""

    def __init__(self, address: Address, name: Name, clock: Callable[[], int] | None) -> None:
        self._name = name
        self._clock = clock
        self._connections = _Connections(address)
        self.close = self._connections.close
        self._lane = Lane(self._takes)

    def take(self, mode: int, ops: Sequence[Op]) -> Awaitable[Taken]:
        return self._lane.ask(group(mode, ops, self._name))

    async def settle(self, ops: Sequence[Settlement]) -> None:
        for few in settling(ops, self._name):
            await self._connections.settle(arguments([few], self._clock))

    async def _takes(self, groups: Sequence[Group]) -> Sequence[Taken]:
        return verdicts(groups, await self._connections.take(arguments(groups, self._clock)))


class _Connections:
    """One connection that is kept for takes, and a pool for what settles."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._pool = loop_pool(address)
        self._kept: Any = None

    async def take(self, arguments: Arguments) -> object:
        """On the kept connection; once more where it was dropped meanwhile."""
        known = self._kept is not None and self._kept.is_connected
        try:
            async with Deadline(self._address.read_timeout + (0 if known else self._address.connect_timeout)):
                try:
                    return await run(await self._connected(), arguments)
                except Dropped:  # as by a server that was restarted
                    if not known:
                        raise
                return await run(await self._connected(), arguments)
        except FOREIGN as error:
            raise failed(self._address, error) from error

    async def settle(self, arguments: Arguments) -> None:
        """Once, on a connection that was looked at just before."""
        try:
            async with Deadline(self._address.connect_timeout + self._address.read_timeout):
                await pooled(self._pool, lambda one: run(one, arguments))
        except FOREIGN as error:
            raise failed(self._address, error) from error

    async def close(self) -> None:
        await close_pool(self._pool)

    async def _connected(self) -> Any:
        if self._kept is None:
            self._kept = await self._pool.get_connection()
        elif not self._kept.is_connected:
            await self._kept.connect()
        return self._kept


async def pooled(pool: Any, ask: Callable[[Any], Awaitable[object]]) -> object:
    """What is answered on a connection of the pool, which looks whether it still stands."""
    connection = await pool.get_connection()
    try:
        return await ask(connection)
    finally:
        await pool.release(connection)


async def run(connection: Any, arguments: Arguments, *, asking: bool = False) -> object:
    """What the script answers; ``asking`` for a Cluster's node to which a slot moves."""
    try:
        return await _sent(connection, script(arguments), asking)
    except NoScriptError:  # a server that was restarted, or SCRIPT FLUSH; EVAL loads it again
        return await _sent(connection, script(arguments, whole=True), asking)
    except ReadOnlyError:  # a primary no longer: the next call asks for the address anew
        await connection.disconnect(nowait=True)
        raise


async def _sent(connection: Any, packed: bytes, asking: bool) -> object:
    await connection.send_packed_command([ASKING + packed if asking else packed], check_health=False)
    if asking:
        await connection.read_response()
    return await connection.read_response()


async def slots_of(connection: Any) -> object:
    """What a node says of the slots."""
    await connection.send_packed_command([SLOTS], check_health=False)
    return await connection.read_response()
