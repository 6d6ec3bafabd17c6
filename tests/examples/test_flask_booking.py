"""What is Flask's own in its booking app: the session cookie, forms that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from flask.sessions import SecureCookieSessionInterface

from booking.seed import DEMO_EMAIL, DEMO_PASSWORD
from support.sites import SESSION, FlaskSite

CREDENTIALS = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}


@pytest.fixture
def site() -> Iterator[FlaskSite]:
    site = FlaskSite()
    with site.running():
        yield site


def post(site: FlaskSite, body: bytes, kind: str) -> httpx2.Response:
    return site.browser().post("/register", content=body, headers={"content-type": kind})


def test_logging_in_leaves_nothing_of_the_session_before(site: FlaskSite) -> None:
    signer: Any = SecureCookieSessionInterface().get_signing_serializer(site.app)
    browser = site.browser()
    browser.cookies.set(SESSION, signer.dumps({"member": 7, "planted": True}))
    answer = browser.post("/login", data=CREDENTIALS, follow_redirects=False)
    session = signer.loads(answer.cookies[SESSION])
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
def test_a_form_that_cannot_be_read_is_an_empty_one(site: FlaskSite, kind: str, body: bytes) -> None:
    answer = post(site, body, kind)
    assert (answer.status_code, "tell us your name" in answer.text) == (422, True)


def test_a_form_of_many_parts_is_refused(site: FlaskSite) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nb\r\n'
    assert post(site, part * 11 + b"--x--\r\n", "multipart/form-data; boundary=x").status_code == 413


def test_health_needs_no_database(site: FlaskSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(site.app.extensions, "booking")
    assert site.browser().get("/healthz").text == "ok"
