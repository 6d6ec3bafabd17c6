"""A real Chromium that logs in to the booking apps: locked out, known again, unlocked by a link, asked for a code."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from booking.seed import CODED_EMAIL, CODED_SECRET
from support.browser import open_browser

from .conftest import NAME, Service
from .sites import EMAIL, LOOPBACK, PASSWORD, SITE, log_in, press, try_to_log_in

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def browser(service: Service) -> Iterator[Browser]:
    with open_browser(cert=service.cert, resolve={f"{NAME}:443": service.https}, args=LOOPBACK) as chromium:
        yield chromium


@pytest.fixture
def known(browser: Browser) -> Iterator[Page]:
    """A page in the profile of somebody who logged in before."""
    context = browser.new_context()
    page = context.new_page()
    log_in(page)
    page.get_by_role("button", name="Log out").click()
    yield page
    context.close()


def type_code(page: Page, code: str) -> int:
    page.get_by_label("Code", exact=True).fill(code)
    return press(page, "Log in", f"{SITE}/login/code")


def said(page: Page) -> str:
    return page.get_by_role("main").inner_text()


def test_a_locked_owner_is_let_in_where_known_and_unlocks_the_rest(known: Page, page: Page, service: Service) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    assert [try_to_log_in(page, EMAIL, "wrong") for _ in range(5)] == [422] * 5
    assert try_to_log_in(page, EMAIL, PASSWORD) == 429
    assert "This login is locked for now" in said(page)

    log_in(known)
    assert "Welcome back, Ada Lovelace!" in said(known)

    page.get_by_role("link", name="Send me an unlock link").click()
    page.get_by_label("E-mail address").fill(EMAIL)
    assert press(page, "Send me an unlock link", f"{SITE}/unlock") == 303
    assert "If there is an account with this address" in said(page)
    (link,) = service.letters(EMAIL)
    page.goto(link)
    assert press(page, "Unlock", f"{SITE}/unlock/link") == 303
    assert "you can log in again now" in said(page)
    log_in(page)
    assert "Welcome back, Ada Lovelace!" in said(page)

    page.goto(link)
    assert press(page, "Unlock", f"{SITE}/unlock/link") == 422
    assert "This link no longer works" in said(page)
    assert complaints == []


def test_a_code_is_asked_for_and_works_once(page: Page) -> None:
    code, following = (pyotp.TOTP(CODED_SECRET).at(int(time.time()) + later) for later in (0, 30))
    assert try_to_log_in(page, CODED_EMAIL, PASSWORD) == 303
    assert page.url == f"{SITE}/login/code"
    assert type_code(page, "000000") == 422
    assert "This code is wrong" in said(page)
    assert type_code(page, code) == 303
    assert "Welcome back, Alan Turing!" in said(page)

    page.get_by_role("button", name="Log out").click()
    assert try_to_log_in(page, CODED_EMAIL, PASSWORD) == 303
    assert type_code(page, code) == 422
    assert "was used before" in said(page)
    assert type_code(page, following) == 303
    assert page.url == f"{SITE}/"


def test_a_page_of_a_refusal_raises_no_complaint(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    tried = [try_to_log_in(page, "nobody@booking.example", "wrong") for _ in range(6)]
    assert tried == [422] * 5 + [429]
    assert [text for text in complaints if "status of 4" not in text] == []
