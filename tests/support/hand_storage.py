"""A storage that `limits` knows by its scheme, in a dict and on a clock that is set by hand; and its async variant."""

from __future__ import annotations

from typing import Any, ClassVar

from limits.aio.storage import Storage as AsyncStorage
from limits.storage import Storage
from packaging.version import Version

from support.remote import Clock


class Counters:
    """What both variants keep: values with the second at which they end."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.values: dict[str, tuple[int, float]] = {}
        self.calls: list[str] = []
        self.error: Exception | None = None
        self.takes = 0.0  # seconds, each call

    def call(self, verb: str, key: str, expiry: int = 0, amount: int = 0) -> Any:
        self.calls.append(verb)
        if self.error is not None:
            raise self.error
        self.clock.pass_seconds(self.takes)
        now = self.clock.now / 1e9
        value, end = self.values.get(key, (0, 0.0))
        if end <= now:
            value, end = 0, now + expiry
        if verb == "incr":
            self.values[key] = value + amount, end
            return value + amount
        if verb == "clear":
            self.values.pop(key, None)
        return max(end, now) if verb == "get_expiry" else value


class HandStorage(Storage):
    """What ``hand://`` opens."""

    STORAGE_SCHEME = ["hand"]  # noqa: RUF012  # declared so by `limits`
    counters: ClassVar[Counters]
    base_exceptions = ZeroDivisionError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return int(self.counters.call("incr", key, expiry, amount))

    def get(self, key: str) -> int:
        return int(self.counters.call("get", key))

    def get_expiry(self, key: str) -> float:
        return float(self.counters.call("get_expiry", key))

    def clear(self, key: str) -> None:
        self.counters.call("clear", key)

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        return None


class AsyncHandStorage(AsyncStorage):
    """What ``async+hand://`` opens, on the same counters."""

    STORAGE_SCHEME = ["async+hand"]  # noqa: RUF012  # declared so by `limits`
    base_exceptions = ZeroDivisionError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return int(HandStorage.counters.call("incr", key, expiry, amount))

    async def get(self, key: str) -> int:
        return int(HandStorage.counters.call("get", key))

    async def get_expiry(self, key: str) -> float:
        return float(HandStorage.counters.call("get_expiry", key))

    async def clear(self, key: str) -> None:
        HandStorage.counters.call("clear", key)

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        return None


class OnlySync(HandStorage):
    """A scheme without an async variant."""

    STORAGE_SCHEME = ["sync"]  # noqa: RUF012  # declared so by `limits`


class OnlyAsync(AsyncHandStorage):
    """A scheme without a sync variant."""

    STORAGE_SCHEME = ["async+coroutine"]  # noqa: RUF012  # declared so by `limits`


class NeedsClient(HandStorage):
    """A scheme whose client nobody has."""

    STORAGE_SCHEME = ["needy"]  # noqa: RUF012  # declared so by `limits`
    DEPENDENCIES = ["no_such_client"]  # noqa: RUF012

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.client = self.dependencies["no_such_client"]


class NeedsNewerClient(HandStorage):
    """A scheme whose client is too old here."""

    STORAGE_SCHEME = ["needy+new"]  # noqa: RUF012  # declared so by `limits`
    DEPENDENCIES = {"pytest": Version("999")}  # noqa: RUF012

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.client = self.dependencies["pytest"]
