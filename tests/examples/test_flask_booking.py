"""What is Flask's own in its booking app: the protection in place, the session cookie, forms that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from flask.sessions import SecureCookieSessionInterface

from booking.seed import DEMO_EMAIL, DEMO_PASSWORD
from support.sites import FlaskSite

CREDENTIALS = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}


@pytest.fixture
def site() -> Iterator[FlaskSite]:
    site = FlaskSite()
    with site.running():
        yield site


def post(site: FlaskSite, body: bytes, kind: str) -> httpx2.Response:
    return site.browser().post("/login", content=body, headers={"content-type": kind})


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_the_nonce_of_the_response_reaches_both_scripts(site: FlaskSite, path: str) -> None:
    answer = site.browser().get(path)
    (nonce,) = set(re.findall('nonce="(.+?)"', answer.text))
    assert answer.text.count(f'nonce="{nonce}"') == 2
    assert f"script-src 'self' 'nonce-{nonce}'" in answer.headers["content-security-policy"]


def test_http_leads_to_https(site: FlaskSite) -> None:
    answer = site.browser().get("http://localhost:8080/login?next=/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "https://localhost:8443/login?next=/")


def test_other_hosts_and_other_sites_are_refused(site: FlaskSite) -> None:
    browser = site.browser()
    assert browser.get("/", headers={"host": "evil.example"}).status_code == 400
    foreign = browser.post("/login", data=CREDENTIALS, headers={"sec-fetch-site": "cross-site"})
    assert (foreign.status_code, "session" in browser.cookies) == (403, False)


def test_health_is_told_on_any_address(site: FlaskSite) -> None:
    assert site.browser().get("http://10.0.0.7:8000/healthz").text == "ok"


def test_the_session_cookie_is_for_this_site_over_https_alone(site: FlaskSite) -> None:
    answer = site.browser().post("/login", data=CREDENTIALS, follow_redirects=False)
    (cookie,) = answer.headers.get_list("set-cookie")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_logging_in_leaves_nothing_of_the_session_before(site: FlaskSite) -> None:
    signer: Any = SecureCookieSessionInterface().get_signing_serializer(site.app)
    browser = site.browser()
    browser.cookies.set("session", signer.dumps({"member": 7, "planted": True}))
    answer = browser.post("/login", data=CREDENTIALS, follow_redirects=False)
    session = signer.loads(answer.cookies["session"])
    assert session == {"member": 1, "_flashes": [("message", "Welcome back, Ada Lovelace!")]}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("multipart/form-data; boundary=x", b"--y\r\n", id="malformed"),
        pytest.param("multipart/form-data", b"--y\r\n", id="no-boundary"),
        pytest.param("application/x-www-form-urlencoded", b"email=%ED%A0%80@a.example&password=\xff", id="no-text"),
        pytest.param(
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\nb\r\n--x--\r\n',
            id="upload",
        ),
    ],
)
def test_a_form_that_cannot_be_read_is_a_wrong_log_in(site: FlaskSite, kind: str, body: bytes) -> None:
    answer = post(site, body, kind)
    assert (answer.status_code, "address or password is wrong" in answer.text) == (422, True)


def test_a_form_of_many_parts_is_refused(site: FlaskSite) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nb\r\n'
    assert post(site, part * 11 + b"--x--\r\n", "multipart/form-data; boundary=x").status_code == 413


def test_health_needs_no_database(site: FlaskSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(site.app.extensions, "booking")
    assert site.browser().get("/healthz").text == "ok"
