"""The booking apps that one walk through the pages takes, each with as many browsers as a test needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

import httpx2
from starlette.testclient import TestClient

import flask_booking
import starlette_booking.app
from booking.seed import DEMO_EMAIL, DEMO_PASSWORD

NOW = datetime(2026, 11, 23, 12, 30)

SESSION = "__Host-session"  # as browsers know it; to the apps it is "session"
INSIDE = "127.0.0.1"  # from where staff reaches /admin/
DEVICE = "__Host-netguard-device"  # by which a browser is known that logged in


class Site:
    """A running app; ``now`` is its clock."""

    def __init__(self) -> None:
        self.now: Callable[[], datetime] = lambda: NOW
        self.app: Any = self.made()

    def made(self) -> Any:
        """The app, with a database of its own."""
        raise NotImplementedError

    def browser(self, address: str = INSIDE) -> httpx2.Client:
        """A visitor who follows redirects and keeps cookies."""
        raise NotImplementedError

    def running(self) -> AbstractContextManager[object]:
        """What must be open while the app is asked."""
        raise NotImplementedError

    def logged_in(self, email: str = DEMO_EMAIL, password: str = DEMO_PASSWORD, address: str = INSIDE) -> httpx2.Client:
        browser = self.browser(address)
        answer = browser.post("/login", data={"email": email, "password": password}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        return browser


class StarletteSite(Site):
    def made(self) -> Any:
        return starlette_booking.app.create_app("sqlite://", clock=lambda: self.now())

    def browser(self, address: str = INSIDE) -> httpx2.Client:
        client = (address, 50000)
        return TestClient(self.app, base_url="https://localhost:8443", raise_server_exceptions=False, client=client)

    def running(self) -> AbstractContextManager[object]:
        return TestClient(self.app)


class FlaskSite(Site):
    def made(self) -> Any:
        return flask_booking.create_app("sqlite://", clock=lambda: self.now())

    def browser(self, address: str = INSIDE) -> httpx2.Client:
        transport = httpx2.WSGITransport(app=self.app, remote_addr=address)
        return httpx2.Client(transport=transport, base_url="https://localhost:8443", follow_redirects=True)

    @contextmanager
    def running(self) -> Iterator[object]:
        engine = self.app.extensions["booking"].sessions.kw["bind"]
        yield engine
        engine.dispose()


SITES: dict[str, type[Site]] = {"starlette": StarletteSite, "flask": FlaskSite}
