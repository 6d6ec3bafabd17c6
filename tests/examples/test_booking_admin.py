"""The pages of staff in every booking app: who reaches them, what they show, and unlocking."""

from __future__ import annotations

import logging
import re

import httpx2
import pytest

from booking.seed import CODED_EMAIL, DEMO_EMAIL, DEMO_PASSWORD, STAFF_EMAIL
from support.sites import INSIDE, Site

GRACE = {"name": "Grace Hopper", "email": "grace@booking.example", "password": "a fine long password"}
OUTSIDE = "203.0.113.7"
OFFICE = "10.8.0.7"
HTML = {"accept": "text/html"}
PAGES = ["/admin", "/admin/", "/admin/members", "/admin/locks", "/admin/nowhere"]
UNLOCK = "/admin/members/1/unlock"


def lock(site: Site, email: str) -> None:
    browser = site.browser()
    wrong = [browser.post("/login", data={"email": email, "password": "wrong"}).status_code for _ in range(6)]
    assert wrong == [422] * 5 + [429]


def may_log_in(site: Site) -> bool:
    answer = site.browser().post("/login", data={"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
    assert answer.status_code in {200, 429}
    return answer.status_code == 200


def rows(page: httpx2.Response) -> list[list[str]]:
    """The text of the cells of all rows but of heads."""
    found = re.findall(r"<tr>(.*?)</tr>", page.text, re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in found if 'scope="col"' not in row]
    return [[" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def said(page: httpx2.Response) -> list[str]:
    """The words of a page, without its scripts."""
    return re.sub(r"<script.*?</script>", "", page.text, flags=re.S).split()


@pytest.mark.parametrize("path", PAGES)
def test_from_outside_there_is_nothing(site: Site, path: str) -> None:
    stranger = site.browser(OUTSIDE)
    hidden, nowhere = stranger.get(path, headers=HTML), stranger.get("/nowhere", headers=HTML)
    assert (hidden.status_code, said(hidden)) == (nowhere.status_code, said(nowhere))
    assert hidden.headers["content-type"] == nowhere.headers["content-type"]
    assert site.logged_in(STAFF_EMAIL, address=OUTSIDE).get(path, headers=HTML).status_code == 404


def test_who_is_not_logged_in_is_asked_to(site: Site) -> None:
    answer = site.browser().get("/admin/", headers=HTML)
    assert (answer.status_code, "Please log in first" in answer.text) == (403, True)
    assert 'href="/login"' in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_members_who_are_not_staff_are_told_so(site: Site, path: str) -> None:
    ada = site.logged_in()
    answer = ada.get(path, headers=HTML)
    assert (answer.status_code, "This page is for our staff" in answer.text) == (403, True)
    assert "Log in" not in answer.text
    assert 'href="/admin/"' not in ada.get("/").text


@pytest.mark.parametrize(
    ("email", "address", "status"),
    [
        pytest.param(None, INSIDE, 403, id="nobody"),
        pytest.param(GRACE["email"], INSIDE, 403, id="member"),
        pytest.param(STAFF_EMAIL, OUTSIDE, 404, id="staff-outside"),
    ],
)
def test_nobody_else_unlocks(site: Site, email: str | None, address: str, status: int) -> None:
    browser = site.browser(address)
    if email == GRACE["email"]:
        browser.post("/register", data=GRACE)
    elif email is not None:
        browser = site.logged_in(email, address=address)
    lock(site, DEMO_EMAIL)
    assert browser.post(UNLOCK).status_code == status
    assert not may_log_in(site)


def test_staff_comes_from_the_networks_that_are_configured(site: Site) -> None:
    staff = site.logged_in(STAFF_EMAIL, address=OFFICE)
    assert 'href="/admin/"' in staff.get("/").text
    assert "Use of courts" in staff.get("/admin").text
    assert (staff.get("/admin/nowhere").status_code, staff.get(UNLOCK).status_code) == (404, 405)


def test_the_use_of_courts_is_that_of_this_week(site: Site) -> None:
    ada = site.logged_in()
    for court, start in (("1", "24T18"), ("1", "29T20"), ("2", "29T20"), ("5", "23T20"), ("1", "30T08")):
        booked = ada.post("/bookings", data={"court": court, "start": f"2026-11-{start}:00:00"})
        assert booked.url.path == "/bookings"
    page = site.logged_in(STAFF_EMAIL).get("/admin/")
    assert "Monday 23 November to Sunday 29 November" in page.text
    assert rows(page) == [
        ["Mill Court", "Padel, indoor", "1", "91", "1%"],
        ["Weir Court", "Padel, indoor", "0", "91", "0%"],
        ["Meadow Court", "Padel, covered", "0", "91", "0%"],
        ["All courts", "1", "273", "0%"],
        ["Court 1", "Clay", "2", "91", "2%"],
        ["Court 2", "Clay", "1", "91", "1%"],
        ["Court 3", "Hard, floodlit", "0", "91", "0%"],
        ["Court 4", "Hard, floodlit", "0", "91", "0%"],
        ["All courts", "3", "364", "1%"],
    ]


def test_members_are_listed_with_what_guards_their_login(site: Site) -> None:
    lock(site, DEMO_EMAIL)
    site.browser().post("/register", data=GRACE | {"name": "<i>Grace</i>"})
    assert rows(site.logged_in(STAFF_EMAIL).get("/admin/members")) == [
        ["&lt;i&gt;Grace&lt;/i&gt;", GRACE["email"], "Off", "Not locked"],
        ["Ada Lovelace", DEMO_EMAIL, "Off", "Locked for 15 minutes"],
        ["Alan Turing", CODED_EMAIL, "On", "Not locked"],
        ["Mary Jackson Staff", STAFF_EMAIL, "Off", "Not locked"],
    ]


def test_staff_unlocks_a_member_and_it_is_told(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    staff = site.logged_in(STAFF_EMAIL)
    assert "Nobody is locked." in staff.get("/admin/locks").text
    for email in (DEMO_EMAIL, "nobody@booking.example"):
        lock(site, email)
    page = staff.get("/admin/locks")
    ada, nobody = sorted(rows(page), reverse=True, key=lambda row: row[0].startswith("Ada Lovelace"))
    assert (ada[1:], nobody[1:]) == (
        ["Account, after wrong passwords", "15 minutes", "Unlock"],
        ["Account, after wrong passwords", "15 minutes", ""],
    )
    assert re.fullmatch("Ada Lovelace [0-9a-f]+", ada[0])
    assert re.fullmatch("[0-9a-f]+", nobody[0])
    assert page.text.count("<form") == 2  # beside that of logging out
    assert not may_log_in(site)

    with caplog.at_level(logging.INFO, "netguard"):
        done = staff.post(UNLOCK)
    assert (done.url.path, "Ada Lovelace can try to log in again." in done.text) == ("/admin/locks", True)
    assert [name for name, *_ in rows(done)] == [nobody[0]]
    told = [record.getMessage() for record in caplog.records if "[lockout.unlocked]" in record.getMessage()]
    assert told == [f"lockout 'login': account {ada[0].split()[-1]} was unlocked [lockout.unlocked]"]
    assert may_log_in(site)


def test_a_locked_code_is_unlocked_too(site: Site) -> None:
    browser, login = site.browser(), {"email": CODED_EMAIL, "password": DEMO_PASSWORD}
    browser.post("/login", data=login)
    assert [browser.post("/login/code", data={"code": "0"}).status_code for _ in range(6)] == [422] * 5 + [429]
    staff = site.logged_in(STAFF_EMAIL)
    ((_, *told),) = rows(staff.get("/admin/locks"))
    assert told == ["Account, after wrong codes", "15 minutes", "Unlock"]
    staff.post("/admin/members/2/unlock")
    assert browser.post("/login/code", data={"code": "0"}).status_code == 422


@pytest.mark.parametrize("number", ["99", "0x1", "9" * 3000])
def test_who_is_no_member_is_not_unlocked(site: Site, number: str) -> None:
    answer = site.logged_in(STAFF_EMAIL).post(f"/admin/members/{number}/unlock")
    assert (answer.status_code, "We do not know this member." in answer.text) == (404, True)
