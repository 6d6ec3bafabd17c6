"""Calls of threads: each on a pooled connection that is its own for that long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from redis.exceptions import ConnectionError as Dropped
from redis.exceptions import NoScriptError, ReadOnlyError

from netguard.counters import Op, Settlement
from netguard.messages import Taken
from netguard.stores.redis.address import Address
from netguard.stores.redis.connections import FOREIGN, failed, thread_pool
from netguard.stores.redis.names import Listing
from netguard.stores.redis.wire import ASKING, SLOTS, Arguments, Name, arguments, group, script, settling, verdicts

T = TypeVar("T")


class Threads:
    """One server, or the primary that Sentinels name."""

    def __init__(self, address: Address, name: Name, clock: Callable[[], int] | None) -> None:
        self._address = address
        self._name = name
        self._clock = clock
        self._pool = thread_pool(address)

    def take(self, mode: int, ops: Sequence[Op]) -> Taken:
        asked = group(mode, ops, self._name)
        return verdicts([asked], self._call(arguments([asked], self._clock), again=True))[0]

    def settle(self, ops: Sequence[Settlement]) -> None:
        for few in settling(ops, self._name):
            self._call(arguments([few], self._clock), again=False)

    def held(self, listing: Listing) -> set[bytes]:
        try:
            return pooled(self._pool, lambda one: scanned(one, listing))
        except FOREIGN as error:
            raise failed(self._address, error) from error

    def close(self) -> None:
        self._pool.disconnect()

    def _call(self, arguments: Arguments, *, again: bool) -> object:
        try:
            return self._tried(arguments, again)
        except FOREIGN as error:
            raise failed(self._address, error) from error

    def _tried(self, arguments: Arguments, again: bool) -> object:
        try:
            return pooled(self._pool, lambda one: run(one, arguments))
        except Dropped:  # as by a server that was restarted; a time-out is none
            if not again:
                raise
        return self._tried(arguments, again=False)


def pooled(pool: Any, ask: Callable[[Any], T]) -> T:
    """What is answered on a connection of the pool, which looks whether it still stands."""
    connection = pool.get_connection()
    try:
        return ask(connection)
    finally:
        pool.release(connection)


def run(connection: Any, arguments: Arguments, *, asking: bool = False) -> object:
    """What the script answers; ``asking`` for a Cluster's node to which a slot moves."""
    try:
        return _sent(connection, script(arguments), asking)
    except NoScriptError:  # a server that was restarted, or SCRIPT FLUSH; EVAL loads it again
        return _sent(connection, script(arguments, whole=True), asking)
    except ReadOnlyError:  # a primary no longer: the next call asks for the address anew
        connection.disconnect()
        raise


def _sent(connection: Any, packed: bytes, asking: bool) -> object:
    connection.send_packed_command([ASKING + packed if asking else packed], check_health=False)
    if asking:
        connection.read_response(disconnect_on_error=True)
    return connection.read_response(disconnect_on_error=True)


def slots_of(connection: Any) -> object:
    """What a node says of the slots."""
    connection.send_packed_command([SLOTS], check_health=False)
    return connection.read_response(disconnect_on_error=True)


def scanned(connection: Any, listing: Listing) -> set[bytes]:
    """The keys that a server holds; it may name one twice."""
    keys: set[bytes] = set()
    cursor = b"0"
    while True:
        connection.send_packed_command([listing.asked(cursor)], check_health=False)
        cursor, names = connection.read_response(disconnect_on_error=True)
        keys.update(listing.keys(names))
        if cursor == b"0":
            return keys
