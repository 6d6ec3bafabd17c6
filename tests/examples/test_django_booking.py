"""A walk through the Django app, as a browser takes it; in a process of its own, since Django's settings are global."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import httpx2
import pyotp
import pytest

from booking.seed import CODED_EMAIL, CODED_SECRET, STAFF_EMAIL
from support.certificates import Certificate
from support.servers import Process, serve
from support.sites import DEVICE, SESSION

DAY = date.today() + timedelta(days=7)
PAGE = f"/clubs/riverside?day={DAY}"
SLOT = {"court": "1", "start": f"{DAY}T18:00:00"}
ADA = {"email": "ada@booking.example", "password": "correct horse battery staple"}
GRACE = {"name": "Grace Hopper", "email": "grace@booking.example", "password": "a fine long password"}
EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "a secret of this test run, long enough"


class Site:
    """The running app, and as many browsers as a test needs."""

    def __init__(self, server: Process, certificate: Certificate) -> None:
        self.server, self.certificate = server, certificate
        self.open = ExitStack()

    def browser(self) -> httpx2.Client:
        trust = self.certificate.client_context()
        host = {"host": "booking.example"}
        patience = 30  # seconds: gunicorn listens before the app is loaded
        client = httpx2.Client(
            base_url=self.server.url, verify=trust, headers=host, follow_redirects=True, timeout=patience
        )
        return self.open.enter_context(client)

    def logged_in(self, **changed: str) -> httpx2.Client:
        browser = self.browser()
        assert "Log out" in browser.post("/login", data=ADA | changed).text
        return browser


@pytest.fixture
def site(service: Site) -> Iterator[Site]:
    with service.open:
        yield service


@pytest.fixture(scope="module")
def service(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    env = {
        "BOOKING_DATABASE": f"sqlite:///{tmp_path_factory.mktemp('django') / 'booking.sqlite3'}",
        "BOOKING_HOSTS": "booking.example",
        "BOOKING_PROXIES": "127.0.0.1",  # so that a browser may come from elsewhere
        "BOOKING_SECRET": SECRET,
    }
    with serve("gunicorn", "django_booking.app:app", cert=certificate, path=[EXAMPLES], env=env) as server:
        yield Site(server, certificate)


@pytest.fixture
def browser(site: Site) -> httpx2.Client:
    return site.browser()


def test_a_visit_from_registering_to_logging_out(browser: httpx2.Client) -> None:
    assert "Riverside Tennis" in browser.get("/").text
    home = browser.post("/register", data=GRACE)
    assert (home.url.path, "Welcome, Grace Hopper!" in home.text) == ("/", True)
    assert "Welcome" not in browser.get("/").text
    assert f'value="{SLOT["start"]}"' in browser.get(PAGE).text

    booked = browser.post("/bookings", data=SLOT)
    title = f"{DAY:%A} {DAY.day} {DAY:%B}"
    assert booked.url.path == "/bookings"
    assert f"Booked: Court 1 at Riverside Tennis, {title}, 18:00–19:00." in booked.text
    (action,) = re.findall(r'action="(/bookings/\d+/cancel)"', booked.text)
    again = browser.post("/bookings", data=SLOT)
    assert (again.status_code, "Somebody else was faster" in again.text) == (409, True)

    cancelled = browser.post(action)
    assert "Cancelled: Court 1 at Riverside Tennis" in cancelled.text
    assert "You have no bookings yet." in cancelled.text
    assert "You are logged out." in browser.post("/logout").text
    assert browser.get("/bookings").url.path == "/login"


def test_a_slot_of_somebody_else_is_refused_and_stays_theirs(site: Site) -> None:
    slot = SLOT | {"court": "2"}
    ada, mallory = site.logged_in(), site.browser()
    (action,) = re.findall(r'action="(/bookings/\d+/cancel)"', ada.post("/bookings", data=slot).text)
    mallory.post("/register", data=GRACE | {"email": "mallory@booking.example"})
    assert mallory.post("/bookings", data=slot).status_code == 409
    stolen = mallory.post(action)
    assert (stolen.status_code, "no such booking among yours" in stolen.text) == (404, True)
    assert f'action="{action}"' in ada.get("/bookings").text
    assert "Ada" not in mallory.get(PAGE).text


def test_a_name_is_text_and_never_markup(browser: httpx2.Client) -> None:
    form = browser.post("/register", data={"name": '"><script>alert(1)</script>', "email": '" autofocus x="'})
    assert (form.status_code, "<script>alert" in form.text, '" autofocus' in form.text) == (422, False, False)


@pytest.mark.parametrize("email", [ADA["email"], "nobody@booking.example"])
def test_wrong_credentials_give_one_sentence_and_keep_the_address(browser: httpx2.Client, email: str) -> None:
    answer = browser.post("/login", data={"email": email, "password": "wrong"})
    assert (answer.status_code, "E-mail address or password is wrong." in answer.text) == (422, True)
    assert f'value="{email}"' in answer.text


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        pytest.param({"password": "too short"}, 422, "at least 15 characters", id="short-password"),
        pytest.param({"email": "grace"}, 422, "check the e-mail address", id="no-address"),
        pytest.param({"name": " "}, 422, "tell us your name", id="no-name"),
        pytest.param({"email": " ADA@booking.example"}, 409, "already an account", id="taken"),
    ],
)
def test_what_the_register_form_refuses(
    browser: httpx2.Client, changed: dict[str, str], status: int, sentence: str
) -> None:
    answer = browser.post("/register", data=GRACE | changed)
    assert (answer.status_code, sentence in answer.text, 'role="alert"' in answer.text) == (status, True, True)


@pytest.mark.parametrize("path", ["/bookings", "/bookings/1/cancel"])
def test_a_stranger_is_sent_to_log_in(browser: httpx2.Client, path: str) -> None:
    answer = browser.post(path, data=SLOT)
    assert (answer.url.path, "Please log in first." in answer.text) == ("/login", True)


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        pytest.param("GET", "/nowhere", 404, "There is no such page.", id="path"),
        pytest.param("GET", "/static/nothing.css", 404, "There is no such page.", id="static"),
        pytest.param("GET", "/static/%2e%2e/errors.py", 400, "could not read", id="static-parent"),
        pytest.param("GET", "/clubs/nowhere", 404, "We do not know this club.", id="club"),
        pytest.param("GET", "/clubs/riverside?day=soon", 422, "choose a day", id="no-day"),
        pytest.param("GET", "/clubs/riverside?day=0001-01-01", 422, "choose a day", id="day-one"),
        pytest.param("POST", "/bookings", 404, "We do not know this court.", id="no-fields"),
        pytest.param("POST", f"/bookings/{'9' * 3000}/cancel", 404, "no such booking", id="huge-number"),
        pytest.param("PUT", "/login", 405, "cannot be used that way", id="method"),
    ],
)
def test_refusals_are_pages(site: Site, method: str, path: str, status: int, sentence: str) -> None:
    answer = site.logged_in().request(method, path)
    assert (answer.status_code, sentence in answer.text) == (status, True)
    assert "Ada Lovelace" in answer.text
    assert len(answer.headers.get_list("content-security-policy")) == 1


@pytest.mark.parametrize("start", [f"{DAY}T18:30:00", f"{DAY}T18:00:00Z", "2020-01-01T18:00:00", "soon"])
def test_hours_that_are_not_offered_are_refused(site: Site, start: str) -> None:
    answer = site.logged_in().post("/bookings", data=SLOT | {"start": start})
    assert (answer.status_code, "This hour cannot be booked" in answer.text) == (422, True)


def test_a_huge_body_is_refused(browser: httpx2.Client) -> None:
    assert browser.post("/login", data={"password": "x" * 70_000}).status_code in {400, 413}


def test_health_is_told_on_any_address_and_without_a_session(browser: httpx2.Client) -> None:
    answer = browser.get("/healthz", headers={"host": "10.0.0.7"})
    assert (answer.status_code, answer.text) == (200, "ok")
    assert "set-cookie" not in answer.headers


def test_other_hosts_and_other_sites_are_refused(browser: httpx2.Client) -> None:
    assert browser.get("/", headers={"host": "evil.example"}).status_code == 400
    foreign = browser.post("/login", data=ADA, headers={"sec-fetch-site": "cross-site"})
    assert (foreign.status_code, dict(browser.cookies)) == (403, {})


def test_the_session_cookie_is_for_this_site_over_https_alone(browser: httpx2.Client) -> None:
    answer = browser.post("/login", data=ADA, follow_redirects=False)
    cookies = {cookie.partition("=")[0].strip(): cookie for cookie in answer.headers.get_list("set-cookie")}
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookies[SESSION].split("; "))


def test_no_other_site_loads_the_bookings(site: Site) -> None:
    image = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert site.logged_in().get("/bookings", headers=image).status_code == 403


def test_a_session_under_the_plain_name_is_nobodys(site: Site, browser: httpx2.Client) -> None:
    browser.cookies.set("session", site.logged_in().cookies[SESSION])
    assert browser.get("/bookings").url.path == "/login"


def test_a_log_out_clears_what_the_browser_keeps(site: Site) -> None:
    browser = site.logged_in()
    answer = browser.post("/logout")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert list(browser.cookies) == [DEVICE]


@pytest.mark.parametrize("path", ["/", "/login", "/register", PAGE, "/bookings", "/nowhere"])
def test_the_nonce_of_the_response_reaches_both_scripts(site: Site, path: str) -> None:
    answer = site.logged_in().get(path)
    (nonce,) = set(re.findall('nonce="(.+?)"', answer.text))
    assert answer.text.count(f'nonce="{nonce}"') == answer.text.count("<script") == 2
    assert f"script-src 'self' 'nonce-{nonce}'" in answer.headers["content-security-policy"]
    assert " style=" not in answer.text
    assert re.search(r"\son\w+\s*=", answer.text) is None


@pytest.mark.parametrize("name", ["booking.css", "booking.js", "icon.svg", "admin/css/base.css"])
def test_static_files_are_served(browser: httpx2.Client, name: str) -> None:
    answer = browser.get(f"/static/{name}")
    assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff")


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/login/", "/admin/locks", "/admin/auth/user/"])
def test_the_admin_is_for_staff_from_inside(site: Site, path: str) -> None:
    html, outside = {"accept": "text/html"}, {"accept": "text/html", "x-forwarded-for": "203.0.113.7"}
    nobody, ada, mary = site.browser(), site.logged_in(), site.logged_in(email=STAFF_EMAIL)
    hidden = [browser.get(path, headers=outside) for browser in (nobody, ada, mary)]
    assert [(page.status_code, "There is no such page." in page.text) for page in hidden] == [(404, True)] * 3
    asked, told = nobody.get(path, headers=html), ada.get(path, headers=html)
    assert (asked.status_code, "Please log in first" in asked.text) == (403, True)
    assert (told.status_code, "This page is for our staff" in told.text) == (403, True)
    assert mary.get(path, headers=html).status_code == 200
    assert ['href="/admin/"' in browser.get("/").text for browser in (ada, mary)] == [False, True]


def test_the_admin_shows_the_use_of_courts(site: Site) -> None:
    page = site.logged_in(email=STAFF_EMAIL).get("/admin/django_booking/court/").text
    assert page.count("of 91 hours (") == 7


def test_the_admin_shows_who_is_locked_and_unlocks_them(site: Site) -> None:
    bob = "bob@booking.example"
    site.browser().post("/register", data=GRACE | {"email": bob})
    login = {"email": bob, "password": GRACE["password"]}
    wrong = [site.browser().post("/login", data=login | {"password": "wrong"}).status_code for _ in range(5)]
    assert (wrong, site.browser().post("/login", data=login).status_code) == ([422] * 5, 429)

    admin = site.logged_in(email=STAFF_EMAIL)
    link = f'<a href="/admin/auth/user/?q=bob%40booking.example">Unlock {bob}</a>'
    assert 'href="/admin/locks"' in admin.get("/admin/").text
    assert link in admin.get("/admin/locks").text
    page = admin.get("/admin/auth/user/", params={"q": bob}).text
    assert '<td class="field-locked">15 min</td>' in page
    (number,) = re.findall('name="_selected_action" value="([0-9]+)"', page)
    (token,) = set(re.findall('name="csrfmiddlewaretoken" value="(\\w+)"', page))
    form = {"action": "unlock", "_selected_action": number, "csrfmiddlewaretoken": token}
    admin.post("/admin/auth/user/", data=form, headers={"referer": "https://booking.example/admin/auth/user/"})
    assert "Nobody is locked." in admin.get("/admin/locks").text
    assert "Log out" in site.browser().post("/login", data=login).text


def test_a_code_is_asked_for_after_the_password(site: Site) -> None:
    browser = site.browser()
    asked = browser.post("/login", data=ADA | {"email": CODED_EMAIL})
    assert (asked.url.path, DEVICE in browser.cookies) == ("/login/code", False)
    assert browser.get("/bookings").url.path == "/login"
    wrong = browser.post("/login/code", data={"code": "000000"})
    assert (wrong.status_code, "This code is wrong" in wrong.text) == (422, True)
    right = browser.post("/login/code", data={"code": pyotp.TOTP(CODED_SECRET).now()})
    assert ("Welcome back, Alan Turing!" in right.text, DEVICE in browser.cookies) == (True, True)
    for answer in (site.browser().get("/login/code"), site.browser().post("/login/code", data={"code": "000000"})):
        assert answer.url.path == "/login"


def test_a_member_turns_codes_on_and_off(site: Site) -> None:
    browser, login = site.browser(), {"email": "eve@booking.example", "password": GRACE["password"]}
    browser.post("/register", data=GRACE | {"email": login["email"]})
    (secret,) = re.findall(r'<code class="secret">([A-Z2-7]{32})</code>', browser.get("/account").text)
    assert browser.post("/account/codes", data={"code": "000000"}).status_code == 422
    shown = browser.post("/account/codes", data={"code": pyotp.TOTP(secret).now()}).text
    recovery = re.findall(r"<code>([-\w]{19})</code>", shown)
    assert len(recovery) == 10
    for code, status in ((recovery[0], 200), (recovery[0], 422), (recovery[1], 200)):
        assert browser.post("/login", data=login).url.path == "/login/code"
        assert browser.post("/login/code", data={"code": code}).status_code == status
    assert secret not in browser.get("/account").text
    assert browser.post("/account/codes/off", data={"code": "000000"}).status_code == 422
    assert "takes no code any more" in browser.post("/account/codes/off", data={"code": recovery[2]}).text
    assert site.browser().post("/login", data=login).url.path == "/"


def test_five_letters_an_hour_go_to_one_address(site: Site) -> None:
    browser = site.browser()
    page = browser.post("/password-reset", data={"email": ADA["email"]})
    assert (page.url.path, "we have written to it" in page.text) == ("/login", True)
    spellings = [ADA["email"], ADA["email"].upper()] * 3
    asked = [browser.post("/password-reset", data={"email": email}).status_code for email in spellings]
    assert asked == [200] * 4 + [429] * 2
    assert browser.post("/password-reset", data={"email": "nobody@booking.example"}).status_code == 200


def test_thirty_bookings_an_hour_are_made_by_one_member(site: Site) -> None:
    one, other = site.browser(), site.browser()
    for browser, name in ((one, "one"), (other, "other")):
        browser.post("/register", data=GRACE | {"email": f"{name}@booking.example"})
    past = {"court": "1", "start": "2020-01-01T18:00:00"}
    statuses = [one.post("/bookings", data=past).status_code for _ in range(31)]
    assert statuses == [422] * 30 + [429]
    assert one.get("/bookings").status_code == 200
    assert other.post("/bookings", data=past).status_code == 422
