"""What one visitor may do how often, in every booking app."""

from __future__ import annotations

import logging

import httpx2
import pytest

from booking.seed import DEMO_EMAIL
from support.sites import Site

SLOT = {"court": "1", "start": "2026-11-24T18:00:00"}
GRACE = {"name": "Grace Hopper", "email": "grace@booking.example", "password": "a fine long password"}


def reset(browser: httpx2.Client, email: str) -> httpx2.Response:
    return browser.post("/password-reset", data={"email": email}, follow_redirects=False)


def test_a_letter_is_written_to_the_stored_address_and_whoever_asks_learns_nothing(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    browser = site.browser()
    with caplog.at_level(logging.INFO, "booking.outbox"):
        pages = [
            browser.post("/password-reset", data={"email": email}) for email in (" ADA@Booking.example", "no@b.example")
        ]
    assert [(page.url.path, "we have written to it" in page.text) for page in pages] == [("/login", True)] * 2
    letters = [record.getMessage() for record in caplog.records if record.name == "booking.outbox"]
    assert [letter.partition(":")[0] for letter in letters] == [f"to {DEMO_EMAIL}"]
    assert "Forgot your password?" in browser.get("/password-reset").text


def test_five_letters_an_hour_go_to_one_address(site: Site) -> None:
    asked = [reset(site.browser(), spelling).status_code for spelling in (DEMO_EMAIL, DEMO_EMAIL.upper()) * 3]
    assert asked == [303] * 5 + [429]
    refused = reset(site.browser(), DEMO_EMAIL)
    assert 600 < int(refused.headers["retry-after"]) <= 720
    assert refused.headers["ratelimit"].startswith('"letters";r=0')
    assert reset(site.browser(), "bob@booking.example").status_code == 303


def test_twenty_letters_an_hour_are_asked_for_by_one_visitor(site: Site) -> None:
    asked = [reset(site.browser(), f"member{number}@booking.example").status_code for number in range(21)]
    assert asked == [303] * 20 + [429]


def test_thirty_bookings_an_hour_are_made_by_one_member(site: Site) -> None:
    ada, grace = site.logged_in(), site.browser()
    grace.post("/register", data=GRACE)
    statuses = [ada.post("/bookings", data=SLOT, follow_redirects=False).status_code for _ in range(31)]
    assert statuses == [303] + [409] * 29 + [429]
    assert ada.get("/bookings").status_code == 200
    assert grace.post("/bookings", data=SLOT).status_code == 409
    assert site.browser().post("/bookings", data=SLOT).url.path == "/login"


def test_sixty_days_a_minute_are_looked_at_by_one_visitor(site: Site) -> None:
    browser = site.browser()
    asked: list[int] = []
    while 429 not in asked and len(asked) < 2000:  # one more a second is due
        asked.append(browser.get("/clubs/riverside").status_code)
    assert asked[:60] == [200] * 60
    assert asked[-1] == 429
    assert browser.get("/").status_code == 200
