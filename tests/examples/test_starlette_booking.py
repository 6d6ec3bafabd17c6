"""What is Starlette's own in its booking app: the session cookie, forms that cannot be read."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator

import pytest
from itsdangerous import TimestampSigner

from booking.seed import DEMO_EMAIL, DEMO_PASSWORD
from support.sites import SESSION
from support.sites import StarletteSite as Site

SECRET = "x" * 32


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("BOOKING_SECRET", SECRET)
    site = Site()
    with site.running():
        yield site


def test_logging_in_leaves_nothing_of_the_session_before(site: Site) -> None:
    signer = TimestampSigner(SECRET)
    planted = signer.sign(b64encode(b'{"member": 7, "planted": true}')).decode()
    browser = site.browser()
    browser.cookies.set(SESSION, planted)
    answer = browser.post("/login", data={"email": DEMO_EMAIL, "password": DEMO_PASSWORD}, follow_redirects=False)
    session = json.loads(b64decode(signer.unsign(answer.cookies[SESSION])))
    assert session == {"member": 1, "flash": "Welcome back, Ada Lovelace!"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("multipart/form-data; boundary=x", b"--y\r\n", id="malformed"),
        pytest.param("multipart/form-data", b"--y\r\n", id="no-boundary"),
        pytest.param("application/x-www-form-urlencoded", b"&".join(b"%d=1" % n for n in range(11)), id="many"),
        pytest.param(
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\nb\r\n--x--\r\n',
            id="upload",
        ),
    ],
)
def test_a_form_that_cannot_be_read_is_400(site: Site, kind: str, body: bytes) -> None:
    answer = site.browser().post("/register", content=body, headers={"content-type": kind})
    assert (answer.status_code, "could not read" in answer.text) == (400, True)


def test_lone_surrogates_from_an_odd_charset_are_text(site: Site) -> None:
    field = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n\\ud800@a.example\r\n'
    body = field % b"name" + field % b"email" + field % b"password" + b"--x--\r\n"
    kind = "multipart/form-data; boundary=x; charset=unicode-escape"
    answer = site.browser().post("/register", content=body, headers={"content-type": kind})
    assert (answer.status_code, 'value="?@a.example"' in answer.text) == (422, True)
