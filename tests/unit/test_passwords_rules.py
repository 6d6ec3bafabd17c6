"""Which passwords may be chosen: lengths, names, nothing about kinds of characters."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.errors import WeakPassword
from netguard.passwords import Passwords

PASSWORDS = Passwords(memory=8, iterations=1)


def code(password: object, **keywords: Any) -> str:
    """The code of the refusal; nothing where it may be chosen."""
    try:
        PASSWORDS.check(password, **keywords)
    except WeakPassword as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("password", "second_factor", "expected"),
    [
        pytest.param("a" * 14, False, "too-short", id="14 alone"),
        pytest.param("b" * 15, False, "", id="15 of one kind"),
        pytest.param("a" * 7, True, "too-short", id="7 beside a second factor"),
        pytest.param("a" * 8, True, "", id="8 beside a second factor"),
        pytest.param("              x", False, "", id="spaces count"),
        pytest.param("\U0001f511" * 15, False, "", id="emoji are one each"),
        pytest.param("e\u0301" * 8, False, "too-short", id="counted after composition"),
        pytest.param("a" * 256, False, "", id="256"),
        pytest.param("a" * 257, False, "too-long", id="257"),
        pytest.param("\U0001f511" * 256, False, "", id="256 of four bytes"),
        pytest.param("a" * 1_000_000, False, "too-long", id="a megabyte"),
        pytest.param("\u0315\u0300" * 500_000, False, "too-long", id="a megabyte of accents"),
        pytest.param(None, False, "too-long", id="no text"),
        pytest.param("\ud800" * 15, False, "", id="half pairs"),
        pytest.param("\x00" * 15, False, "", id="NUL"),
    ],
)
def test_lengths(password: object, second_factor: bool, expected: str) -> None:
    assert code(password, second_factor=second_factor) == expected


@given(password=st.text(min_size=15, max_size=64))
def test_whatever_has_the_length_is_accepted(password: str) -> None:
    assert code(password) == ("too-short" if len(normalize("NFC", password)) < 15 else "")


NAMES = ("Ann.Archer-Smith", "ann.archer-smith@club.example", None, "")


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        pytest.param("ann.archer-smith", "is-the-name", id="the name"),
        pytest.param("ANN.ARCHER-SMITH", "is-the-name", id="in capitals"),
        pytest.param("\uff21nn.Archer-Smith", "is-the-name", id="in wide letters"),
        pytest.param("ann.archer-smith@club.example", "is-the-name", id="the address"),
        pytest.param("Ann.Archer-Smith2026!", "is-the-name", id="with a year"),
        pytest.param("ann.archer-smithann.archer-smith", "is-the-name", id="twice"),
        pytest.param("ann.archer-smith went to sea", "", id="as a word of several"),
        pytest.param("archer-smith-ann-x", "", id="other letters"),
    ],
)
def test_names(password: str, expected: str) -> None:
    assert code(password, forbidden=NAMES) == expected


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        pytest.param("al", "al" * 8, "is-the-name", id="repeated"),
        pytest.param("al", "837261545al10293", "", id="two letters among digits"),
        pytest.param("12345678", "87654321!!!!!!!!", "", id="a name of digits"),
        pytest.param("@example", "long and unrelated", "", id="nothing before the @"),
    ],
)
def test_short_names_forbid_little(name: str, password: str, expected: str) -> None:
    assert code(password, forbidden=[name]) == expected


def test_the_lengths_are_the_apps_to_raise() -> None:
    strict = Passwords(memory=8, iterations=1, minimum=20, minimum_with_second_factor=12, maximum=64)
    with pytest.raises(WeakPassword, match="at least 20 characters"):
        strict.check("a" * 19)
    with pytest.raises(WeakPassword, match="at least 12 characters"):
        strict.check("a" * 11, second_factor=True)
    with pytest.raises(WeakPassword, match="at most 64 characters"):
        strict.check("a" * 65)


@pytest.mark.parametrize("password", ["my dog Bonzo", "ann.archer-smith", "a rather long one " * 20])
def test_no_message_shows_the_password(password: str) -> None:
    with pytest.raises(WeakPassword) as caught:
        PASSWORDS.check(password, forbidden=["ann.archer-smith"])
    assert password not in str(caught.value)
