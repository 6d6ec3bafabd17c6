"""What a real Chromium reports of a page reaches the receiver, over TLS, in both of the formats that it sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import pytest
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from netguard import CSP, Headers, Policy
from netguard.events import SecurityEvent
from netguard.starlette import NetguardMiddleware
from support.browser import open_browser
from support.certificates import Certificate

from .conftest import NAME
from .sites import LOOPBACK, WITHIN, served

pytestmark = pytest.mark.needs("chromium")

Told = SimpleQueue[SecurityEvent]
PAGE = """<!doctype html><title>page</title><img src="https://evil.example/pixel.png?visitor=7">
<script>document.title = "injected"</script>"""
FORMS = {
    "reports+json": CSP(report_path="/csp-reports"),
    "csp-report": CSP(report_path="/csp-reports", report_to=False),
}
HEADERS = {
    **{f"enforced-{name}": Headers(csp=csp) for name, csp in FORMS.items()},
    **{f"twin-{name}": Headers(csp=False, csp_report_only=csp) for name, csp in FORMS.items()},
}


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


@contextmanager
def reporting(headers: Headers, cert: Certificate) -> Iterator[tuple[int, Told]]:
    """The page on a port, and what its policy's sink is told."""
    told: Told = SimpleQueue()
    app = Starlette(routes=[Route("/courts", page)])
    app.add_middleware(NetguardMiddleware, policy=Policy(hosts=[NAME], headers=headers, events=[told.put]))
    with served(app, cert) as port:
        yield port, told


@contextmanager
def opened(port: int, cert: Certificate) -> Iterator[Browser]:
    hurried = [*LOOPBACK, "--short-reporting-delay"]  # reports+json waits a minute
    with open_browser(cert=cert, resolve={f"{NAME}:443": port}, args=hurried) as browser:
        yield browser


@pytest.mark.parametrize("name", HEADERS)
def test_what_a_page_violates_is_told(name: str, certificate: Certificate) -> None:
    with reporting(HEADERS[name], certificate) as (port, told), opened(port, certificate) as browser:
        tab = browser.new_page()
        tab.goto(f"https://{NAME}/courts?token=s3cret")
        injected = tab.title()
        events = [told.get(timeout=WITHIN), told.get(timeout=WITHIN)]
    assert injected == ("page" if name.startswith("enforced") else "injected")
    assert {event.code for event in events} == {"reports.violation"}
    assert {(event.report["directive"], event.report["blocked"]) for event in events} == {
        ("img-src", "https://evil.example"),
        ("script-src-elem", "inline"),
    }
    for event in events:
        assert event.report["document"] == f"https://{NAME}/courts"
        assert event.report["disposition"] == ("enforce" if name.startswith("enforced") else "report")
        assert "s3cret" not in str(event)
