"""The page about the request token in the docs: its code runs in order, and does what the page says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from netguard.explanation import asked, explain
from support.docs import blocks, run

PAGE = "how-to/request-token.md"
SITE = "https://booking.example"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the names of the page mean after its last block."""
    return run(PAGE, blocks(PAGE))


def test_the_form_of_the_page_comes_through(page: dict[str, Any]) -> None:
    client = page["app"].test_client()
    shown = client.get("/courts", base_url=SITE)
    assert shown.headers["Set-Cookie"].startswith("__Host-netguard-csrf=")
    assert shown.headers["Cache-Control"] == "private"
    (token,) = re.findall('<input type="hidden" name="csrf_token" value="(.+?)">', shown.text)
    assert client.post("/book", data={"csrf_token": token}, base_url=SITE).text == "booked, with 1 fields"
    assert client.post("/book", headers={"X-CSRF-Token": token}, base_url=SITE).text == "booked, with 0 fields"
    assert client.post("/book", data={"csrf_token": token, "note": "x" * 70_000}, base_url=SITE).status_code == 413


def test_the_policy_of_the_page_is_bound_to_the_session(page: dict[str, Any]) -> None:
    client = page["app"].test_client()
    (token,) = re.findall('value="(.+?)"', client.get("/courts", base_url=SITE).text)
    client.set_cookie("sessionid", "of ada", domain="booking.example")
    assert client.post("/book", data={"csrf_token": token}, base_url=SITE).status_code == 403


def test_headers_decide_alone(page: dict[str, Any]) -> None:
    told = explain(page["policy"], asked(page["policy"], "POST /book", {"Host": "booking.example", "Origin": SITE}))
    assert told.decided_by is None
    assert [verdict.outcome for verdict in told.trace if verdict.rule in ("origin", "token")] == ["pass", "pass"]
