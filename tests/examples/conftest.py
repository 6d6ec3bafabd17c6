"""Each booking app as a fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.sites import SITES, Site


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
