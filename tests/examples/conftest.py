"""Each booking app as a fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

import flask_booking.security
import starlette_booking.security
from support.sites import SITES, Site


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    """The apps' policies live as long as the process, and so would what a test has used up."""
    for security in (starlette_booking.security, flask_booking.security):
        security.policy.shared.stores.clear()


@pytest.fixture(params=SITES)
def start(request: pytest.FixtureRequest) -> Iterator[Callable[[], Site]]:
    """What starts one of the apps, as often as it is called."""
    with ExitStack() as running:

        def started() -> Site:
            site = SITES[request.param]()
            running.enter_context(site.running())
            return site

        yield started


@pytest.fixture
def site(start: Callable[[], Site]) -> Site:
    return start()
