"""A real Chromium on the booking apps beside an attacker's sites: a session stays the member's, till they log out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from support.browser import open_browser
from support.sites import DEVICE, SESSION

from .conftest import NAME, Service
from .sites import (
    EMAIL,
    EVIL,
    HANDSHAKE,
    LOOPBACK,
    PASSWORD,
    SISTER,
    SITE,
    attacker,
    fill_in,
    log_in,
    send_form,
    served,
    setting,
)

pytestmark = pytest.mark.needs("chromium")

KEPT = f"{SITE}/static/booking.css?kept"  # no page loads it, so that nothing but the test puts it into the cache
CACHED = """url => fetch(url, {cache: "only-if-cached", mode: "same-origin"}).then(found => found.ok, () => false)"""
STORE = """async () => {
    localStorage.setItem("draft", "Court 1");
    await (await caches.open("pages")).put("/bookings", new Response("mine"));
}"""
STORED = """async () => [...Object.keys(localStorage), ...await caches.keys()]"""
FETCH = (
    """([url, method]) => fetch(url, {method, mode: "no-cors", credentials: "include"}).then(() => "read", () => "")"""
)


@pytest.fixture(scope="module")
def browser(service: Service) -> Iterator[Browser]:
    """A browser for which the booking app, a sister site and another site exist."""
    with served(attacker, service.cert) as port:
        ports = {f"{NAME}:443": service.https, f"{NAME}:80": service.http}
        theirs = {f"{site.removeprefix('https://')}:443": port for site in (SISTER, EVIL)}
        with open_browser(cert=service.cert, resolve=ports | theirs, args=LOOPBACK) as chromium:
            yield chromium


@pytest.fixture
def member(page: Page) -> Page:
    """The page of Ada, who is logged in."""
    log_in(page)
    return page


def cookies(page: Page) -> dict[str, str]:
    """What the browser holds, wherever it came from."""
    return {cookie.get("name", ""): cookie.get("value", "") for cookie in page.context.cookies()}


def is_adas(page: Page) -> bool:
    """Whether the service takes the visitor for Ada."""
    page.goto(f"{SITE}/bookings")
    return page.url == f"{SITE}/bookings" and "Ada Lovelace" in page.get_by_role("banner").inner_text()


def mallorys_session(browser: Browser, number: int) -> str:
    """The session of a member with bad intentions, as they read it in their own browser."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{SITE}/register")
    page.get_by_label("Name").fill("Mallory")
    page.get_by_label("E-mail address").fill(f"mallory{number}@{NAME}")
    page.get_by_label("Password", exact=True).fill("a fine long password")
    page.get_by_role("main").get_by_role("button", name="Create").click()
    page.wait_for_url(f"{SITE}/")
    value = cookies(page)[SESSION]
    context.close()
    return value


def toss(page: Page, value: str) -> None:
    """What a sister site can plant: a session under the plain name, but under no spelling of the prefix."""
    wide = f"Domain={NAME}; Secure"
    names = (SESSION, SESSION.lower(), SESSION.upper())
    forged = [f"{name}={value}; {wide}; Path={path}" for name in names for path in ("/", "/bookings")]
    page.goto(setting(SISTER, *(f"session={value}; {wide}; Path={path}" for path in ("/", "/bookings")), *forged))
    for cookie in forged:
        page.evaluate("cookie => { document.cookie = cookie }", cookie)
    taken = [cookie for cookie in page.context.cookies(f"{SITE}/bookings") if cookie.get("value") == value]
    assert [cookie.get("name") for cookie in taken] == ["session", "session"]


def test_every_cookie_is_of_this_host_alone_secure_and_out_of_scripts_reach(member: Page) -> None:
    found = member.context.cookies()
    assert SESSION in {cookie.get("name") for cookie in found}
    for cookie in found:
        assert cookie.get("name", "").startswith("__Host-")
        assert (cookie.get("domain"), cookie.get("path")) == (NAME, "/")  # a leading dot would include its sisters
        assert (cookie.get("secure"), cookie.get("httpOnly")) == (True, True)
        assert cookie.get("sameSite") == ("Strict" if cookie.get("name") == DEVICE else "Lax")
    assert member.evaluate("document.cookie") == ""


def test_a_session_tossed_by_a_sister_site_does_not_replace_the_member_s(member: Page, browser: Browser) -> None:
    toss(member, mallorys_session(browser, 1))
    assert is_adas(member)


def test_a_session_tossed_by_a_sister_site_logs_nobody_in(page: Page, browser: Browser) -> None:
    toss(page, mallorys_session(browser, 2))
    page.goto(f"{SITE}/bookings")
    assert page.url == f"{SITE}/login"


@pytest.mark.parametrize("site", [SISTER, EVIL])
def test_a_form_of_another_site_is_refused(member: Page, service: Service, site: str) -> None:
    before, refusals = cookies(member), service.refusals()
    for path in ("/login", "/bookings", "/logout"):
        member.goto(setting(site))
        with member.expect_navigation(url=SITE + path) as refused:
            send_form(member, SITE + path, email=EMAIL, password=PASSWORD)
        assert refused.value.status == 403
        assert (SESSION in refused.value.request.all_headers().get("cookie", "")) == (site == SISTER)
    assert service.refusals() == [*refusals, *["origin.cross-site"] * 3]
    assert cookies(member) == before
    assert is_adas(member)


@pytest.mark.parametrize("site", [SISTER, EVIL])
def test_a_fetch_of_another_site_is_refused(member: Page, service: Service, site: str) -> None:
    refusals = service.refusals()
    member.goto(setting(site))
    member.evaluate(FETCH, [f"{SITE}/logout", "POST"])
    assert service.refusals() == [*refusals, "origin.cross-site"]
    assert is_adas(member)


@pytest.mark.parametrize("site", [SISTER, EVIL])
def test_a_websocket_of_another_site_is_refused(member: Page, service: Service, site: str) -> None:
    """Before the app is asked whether it has any; an app that has: test_cookie_rules_browser.py."""
    refusals = service.refusals()
    member.goto(setting(site))
    assert member.evaluate(HANDSHAKE, f"wss://{NAME}/bookings") == "refused"
    assert service.refusals() == [*refusals, "origin.foreign"]


def test_another_site_may_lead_to_the_bookings_and_not_load_them(member: Page, service: Service) -> None:
    refusals = service.refusals()
    member.goto(setting(EVIL))
    assert member.evaluate(FETCH, [f"{SITE}/bookings", "GET"]) == ""
    assert service.refusals() == [*refusals, "isolation.cross-site"]
    member.evaluate(f"document.body.innerHTML = '<a href={SITE}/bookings>your bookings</a>'")
    member.get_by_role("link").click()
    member.get_by_role("heading", name="My bookings").wait_for()


def test_a_visitor_whom_another_site_led_here_logs_in(page: Page) -> None:
    page.goto(setting(EVIL))
    page.evaluate(f"document.body.innerHTML = '<a href={SITE}/login>log in</a>'")
    page.get_by_role("link").click()
    fill_in(page)
    assert is_adas(page)


def test_a_log_out_leaves_no_cookie_no_storage_and_no_cache(member: Page) -> None:
    member.evaluate(STORE)
    member.evaluate("url => fetch(url).then(found => found.text())", KEPT)
    assert sorted(member.evaluate(STORED)) == ["draft", "pages"]
    assert member.evaluate(CACHED, KEPT)
    member.get_by_role("button", name="Log out").click()
    member.get_by_text("You are logged out.").wait_for()
    assert list(cookies(member)) == [DEVICE]  # which logs nobody in
    assert member.evaluate(STORED) == []
    assert not member.evaluate(CACHED, KEPT)
    assert not is_adas(member)
