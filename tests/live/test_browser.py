"""A real Chromium on the booking apps: what a visitor and an attacker can and cannot do."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Route

from support.browser import open_browser

from .conftest import NAME, Service
from .sites import EMAIL, EVIL, LOOPBACK, PASSWORD, SITE, log_in

pytestmark = pytest.mark.needs("chromium")

PLAIN = "http://plain.example/"


@pytest.fixture(scope="module")
def browser(service: Service) -> Iterator[Browser]:
    """A browser for which booking.example is this service, and nothing else exists."""
    ports = {f"{NAME}:443": service.https, f"{NAME}:80": service.http}
    with open_browser(cert=service.cert, resolve=ports, args=LOOPBACK) as chromium:
        yield chromium


def evil_page(page: Page, body: str) -> None:
    """Open a page of another site."""
    html = f"<!doctype html><title>evil</title>{body}"
    page.route(f"{EVIL}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{EVIL}/")


def test_http_leads_to_https(page: Page) -> None:
    page.goto(f"http://{NAME}/login")
    assert page.url == f"{SITE}/login"


def test_the_page_s_own_script_runs_and_an_injected_one_does_not(page: Page, service: Service) -> None:
    def inject(route: Route) -> None:
        url = f"https://localhost:{service.https}/"
        answer = httpx2.get(url, headers={"Host": NAME}, verify=service.cert.client_context())
        stored = "<script>document.documentElement.dataset.stolen = 'inline'</script>"
        image = "<img src=/none onerror=\"document.documentElement.dataset.stolen = 'handler'\">"
        body = answer.text.replace("</main>", f"{stored}{image}</main>")
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        route.fulfill(status=200, headers=headers, body=body)

    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.route(f"{SITE}/", inject)
    page.goto(f"{SITE}/")
    assert page.evaluate("document.documentElement.dataset.js") == "on"
    assert page.evaluate("document.documentElement.dataset.stolen") is None
    assert len([text for text in complaints if "Content Security Policy" in text and "inline" in text]) >= 2


def test_no_page_of_the_service_raises_a_complaint(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in ("/", "/login", "/register"):
        page.goto(SITE + path)
    assert complaints == []


def test_another_site_cannot_frame_a_page(page: Page) -> None:
    evil_page(page, "<iframe></iframe>")
    with page.expect_event("requestfailed") as refused:
        page.evaluate(f"document.querySelector('iframe').src = '{SITE}/login'")
    assert refused.value.url == f"{SITE}/login"
    assert refused.value.failure == "net::ERR_BLOCKED_BY_RESPONSE"


def test_no_referer_goes_from_https_to_http(page: Page) -> None:
    seen: list[dict[str, str]] = []

    def answer(route: Route) -> None:
        seen.append(route.request.all_headers())
        route.fulfill(body="plain", content_type="text/plain")

    page.route(f"{PLAIN}**", answer)
    page.goto(f"{SITE}/login")
    page.evaluate(f"document.querySelector('main').insertAdjacentHTML('beforeend', '<a id=out href={PLAIN}>out</a>')")
    page.click("#out")
    page.wait_for_url(f"{PLAIN}**")
    assert len(seen) == 1
    assert "referer" not in seen[0]


def test_another_site_s_form_cannot_log_a_visitor_in(page: Page) -> None:
    fields = f"<input name=email value={EMAIL}><input name=password value='{PASSWORD}'>"
    evil_page(page, f"<form method=post action='{SITE}/login'>{fields}<button>win</button></form>")
    with page.expect_response(f"{SITE}/login") as refused:
        page.click("button")
    assert refused.value.status == 403
    assert page.context.cookies() == []


def test_a_court_is_booked_and_cancelled(page: Page) -> None:
    log_in(page)
    assert page.url == f"{SITE}/"
    page.goto(f"{SITE}/clubs/riverside")
    page.locator("form[action='/bookings'] button").first.click()
    page.wait_for_url(f"{SITE}/bookings")
    assert "Booked:" in page.get_by_role("main").inner_text()
    page.locator("form[action$='/cancel'] button").first.click()
    assert "Cancelled:" in page.get_by_role("main").inner_text()
