"""The page about cookies in the docs: its code runs in order, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from netguard import Cookies, Policy, asgi
from netguard.cookies import CookieRule
from support.docs import DOCS, blocks, run

PAGE = "how-to/cookies.md"
SITE = "https://booking.example"
TABLE = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", (DOCS / PAGE).read_text().partition("\n## ")[0], re.M)


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the names of the page mean after its last block."""
    return run(PAGE, blocks(PAGE))


def answer(policy: Policy, *cookies: str, host: str = "booking.example") -> list[str]:
    """What a browser gets of these cookies of an app."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"set-cookie", cookie.encode()) for cookie in cookies]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    client = TestClient(asgi.NetguardMiddleware(app, policy), base_url=f"https://{host}")
    return client.get("/").headers.get_list("set-cookie")


@pytest.mark.parametrize(("written", "gets"), TABLE, ids=[written for written, _ in TABLE])
def test_the_table_is_true(written: str, gets: str) -> None:
    assert answer(Policy(hosts=["booking.example"]), written) == [gets]


def test_the_rules_replace_what_the_app_wrote(page: dict[str, Any]) -> None:
    assert answer(page["policy"], "session=1; SameSite=None", "theme=1; HttpOnly", "club=1", "partner=1") == [
        "__Host-session=1; Secure; HttpOnly; SameSite=Strict; Path=/",
        "theme=1; Secure; SameSite=Lax",
        "club=1; Secure; HttpOnly; SameSite=Lax; Domain=booking.example; Path=/club",
        "partner=1",
    ]


def test_the_file_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(blocks(PAGE, "toml")[0])
    policy = Policy.from_toml(tmp_path / "policy.toml")
    assert policy.cookies == Cookies(rules={"theme": CookieRule(http_only=False)})


def test_the_domain_is_chosen_by_the_host(page: dict[str, Any]) -> None:
    (club,) = answer(page["shared"], "a=1", host="www.club.example")
    (court,) = answer(page["shared"], "a=1", host="www.court.example")
    assert club.endswith("; Domain=club.example")
    assert "Domain" not in court


def test_logging_out_deletes_what_logging_in_set(page: dict[str, Any]) -> None:
    client = TestClient(page["app"], base_url=SITE)
    client.post("/login")
    assert set(client.cookies) == {"__Host-session", "theme"}
    gone = client.post("/logout")
    assert gone.text == "goodbye, 7f3a"
    assert gone.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not set(client.cookies)
    assert client.post("/logout", headers={"Cookie": "session=tossed"}).text == "goodbye, None"
