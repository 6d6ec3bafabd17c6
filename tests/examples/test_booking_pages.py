"""A walk through every booking app, as a browser takes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest

from booking.seed import DEMO_EMAIL
from support.sites import SESSION, Site

DAY = "/clubs/riverside?day=2026-11-24"
SLOT = {"court": "1", "start": "2026-11-24T18:00:00"}
GRACE = {"name": "Grace Hopper", "email": "grace@booking.example", "password": "a fine long password"}
TAKEN = "Somebody else was faster"
BODY_SIZE = 64 * 1024  # bytes that a form may have


def test_a_visit_from_registering_to_logging_out(site: Site) -> None:
    browser = site.browser()
    assert "Riverside Tennis" in browser.get("/").text
    assert "Log out" not in browser.get("/").text

    home = browser.post("/register", data=GRACE)
    assert home.url.path == "/"
    assert "Welcome, Grace Hopper!" in home.text
    assert "Welcome" not in browser.get("/").text

    day = browser.get(DAY)
    assert "Tuesday 24 November" in day.text
    assert 'value="2026-11-24T18:00:00"' in day.text

    booked = browser.post("/bookings", data=SLOT)
    assert booked.url.path == "/bookings"
    assert "Booked: Court 1 at Riverside Tennis, Tuesday 24 November, 18:00–19:00." in booked.text
    assert 'action="/bookings/1/cancel"' in booked.text

    again = browser.post("/bookings", data=SLOT)
    assert again.status_code == 409
    assert TAKEN in again.text
    assert 'role="alert"' in again.text

    cancelled = browser.post("/bookings/1/cancel")
    assert "Cancelled: Court 1 at Riverside Tennis" in cancelled.text
    assert "You have no bookings yet." in cancelled.text

    home = browser.post("/logout")
    assert "You are logged out." in home.text
    assert browser.get("/bookings").url.path == "/login"


def test_a_slot_of_somebody_else_is_refused_and_stays_theirs(site: Site) -> None:
    ada, grace = site.logged_in(), site.browser()
    ada.post("/bookings", data=SLOT)
    grace.post("/register", data=GRACE)
    refused = grace.post("/bookings", data=SLOT)
    assert (refused.status_code, TAKEN in refused.text) == (409, True)
    stolen = grace.post("/bookings/1/cancel")
    assert (stolen.status_code, "no such booking among yours" in stolen.text) == (404, True)
    assert 'action="/bookings/1/cancel"' in ada.get("/bookings").text
    assert "Ada" not in grace.get(DAY).text


def test_a_name_is_text_and_never_markup(site: Site) -> None:
    browser = site.browser()
    home = browser.post("/register", data=GRACE | {"name": "<script>alert(1)</script>"})
    assert home.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2  # the greeting and the bar
    assert "<script>alert" not in home.text
    form = browser.post("/register", data={"name": '"><script>alert(1)</script>', "email": '" autofocus x="'})
    assert form.status_code == 422
    assert 'value="&#34;&gt;&lt;script&gt;' in form.text
    assert 'value="&#34; autofocus x=&#34;"' in form.text


def test_wrong_credentials_give_one_sentence_and_keep_the_address(site: Site) -> None:
    browser = site.browser()
    known = browser.post("/login", data={"email": DEMO_EMAIL, "password": "wrong"})
    unknown = browser.post("/login", data={"email": "nobody@booking.example", "password": "wrong"})
    assert known.status_code == unknown.status_code == 422
    assert "E-mail address or password is wrong." in known.text
    pages = [re.sub('nonce="[^"]*"', "", page.text) for page in (known, unknown)]
    assert pages[0].replace(DEMO_EMAIL, "nobody@booking.example") == pages[1]
    assert f'value="{DEMO_EMAIL}"' in known.text
    assert "wrong</" not in known.text.split("<form")[-1]


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        pytest.param({"password": "too short"}, 422, "at least 15 characters", id="short-password"),
        pytest.param({"email": "grace"}, 422, "check the e-mail address", id="no-address"),
        pytest.param({"name": " "}, 422, "tell us your name", id="no-name"),
        pytest.param({"email": " ADA@booking.example"}, 409, "already an account", id="taken"),
    ],
)
def test_what_the_register_form_refuses(site: Site, changed: dict[str, str], status: int, sentence: str) -> None:
    answer = site.browser().post("/register", data=GRACE | changed)
    assert (answer.status_code, sentence in answer.text, 'role="alert"' in answer.text) == (status, True, True)


@pytest.mark.parametrize("path", ["/bookings", "/bookings/1/cancel"])
def test_a_stranger_is_sent_to_log_in(site: Site, path: str) -> None:
    answer = site.browser().post(path, data=SLOT)
    assert answer.url.path == "/login"
    assert "Please log in first." in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        pytest.param("GET", "/nowhere", 404, "There is no such page.", id="path"),
        pytest.param("GET", "/static/nothing.css", 404, "There is no such page.", id="static"),
        pytest.param("GET", "/static/%2e%2e/errors.py", 404, "There is no such page.", id="static-parent"),
        pytest.param("GET", "/clubs/nowhere", 404, "We do not know this club.", id="club"),
        pytest.param("GET", "/clubs/riverside?day=soon", 422, "choose a day", id="no-day"),
        pytest.param("GET", "/clubs/riverside?day=0001-01-01", 422, "choose a day", id="day-one"),
        pytest.param("POST", "/bookings", 404, "We do not know this court.", id="no-fields"),
        pytest.param("POST", f"/bookings/{'9' * 5000}/cancel", 404, "no such booking", id="huge-number"),
        pytest.param("PUT", "/login", 405, "cannot be used that way", id="method"),
    ],
)
def test_refusals_are_pages(site: Site, method: str, path: str, status: int, sentence: str) -> None:
    answer = site.logged_in().request(method, path)
    assert (answer.status_code, sentence in answer.text) == (status, True)
    assert "Ada Lovelace" in answer.text


def test_a_wrong_method_says_which_is_right(site: Site) -> None:
    answer = site.browser().get("/logout")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == {"POST"}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"start": "2026-11-23T12:00:00"}, id="past"),
        pytest.param({"start": "2026-11-24T18:30:00"}, id="half-hour"),
        pytest.param({"start": "2026-11-24T18:00:00Z"}, id="time-zone"),
        pytest.param({"start": "soon"}, id="no-time"),
    ],
)
def test_hours_that_are_not_offered_are_refused(site: Site, changed: dict[str, str]) -> None:
    answer = site.logged_in().post("/bookings", data=SLOT | changed)
    assert (answer.status_code, "This hour cannot be booked" in answer.text) == (422, True)


def test_a_huge_body_is_refused(site: Site) -> None:
    assert site.browser().post("/login", data={"password": "x" * BODY_SIZE}).status_code == 413


def test_a_failure_is_a_page_that_asks_nobody(site: Site) -> None:
    def stopped() -> datetime:
        raise RuntimeError("the clock has stopped")

    site.now = stopped
    answer = site.browser().get("/")
    assert (answer.status_code, "went wrong on our side" in answer.text) == (500, True)
    assert "the clock has stopped" not in answer.text


def test_a_forged_session_is_nobodys(site: Site) -> None:
    browser = site.logged_in()
    payload, _, signature = browser.cookies[SESSION].partition(".")
    browser.cookies.clear()
    browser.cookies.set(SESSION, payload[:-1] + "A." + signature)
    assert browser.get("/bookings").url.path == "/login"


def test_the_secret_from_the_environment_keeps_log_ins_over_a_restart(
    start: Callable[[], Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOKING_SECRET", "x" * 32)
    cookie = start().logged_in().cookies[SESSION]
    after = start().browser()
    monkeypatch.delenv("BOOKING_SECRET")
    elsewhere = start().browser()
    for browser in (after, elsewhere):
        browser.cookies.set(SESSION, cookie)
    assert "Ada Lovelace" in after.get("/").text
    assert "Ada Lovelace" not in elsewhere.get("/").text


def test_health_answers_without_a_session(site: Site) -> None:
    answer = site.browser().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/login", "/register", DAY, "/bookings", "/nowhere"])
def test_pages_have_nothing_that_a_strict_policy_would_block(site: Site, path: str) -> None:
    html = site.logged_in().get(path).text
    assert html.count("<script") == html.count('<script nonce="') + 1
    assert re.search('<script src="/static/booking.js" nonce="[^"]*" defer>', html)
    assert " style=" not in html
    assert "<style" not in html
    assert re.search(r"\son\w+\s*=", html) is None


@pytest.mark.parametrize("name", ["booking.css", "booking.js", "icon.svg"])
def test_static_files_are_served(site: Site, name: str) -> None:
    assert site.browser().get(f"/static/{name}").status_code == 200
