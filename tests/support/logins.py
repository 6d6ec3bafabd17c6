"""Logins asked from code, by ``with`` and ``async with``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from netguard import LockedOut, Logins, Policy
from netguard.events import SecurityEvent
from netguard.exchange import Exchange
from netguard.login_blocks import LoginAttempt
from netguard.messages import Request
from netguard.plan import Plan
from scenarios.rows.lockout import known

HERE, ELSEWHERE = "192.0.2.7", "192.0.2.8"

Ran = Callable[[LoginAttempt, Callable[[LoginAttempt], object]], None]


def run_sync(attempt: LoginAttempt, block: Callable[[LoginAttempt], object]) -> None:
    with attempt:
        block(attempt)


def run_async(attempt: LoginAttempt, block: Callable[[LoginAttempt], object]) -> None:
    async def ran() -> None:
        async with attempt:
            block(attempt)

    asyncio.run(ran())


RUNS: Mapping[str, Ran] = {"sync": run_sync, "async": run_async}


def never(attempt: LoginAttempt) -> None:
    pytest.fail("there was a try")


def nothing(attempt: LoginAttempt) -> None:
    """No word."""


@contextmanager
def told(policy: Policy) -> Iterator[tuple[Policy, list[SecurityEvent]]]:
    events: list[SecurityEvent] = []
    yield replace(policy, events=[events.append]), events


class Face:
    """The sync or the async methods of a ``Logins``."""

    def __init__(self, logins: Logins, *, awaits: bool) -> None:
        self._logins = logins
        self._awaits = awaits

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def asked(*args: Any, **keywords: Any) -> Any:
            if not self._awaits:
                return getattr(self._logins, verb)(*args, **keywords)
            return asyncio.run(getattr(self._logins, f"a{verb}")(*args, **keywords))

        return asked


Faced = Callable[[Logins], Face]


def fail(logins: Logins, name: str = "ann", address: str = HERE, times: int = 2) -> Logins:
    for _ in range(times):
        with logins.attempt(name, client=address):
            pass
    return logins


def passes(logins: Logins, name: str = "ann", address: str = HERE) -> bool:
    try:
        with logins.attempt(name, client=address) as attempt:
            attempt.not_checked()
    except LockedOut:
        return False
    return True


def browser(plan: Plan, name: str) -> Exchange:
    """The request of a browser that logged in before."""
    cookie = known(name).removeprefix("Cookie: ").encode()
    return Exchange(Request("POST", "/", {b"cookie": cookie}, scheme="https", client=HERE), plan.merge, plan.pages)


def device_of(plan: Plan, browser: Exchange, pseudonym: str) -> str:
    """The device's id, as events tell it."""
    device = plan.devices.known(browser.request, bytes.fromhex(pseudonym)) if plan.devices else None
    assert device
    return device.id.hex()


def tries(logins: Logins, request: Exchange, times: int) -> None:
    for _ in range(times):
        with logins.attempt("ann", request):
            pass


def admitted(logins: Logins, request: Exchange, name: str = "ann") -> bool:
    try:
        with logins.attempt(name, request) as attempt:
            attempt.not_checked()
    except LockedOut:
        return False
    return True
