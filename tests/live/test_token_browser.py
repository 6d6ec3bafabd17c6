"""A real Chromium that looks old: without Sec-Fetch-* and Origin, a form comes through by its token alone."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from netguard import Origin, Policy
from netguard.events import SecurityEvent
from netguard.starlette import NetguardMiddleware, exchange_of
from support.browser import open_browser
from support.certificates import Certificate

from .conftest import NAME
from .sites import EVIL, LOOPBACK, SISTER, SITE, attacker, send_form, served, setting

pytestmark = pytest.mark.needs("chromium")

HIDDEN = "__Host-netguard-csrf"
FORM = "<!doctype html><form method=post action=/book><input type=hidden name=csrf_token value={}><button>Book</button>"


async def form(request: Request) -> Response:
    return HTMLResponse(FORM.format(exchange_of(request).csrf_token))


async def book(request: Request) -> Response:
    return HTMLResponse("<h1>booked</h1>")


def aged(app: ASGIApp) -> ASGIApp:
    """The app for browsers that say neither who asks nor from where."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        said = [(name, value) for name, value in scope["headers"] if name != b"origin" and name[:9] != b"sec-fetch"]
        await app({**scope, "headers": said}, receive, send)

    return asked


@pytest.fixture(scope="module")
def told() -> SimpleQueue[SecurityEvent]:
    return SimpleQueue()


@pytest.fixture(scope="module")
def browser(certificate: Certificate, told: SimpleQueue[SecurityEvent]) -> Iterator[Browser]:
    policy = Policy(hosts=[NAME], secrets=["s" * 32], origin=Origin(token=True), events=[told.put])
    app = Starlette(routes=[Route("/", form), Route("/book", book, methods=["POST"])])
    app.add_middleware(NetguardMiddleware, policy=policy)
    with served(aged(app), certificate) as ours, served(attacker, certificate) as theirs:
        ports = {SITE: ours, SISTER: theirs, EVIL: theirs}
        resolve = {f"{site.removeprefix('https://')}:443": port for site, port in ports.items()}
        with open_browser(cert=certificate, resolve=resolve, args=LOOPBACK) as chromium:
            yield chromium


def sent(page: Page) -> int:
    """The status with which the form of the page that is open is answered."""
    with page.expect_navigation(url=f"{SITE}/book") as answered:
        page.get_by_role("button", name="Book").click()
    return answered.value.status


def test_a_form_with_its_token_comes_through(page: Page) -> None:
    page.goto(SITE)
    (cookie,) = page.context.cookies()
    assert cookie.get("name") == HIDDEN
    assert (cookie.get("domain"), cookie.get("path")) == (NAME, "/")
    assert (cookie.get("secure"), cookie.get("httpOnly"), cookie.get("sameSite")) == (True, True, "Lax")
    assert sent(page) == 200
    page.go_back()
    assert sent(page) == 200


@pytest.mark.parametrize("site", [SISTER, EVIL])
def test_a_form_of_another_site_is_refused(page: Page, told: SimpleQueue[SecurityEvent], site: str) -> None:
    page.goto(SITE)
    stolen = page.locator("input").get_attribute("value") or ""  # a token of somebody else's browser
    page.context.clear_cookies()
    page.goto(SITE)
    for fields, code in (({}, "token.missing"), ({"csrf_token": stolen}, "token.invalid")):
        page.goto(setting(site))
        with page.expect_navigation(url=f"{SITE}/book") as refused:
            send_form(page, f"{SITE}/book", **fields)
        assert refused.value.status == 403
        assert told.get_nowait().code == code


def test_a_cookie_tossed_by_a_sister_site_is_not_kept(page: Page, browser: Browser) -> None:
    mallory = browser.new_context()
    theirs = mallory.new_page()
    theirs.goto(SITE)
    (pair,) = mallory.cookies()
    token = theirs.locator("input").get_attribute("value") or ""
    mallory.close()
    page.goto(setting(SISTER, f"{HIDDEN}={pair.get('value')}; Domain={NAME}; Path=/; Secure"))
    with page.expect_navigation(url=f"{SITE}/book") as refused:
        send_form(page, f"{SITE}/book", csrf_token=token)
    assert refused.value.status == 403


def test_of_first_forms_side_by_side_the_last_comes_through(page: Page) -> None:
    """And the other one once it is loaded again; forms after the first stand beside each other."""
    other = page.context.new_page()
    page.goto(SITE)
    page.context.clear_cookies()  # as if the second had been asked for before the first was answered
    other.goto(SITE)
    assert sent(page) == 403
    assert sent(other) == 200
    page.goto(SITE)
    other.goto(SITE)
    assert (sent(page), sent(other)) == (200, 200)
