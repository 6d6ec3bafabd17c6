"""The page about Flask in the docs: its code runs in order, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from support.certificates import issue
from support.docs import blocks, run
from support.observatory import scan
from support.servers import serve

BLOCKS = blocks("flask.md")
SITE = "https://booking.example"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the names of the page mean after its last block."""
    return run("flask.md", BLOCKS)


def get(app: Flask, path: str, **options: Any) -> Any:
    return app.test_client().get(path, **{"base_url": SITE, **options})


def test_the_app_is_protected(page: dict[str, Any]) -> None:
    answer = get(page["app"], "/")
    assert answer.status_code == 200
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(answer.headers["Set-Cookie"].split("; "))
    foreign = page["client"].post("/", base_url=SITE, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


def test_the_factory_makes_protected_apps(page: dict[str, Any]) -> None:
    for _ in range(2):
        assert get(page["create_app"](), "/").headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/courts", "/live"])
def test_the_scripts_have_the_nonce_of_their_response(page: dict[str, Any], path: str) -> None:
    answer = get(page["app"], path)
    (nonce,) = re.findall("nonce='(.+?)'", answer.text)
    assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


def test_two_views_have_headers_of_their_own(page: dict[str, Any]) -> None:
    assert "img-src 'self' https://tiles.example" in get(page["app"], "/map").headers["Content-Security-Policy"]
    widget = get(page["app"], "/widget")
    assert "frame-ancestors https://partner.example" in widget.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in widget.headers


def test_the_sixth_guess_is_refused_but_to_a_known_browser(page: dict[str, Any]) -> None:
    owner, guesser = page["club"].test_client(), page["club"].test_client()
    said = {"base_url": SITE, "headers": {"Sec-Fetch-Site": "same-origin"}}
    right, guess = ({"username": "ada", "password": word} for word in ("correct horse", "a guess"))
    assert owner.post("/login", data=right, **said).text == "welcome"
    assert [guesser.post("/login", data=guess, **said).status_code for _ in range(6)] == [200] * 5 + [429]
    assert owner.post("/login", data=right, **said).text == "welcome"


def test_another_origin_may_ask_the_api(page: dict[str, Any]) -> None:
    preflight = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    page["api"].add_url_rule("/", view_func=lambda: "courts")
    answer = page["api"].test_client().options("/", base_url="https://api.example", headers=preflight)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"


@pytest.mark.needs("observatory")
def test_the_first_two_blocks_get_a_plus(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("\n\n".join(BLOCKS[:2]))
    cert = issue(tmp_path, "booking.example", "localhost")
    with (
        serve("gunicorn", "shop:app", cert=cert, path=[tmp_path]) as tls,
        serve("gunicorn", "shop:app", path=[tmp_path]) as plain,
    ):
        graded = scan("booking.example", https=tls.port, http=plain.port, cert=cert)
    print(f"HTTP Observatory: {graded.grade}, {graded.score}")
    assert graded.grade == "A+"
    assert graded.score >= 120
