"""The page about networks in the docs: its code runs in order, and does what the page says."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from netguard.networks import NetworkSet
from support.docs import blocks, run

PAGE = "how-to/networks.md"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the names of the page mean, in a directory with its file and with some that providers publish."""
    monkeypatch.chdir(tmp_path)
    (guests,) = blocks(PAGE, "text")
    Path("guests.txt").write_text(guests)
    Path("github-meta.json").write_text(json.dumps({"hooks": ["192.0.2.0/24"], "actions": ["198.51.100.0/24"]}))
    rows = [{"ip_prefix": "192.0.2.0/25", "service": "CLOUDFRONT"}, {"ip_prefix": "10.0.0.0/8", "service": "EC2"}]
    Path("ip-ranges.json").write_text(json.dumps({"prefixes": rows, "ipv6_prefixes": []}))
    Path("ips-v4").write_text("173.245.48.0/20\n")
    Path("ips-v6").write_text("2400:cb00::/32\n")
    return run(PAGE, blocks(PAGE))


def test_the_lists_of_the_page(page: dict[str, Any]) -> None:
    enter = page["may_enter"]
    assert all(map(enter, ("10.8.1.1", "2001:db8::1", "203.0.113.9", "2001:db8:7::1", "198.51.100.20", "127.0.0.1")))
    assert not any(map(enter, ("10.9.1.1", "198.51.100.21", "192.0.2.1")))
    assert "192.168.1.1" in page["inside"].read()
    assert "100.64.0.1" not in page["inside"].read()
    assert "::1" in page["machine"].read()
    assert "192.0.2.1" in page["asked"].read()
    assert page["guests"].files == (Path("guests.txt"),)


def test_the_published_lists_of_the_page(page: dict[str, Any]) -> None:
    assert "192.0.2.1" in page["hooks"].read()
    assert "198.51.100.1" not in page["hooks"].read()
    read = page["cdn"].read()
    assert all(address in read for address in ("192.0.2.1", "173.245.48.1", "2400:cb00::1"))
    assert "10.0.0.1" not in read


def test_reading_beside_the_loop(page: dict[str, Any]) -> None:
    read = asyncio.run(page["reloaded"](page["office"]))
    assert isinstance(read, NetworkSet)
    assert "10.8.0.1" in read
