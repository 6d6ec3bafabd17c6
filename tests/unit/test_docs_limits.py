"""The page about rate limits in the docs: its code runs in order, and does what the page says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import path
from starlette.testclient import TestClient

from netguard import Policy, RateLimited
from scenarios.django_driver import ENTRY, told_user
from support.docs import blocks, run

PAGE = "how-to/rate-limits.md"
SITE = "https://booking.example"


@pytest.fixture
def page() -> dict[str, Any]:
    """What the names of the page mean after its last block."""
    return run(PAGE, blocks(PAGE))


def test_code_and_the_form_share_one_quota(page: dict[str, Any]) -> None:
    ann = SimpleNamespace(email="ann@club.example")
    letter = SimpleNamespace(sent_to=lambda email: f"sent to {email}")
    client, said = page["app"].test_client(), {"email": "ANN@club.example"}
    page["app"].add_url_rule("/password-reset", "reset", lambda: "written", methods=["POST"])
    assert page["write_to"](ann, letter) == "sent to ann@club.example"
    assert asyncio.run(page["greet"](ann)) == "3 left"
    assert [client.post("/password-reset", data=said, base_url=SITE).status_code for _ in range(4)] == [200] * 3 + [429]
    assert page["write_to"](ann, letter) == "later"
    assert re.fullmatch(r"in [67]\d\d s", asyncio.run(page["greet"](ann)))


def test_a_job_waits(page: dict[str, Any]) -> None:
    assert page["nightly"]("old mill", range(150)) is None
    with pytest.raises(RateLimited):
        page["newsletter"]("old mill", range(100))
    assert re.fullmatch(r"again in 21\d\d\d s", page["nightly"]("old mill", range(100)))


@pytest.mark.parametrize("name", ["app", "api", "site"])
def test_thirty_searches_a_minute(page: dict[str, Any], name: str) -> None:
    client: Any = page[name].test_client() if name == "app" else TestClient(page[name])
    answer = client.get(f"{SITE}/search")
    assert (answer.status_code, answer.headers["RateLimit"]) == (200, '"search";r=29;t=2')


def test_three_exports_an_hour(page: dict[str, Any]) -> None:
    urls, middleware = (path("", page["Export"].as_view()),), [ENTRY, f"{told_user.__module__}.told_user"]
    with override_settings(NETGUARD=page["policy"], MIDDLEWARE=middleware, ROOT_URLCONF=urls):
        client = Client(headers={"host": "booking.example"})
        users = ["ada", "ada", "ada", "ada", "bob"]
        asked = [client.get("/", secure=True, headers={"x-user": name}).status_code for name in users]
    assert asked == [200, 200, 200, 429, 200]


def test_the_file_of_the_page(page: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(cost=lambda request: 1)
    monkeypatch.setitem(__import__("sys").modules, "booking.costs", module)
    (text,) = blocks(PAGE, "toml")
    (tmp_path / "policy.toml").write_text(text)
    letters, other = Policy.from_toml(tmp_path / "policy.toml").limits
    assert letters.sources() == page["policy"].limits[0].sources()
    assert (other.cost, [str(source) for source in other.sources()]) == (module.cost, ["client", "header(x-api-key)"])
