"""The policy of every booking app, at work on its pages."""

from __future__ import annotations

import re

import pytest

from booking.seed import DEMO_EMAIL, DEMO_PASSWORD
from support.sites import DEVICE, SESSION, Site

CREDENTIALS = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_the_nonce_of_the_response_reaches_both_scripts(site: Site, path: str) -> None:
    answer = site.browser().get(path)
    (nonce,) = set(re.findall('nonce="(.+?)"', answer.text))
    assert answer.text.count(f'nonce="{nonce}"') == 2
    assert f"script-src 'self' 'nonce-{nonce}'" in answer.headers["content-security-policy"]


def test_http_leads_to_https(site: Site) -> None:
    answer = site.browser().get("http://localhost:8080/login?next=/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "https://localhost:8443/login?next=/")


def test_other_hosts_and_other_sites_are_refused(site: Site) -> None:
    browser = site.browser()
    assert browser.get("/", headers={"host": "evil.example"}).status_code == 400
    foreign = browser.post("/login", data=CREDENTIALS, headers={"sec-fetch-site": "cross-site"})
    assert (foreign.status_code, dict(browser.cookies)) == (403, {})


def test_no_other_site_loads_the_bookings(site: Site) -> None:
    image = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    browser = site.logged_in()
    assert browser.get("/bookings", headers=image).status_code == 403
    assert "My bookings" in browser.get("/bookings", headers=link).text


def test_the_session_cookie_is_for_this_host_over_https_alone(site: Site) -> None:
    answer = site.browser().post("/login", data=CREDENTIALS, follow_redirects=False)
    (cookie,) = [cookie for cookie in answer.headers.get_list("set-cookie") if not cookie.startswith(DEVICE)]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert cookie.startswith(f"{SESSION}=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
    assert not any(attribute.startswith("domain") for attribute in attributes)


def test_a_session_under_the_plain_name_is_nobodys(site: Site) -> None:
    browser = site.browser()
    browser.cookies.set("session", site.logged_in().cookies[SESSION])
    assert browser.get("/bookings").url.path == "/login"


def test_a_log_out_clears_what_the_browser_keeps(site: Site) -> None:
    browser = site.logged_in()
    answer = browser.post("/logout")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert list(browser.cookies) == [DEVICE]


def test_health_is_told_on_any_address(site: Site) -> None:
    assert site.browser().get("http://10.0.0.7:8000/healthz").text == "ok"
