"""The page about passwords in the docs: its code runs in order, and does what the page says."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import override_settings

from netguard.passwords import Passwords
from scenarios.django_driver import ENTRY
from support.docs import blocks, run

PAGE = "how-to/passwords.md"
RIGHT = "correct horse battery staple"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the names of the page mean after its last block."""
    assert ENTRY  # its module configures Django
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        names = run(PAGE, blocks(PAGE))
        names["passwords"] = Passwords(breached=Path("pwned.txt").resolve(), minimum=8)
    return names


def test_the_hash_has_the_length_that_the_page_says(page: dict[str, Any]) -> None:
    assert len(page["stored"]) == 97
    assert page["verdict"]
    assert page["verdict"].upgraded is None


def test_logging_in_upgrades(page: dict[str, Any]) -> None:
    ann = SimpleNamespace(password=Passwords(memory=8, iterations=1).hash(RIGHT))
    old = ann.password

    def log_in(name: str, password: str) -> Any:
        return asyncio.run(page["log_in"]({"ann": ann}, name, password))

    assert log_in("bob", RIGHT) is None
    assert log_in("ann", "guess") is None
    assert ann.password == old
    assert log_in("ann", RIGHT) is ann
    assert ann.password != old


def test_the_pepper_of_the_page_upgrades(page: dict[str, Any]) -> None:
    assert "keyid=" in page["upgraded"]
    assert page["peppered"].verify(page["upgraded"], RIGHT).upgraded is None


def test_a_hash_of_django_upgrades() -> None:
    (block,) = [each for each in blocks(PAGE) if "check_password" in each]
    passwords = run(PAGE, [block], Passwords=Passwords)["passwords"]
    stored = PBKDF2PasswordHasher().encode(RIGHT, "salt", 1)
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        assert not passwords.verify(stored, "guess")
        assert passwords.verify(stored, RIGHT).upgraded


def test_choosing(page: dict[str, Any]) -> None:
    ann = SimpleNamespace(has_totp=False, name="ann.archer", email="ann@club.example", password="")
    assert page["choose"](ann, "short") == "choose at least 8 characters; several words are easy to remember"
    assert "lists" in page["choose"](ann, "password")
    assert "name" in page["choose"](ann, "ann.archer1")
    assert not ann.password
    assert page["choose"](ann, RIGHT) == "changed"
    assert page["passwords"].verify(ann.password, RIGHT)


def test_a_code_of_the_page_works_once(page: dict[str, Any]) -> None:
    ann = SimpleNamespace(id=7, totp_secret=page["secret"])
    code = pyotp.parse_uri(page["address"])
    assert isinstance(code, pyotp.TOTP)
    now = code.now()
    assert [page["second_factor"](ann, now) for _ in range(2)] == [True, False]


def test_a_recovery_code_of_the_page_works_once(page: dict[str, Any]) -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE members (id INTEGER, recovery TEXT)")
    database.execute("INSERT INTO members VALUES (7, ?)", (page["member_codes"],))
    shown = page["codes"].shown
    assert [page["recover"](database, 7, code) for code in (shown[0], shown[0], "guess", shown[1])] == [
        True, False, False, True,
    ]  # fmt: skip
    (left,) = database.execute("SELECT recovery FROM members").fetchone()
    assert len(json.loads(left)) == 8
    database.close()
