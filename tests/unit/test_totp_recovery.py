"""Recovery codes: readable, each used once, and nothing of them in what is stored."""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard import recovery
from netguard.errors import ConfigError
from netguard.totp import recovery_codes, use_recovery


def test_codes_are_readable_and_no_two_alike() -> None:
    shown, hashes = recovery_codes()
    assert len({*shown, *hashes}) == 20
    assert all(re.fullmatch(r"([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}", code) for code in shown)
    assert not any(code.replace("-", "") in "".join(hashes) for code in shown)


def test_each_is_used_once_and_the_others_stay() -> None:
    shown, hashes = recovery_codes(3)
    left = use_recovery(hashes, shown[1])
    assert left == [hashes[0], hashes[2]]
    assert use_recovery(left, shown[1]) is None
    last = use_recovery(use_recovery(left, shown[0]) or [], shown[2])
    assert last == []
    assert use_recovery([], shown[2]) is None


def test_a_code_may_be_typed_as_it_was_read() -> None:
    shown, hashes = recovery_codes(1)
    for typed in (
        shown[0].upper(),
        shown[0].replace("-", " "),
        shown[0].replace("-", ""),
    ):
        assert use_recovery(hashes, typed) == []


@pytest.mark.parametrize("typed", ["", "-", "x", "a" * 1_000_000, "\ud800" * 16, "é" * 16, None, 7, b"bytes"])
def test_what_is_no_code_is_none(typed: Any) -> None:
    assert use_recovery(recovery_codes(2).hashes, typed) is None


@given(stored=st.lists(st.text(max_size=70), max_size=5), typed=st.text(max_size=20))
def test_broken_hashes_match_nothing_and_stay(stored: list[str], typed: str) -> None:
    shown, hashes = recovery_codes(1)
    assert use_recovery([*stored, *hashes], typed) is None
    assert use_recovery([*stored, *hashes], shown[0]) == stored


def test_all_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []

    def counted(one: bytes, two: bytes) -> bool:
        compared.append(one)
        return compare_digest(one, two)

    monkeypatch.setattr(recovery, "compare_digest", counted)
    shown, hashes = recovery_codes(10)
    use_recovery(hashes, shown[0])
    use_recovery(hashes, "wrong")
    assert len(compared) == 20


def test_how_many_is_checked() -> None:
    with pytest.raises(ConfigError, match="from 1 to 100"):
        recovery_codes(0)


def test_letters_that_look_like_digits_are_read_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "_ALPHABET", "01")
    shown, hashes = recovery_codes(1)
    for one in "lLiI":
        assert use_recovery(hashes, shown[0].replace("0", "O").replace("1", one)) == []
        assert use_recovery(hashes, shown[0].replace("0", "o").replace("1", one)) == []
