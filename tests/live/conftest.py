"""The booking apps as a visitor meets them: on a real server, over TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.certificates import Certificate, issue
from support.servers import ServerName, serve

NAME = "booking.example"
SERVERS: dict[str, ServerName] = {"starlette": "uvicorn", "flask": "gunicorn", "django": "gunicorn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A booking app on two ports: ``https`` is what browsers are told to take for booking.example:443."""

    https: int
    http: int
    cert: Certificate
    log: Path

    def letters(self, email: str) -> list[str]:
        """The links of the letters that one address was sent so far over TLS."""
        return re.findall(rf"^to {re.escape(email)}: .+ open (\S+)$", self.log.read_text(errors="replace"), re.M)

    def refusals(self) -> list[str]:
        """The reason of every request that was refused so far over TLS."""
        return re.findall(r"^refused .+ \[(\S+)\]$", self.log.read_text(errors="replace"), re.M)


LOG_ALL = """
[loggers]
keys=root
[handlers]
keys=log
[formatters]
keys=
[logger_root]
level=INFO
handlers=log
[handler_log]
class=StreamHandler
args=(sys.stderr,)
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a profile of its own."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module", params=SERVERS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Each booking app, served over TLS and in the clear, from one database."""
    folder = tmp_path_factory.mktemp("service")
    cert = issue(folder, NAME, "pay.example", "localhost")
    env = {
        "BOOKING_DATABASE": f"sqlite:///{folder / 'booking.sqlite3'}",
        "BOOKING_HOSTS": NAME,
        "BOOKING_SECRET": "a secret of this test run, long enough",
    }
    examples = [Path(__file__).parents[2] / "examples"]
    (folder / "logging.ini").write_text(LOG_ALL)
    log = ["--log-config", str(folder / "logging.ini")]  # for the letters, which are no warnings
    server, app = SERVERS[request.param], f"{request.param}_booking.app:app"
    with (
        serve(server, app, cert=cert, path=examples, env=env, options=log) as tls,
        serve(server, app, path=examples, env=env, options=log) as plain,
    ):
        yield Service(https=tls.port, http=plain.port, cert=cert, log=tls.log_file)
