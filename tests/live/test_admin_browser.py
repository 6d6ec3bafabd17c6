"""A real Chromium at the pages of staff: hidden from outside, closed to members, and where staff unlocks a member."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from booking.seed import STAFF_EMAIL
from support.browser import open_browser
from support.certificates import issue
from support.servers import Process, serve

from .conftest import NAME
from .sites import EMAIL, LOOPBACK, PASSWORD, SITE, log_in, try_to_log_in

pytestmark = pytest.mark.needs("chromium")

OFFICE, ELSEWHERE = "10.8.0.7", "203.0.113.7"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Process]]:
    """Chromium, and the Starlette app behind a proxy, so that a page may come from anywhere."""
    folder = tmp_path_factory.mktemp("admin")
    cert = issue(folder, NAME)
    env = {
        "ADMIN_NETWORKS": "10.8.0.0/16",
        "BOOKING_DATABASE": f"sqlite:///{folder / 'booking.sqlite3'}",
        "BOOKING_HOSTS": NAME,
        "BOOKING_PROXIES": "127.0.0.1",
    }
    with (
        serve("uvicorn", "starlette_booking.app:app", cert=cert, path=[EXAMPLES], env=env) as server,
        open_browser(cert=cert, resolve={f"{NAME}:443": server.port}, args=LOOPBACK) as chromium,
    ):
        yield chromium, server


def page_from(browser: Browser, address: str) -> Page:
    """A page in a profile of its own, at this address."""
    page = browser.new_context(extra_http_headers={"X-Forwarded-For": address}).new_page()
    page.set_default_timeout(30_000)
    return page


def opened(page: Page, path: str) -> tuple[int, str]:
    """The status of the answer, and the heading of the page."""
    answer = page.goto(f"{SITE}{path}")
    return answer.status if answer else 0, page.get_by_role("heading", level=1).inner_text()


def test_staff_unlocks_a_member_from_the_office_alone(running: tuple[Browser, Process]) -> None:
    browser, server = running
    outside, office, staff = (page_from(browser, address) for address in (ELSEWHERE, OFFICE, OFFICE))
    complaints: list[str] = []
    staff.on("console", lambda message: complaints.append(message.text))

    assert opened(outside, "/admin/") == (404, "There is no such page.")
    assert opened(office, "/admin/") == (403, "Please log in first")
    office.get_by_role("main").get_by_role("link", name="Log in").click()
    office.wait_for_url(f"{SITE}/login")
    log_in(office)
    assert opened(office, "/admin/locks") == (403, "This page is for our staff")

    assert [try_to_log_in(outside, EMAIL, "wrong") for _ in range(6)] == [422] * 5 + [429]
    assert try_to_log_in(staff, STAFF_EMAIL, PASSWORD) == 303
    staff.get_by_role("link", name="Admin").click()
    assert staff.get_by_role("region").count() == 2
    staff.get_by_role("link", name="Members").click()
    assert "Locked for 15 minutes" in staff.get_by_role("row", name=EMAIL).inner_text()
    staff.get_by_role("link", name="Locks").click()
    staff.get_by_role("button", name="Unlock Ada Lovelace").click()
    assert staff.get_by_role("status").inner_text() == "Ada Lovelace can try to log in again."
    assert staff.get_by_text("Nobody is locked.").is_visible()
    assert "was unlocked [lockout.unlocked]" in server.log()
    log_in(outside)
    assert complaints == []
