"""Logging in to every booking app: the lock after wrong passwords, the ways out of it, and the second factor."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import httpx2
import pyotp
import pytest

from booking import members
from booking.seed import CODED_EMAIL, CODED_SECRET, DEMO_EMAIL, DEMO_PASSWORD
from netguard.passwords import Passwords
from support.sites import DEVICE, NOW, Site

NOBODY = "nobody@booking.example"
WRONG = "wrong"
HTML = {"accept": "text/html"}
GRACE = {"name": "Grace Hopper", "email": "grace@booking.example", "password": "a fine long password"}


def try_password(browser: httpx2.Client, email: str = DEMO_EMAIL, password: str = WRONG) -> httpx2.Response:
    return browser.post("/login", data={"email": email, "password": password}, headers=HTML)


def lock(site: Site, email: str = DEMO_EMAIL) -> httpx2.Response:
    """Lock an account by wrong passwords; the refusal of the right one."""
    browser = site.browser()
    assert [try_password(browser, email).status_code for _ in range(5)] == [422] * 5
    return try_password(browser, email, DEMO_PASSWORD)


def type_code(browser: httpx2.Client, code: str) -> httpx2.Response:
    return browser.post("/login/code", data={"code": code}, headers=HTML)


def code_in(seconds: int, secret: str = CODED_SECRET) -> str:
    """The code of now, or of the step that begins within so many seconds and passes already."""
    return pyotp.TOTP(secret).at(int(time.time()) + seconds)


@pytest.fixture
def link(site: Site, caplog: pytest.LogCaptureFixture) -> Callable[[str], str]:
    """What asks for the link that unlocks an account; empty where no letter was written."""

    def asked(email: str) -> str:
        with caplog.at_level(logging.INFO, "booking.outbox"):
            caplog.clear()
            site.browser().post("/unlock", data={"email": email})
        letters = [record.getMessage() for record in caplog.records if record.name == "booking.outbox"]
        return "".join(letter.partition("open ")[2] for letter in letters)

    return asked


def test_after_five_wrong_passwords_the_right_one_is_refused(site: Site) -> None:
    refused = lock(site)
    assert refused.status_code == 429
    assert 890 < int(refused.headers["retry-after"]) <= 900
    assert "This login is locked for now" in refused.text
    assert "in 15 minutes" in refused.text
    assert 'href="/unlock"' in refused.text
    assert "<script" not in refused.text
    assert try_password(site.browser(), CODED_EMAIL).status_code == 422
    plain = site.browser().post("/login", data={"email": DEMO_EMAIL, "password": "wrong"})
    assert (plain.status_code, plain.text) == (429, "Too many tries to log in: please try again later.\n")


def test_a_name_that_exists_and_one_that_does_not_are_treated_alike(site: Site) -> None:
    def walk(email: str) -> list[tuple[int, list[str], str]]:
        browser = site.browser()
        answers = [try_password(browser, email.upper() if number % 2 else email) for number in range(7)]
        answers.append(browser.post("/unlock", data={"email": email}, headers=HTML, follow_redirects=False))
        answers.append(browser.get("/login"))
        return [(answer.status_code, sorted(answer.headers), plain(answer.text, email)) for answer in answers]

    def plain(text: str, email: str) -> str:
        return re.sub(f'nonce="[^"]*"|{email}', "", text, flags=re.I)

    known, unknown = walk(DEMO_EMAIL), walk(NOBODY)
    assert known == unknown
    assert [status for status, _, _ in known] == [422] * 5 + [429] * 2 + [303, 200]
    assert "we have sent it a link" in known[-1][2]


def test_a_browser_that_logged_in_before_is_still_let_in(site: Site) -> None:
    ada = site.logged_in()
    ada.post("/logout")
    assert lock(site).status_code == 429
    assert "Welcome back, Ada Lovelace!" in try_password(ada, password=DEMO_PASSWORD).text
    assert try_password(site.browser(), password=DEMO_PASSWORD).status_code == 429


def test_an_unlock_link_works_once_and_by_its_button_alone(site: Site, link: Callable[[str], str]) -> None:
    lock(site)
    address = link(" ADA@Booking.example")
    browser = site.browser()
    page = browser.get(address)
    assert try_password(site.browser(), password=DEMO_PASSWORD).status_code == 429
    (token,) = re.findall('name="token" value="([^"]+)"', page.text)

    done = browser.post("/unlock/link", data={"token": token})
    assert (done.url.path, "you can log in again now" in done.text) == ("/login", True)
    assert "Welcome back" in try_password(site.browser(), password=DEMO_PASSWORD).text
    again = browser.post("/unlock/link", data={"token": token})
    assert (again.status_code, "no longer works" in again.text, 'action="/unlock"' in again.text) == (422, True, True)


@pytest.mark.parametrize("token", ["", "forged", "\ud800".encode("utf-8", "replace").decode()])
def test_a_forged_link_unlocks_nothing(site: Site, token: str) -> None:
    answer = site.browser().post("/unlock/link", data={"token": token})
    assert (answer.status_code, "no longer works" in answer.text) == (422, True)


def test_letters_are_written_to_members_alone_and_five_an_hour(site: Site, link: Callable[[str], str]) -> None:
    assert link(NOBODY) == ""
    assert [bool(link(DEMO_EMAIL)) for _ in range(6)] == [True] * 5 + [False]


def test_the_second_factor_is_asked_and_a_code_works_once(site: Site) -> None:
    browser = site.browser()
    asked = try_password(browser, CODED_EMAIL, DEMO_PASSWORD)
    assert (asked.url.path, "asks for a code" in asked.text) == ("/login/code", True)
    assert browser.get("/bookings").url.path == "/login"
    assert DEVICE not in browser.cookies
    for code in ("000000", "", "x" * 5000):
        wrong = type_code(browser, code)
        assert (wrong.status_code, "This code is wrong" in wrong.text) == (422, True)

    code = code_in(0)
    assert "Welcome back, Alan Turing!" in type_code(browser, code).text
    assert DEVICE in browser.cookies
    browser.post("/logout")
    try_password(browser, CODED_EMAIL, DEMO_PASSWORD)
    assert type_code(browser, code).status_code == 422
    assert "Welcome back, Alan Turing!" in type_code(browser, code_in(30)).text


def test_after_five_wrong_codes_the_right_one_is_refused(site: Site, link: Callable[[str], str]) -> None:
    browser = site.browser()
    try_password(browser, CODED_EMAIL, DEMO_PASSWORD)
    assert [type_code(browser, "000000").status_code for _ in range(5)] == [422] * 5
    refused = type_code(browser, code_in(0))
    assert (refused.status_code, "This login is locked for now" in refused.text) == (429, True)
    assert try_password(browser, CODED_EMAIL, DEMO_PASSWORD).url.path == "/login/code"  # the password has its own tries
    site.browser().post("/unlock/link", data={"token": link(CODED_EMAIL).partition("token=")[2]})
    assert "Welcome back" in type_code(browser, code_in(0)).text


def test_a_code_without_its_password_is_none(site: Site) -> None:
    browser = site.browser()
    for answer in (browser.get("/login/code"), type_code(browser, code_in(0))):
        assert (answer.url.path, "Please log in first." in answer.text) == ("/login", True)
    try_password(browser, CODED_EMAIL, DEMO_PASSWORD)
    site.now = lambda: NOW + timedelta(minutes=11)
    assert type_code(browser, code_in(0)).url.path == "/login"


def test_a_member_turns_codes_on_and_off(site: Site) -> None:
    browser = site.browser()
    browser.post("/register", data=GRACE)
    page = browser.get("/account")
    (secret,) = re.findall(r'<code class="secret">([A-Z2-7]{32})</code>', page.text)
    assert f"otpauth://totp/Courtside:grace%40booking.example?secret={secret}" in page.text
    assert browser.post("/account/codes", data={"code": "000000"}).status_code == 422
    shown = browser.post("/account/codes", data={"code": code_in(0, secret)}).text
    recovery = re.findall(r"<code>([-\w]{19})</code>", shown)
    assert len(recovery) == 10

    for code, status in ((recovery[0], 200), (recovery[0], 422), (recovery[1], 200)):
        asked = try_password(browser, GRACE["email"], GRACE["password"])
        assert asked.url.path == "/login/code"
        assert type_code(browser, code).status_code == status
    assert secret not in browser.get("/account").text
    assert browser.post("/account/codes/off", data={"code": "000000"}).status_code == 422
    off = browser.post("/account/codes/off", data={"code": code_in(30, secret)})
    assert "takes no code any more" in off.text
    assert try_password(site.browser(), GRACE["email"], GRACE["password"]).url.path == "/"


def test_a_stranger_has_no_account_page(site: Site) -> None:
    asked = [("GET", "/account"), ("POST", "/account/codes"), ("POST", "/account/codes/off")]
    assert [site.browser().request(method, path).url.path for method, path in asked] == ["/login"] * 3


def test_passwords_that_could_not_be_looked_at_take_no_try(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another password is hashed and nothing may wait, the answer is 503, as often as it may be."""
    begun, end = Event(), Event()

    def slow(stored: str, password: str) -> bool:
        begun.set()
        return end.wait(30)

    full = Passwords(workers=1, waiting=0, legacy={"$slow$": slow})
    monkeypatch.setattr(members, "passwords", full)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(full.verify, "$slow$", "x")
        assert begun.wait(30)
        busy = [try_password(site.browser()) for _ in range(7)]
        end.set()
    assert [answer.status_code for answer in busy] == [503] * 7
    assert "busy" in busy[0].text
    assert busy[0].headers["retry-after"] == "1"
    assert "Welcome back" in try_password(site.browser(), password=DEMO_PASSWORD).text


def test_a_form_that_two_could_read_in_two_ways_tries_nothing(site: Site) -> None:
    two = f"email={DEMO_EMAIL}&email={NOBODY}&password=wrong"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = site.browser().post("/login", content=two, headers=HTML | kind)
    assert (answer.status_code, "could not be understood" in answer.text) == (400, True)
