"""Signed cookies: what a browser brings back counts only if a holder of a secret wrote it, for this cookie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner

from netguard import ConfigError, Policy, SignedCookie

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32


@given(st.text())
def test_a_value_comes_back_and_fits_a_cookie(value: str) -> None:
    cookie = SignedCookie("theme", [NEW])
    written = cookie.sign(value)
    assert cookie.read(written) == value
    assert written.isascii()
    assert not set(written) & set(' ",;\\')


@given(st.text())
def test_nothing_that_was_not_signed_is_read(written: str) -> None:
    assert SignedCookie("theme", [NEW]).read(written) is None


@given(st.text(), st.integers(min_value=0), st.characters(codec="ascii"))
def test_a_changed_character_spoils_it(value: str, place: int, character: str) -> None:
    cookie = SignedCookie("theme", [NEW])
    written = cookie.sign(value)
    place %= len(written)
    changed = written[:place] + character + written[place + 1 :]
    assert cookie.read(changed) == (value if changed == written else None)


def test_a_signature_has_one_spelling() -> None:
    cookie = SignedCookie("theme", [NEW])
    written = cookie.sign("dark")
    for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=!":
        for changed in (written[:-1] + character, written + character):
            assert cookie.read(changed) == ("dark" if changed == written else None)


def test_the_first_secret_signs_and_all_verify() -> None:
    before, after = SignedCookie("theme", [OLD]), SignedCookie("theme", [NEW, OLD])
    assert after.read(before.sign("dark")) == "dark"
    assert before.read(after.sign("dark")) is None
    assert SignedCookie("theme", [NEW]).read(after.sign("dark")) == "dark"
    assert SignedCookie("theme", [OTHER]).read(after.sign("dark")) is None


def test_the_name_is_bound_into_the_signature() -> None:
    assert SignedCookie("role", [NEW]).read(SignedCookie("theme", [NEW]).sign("admin")) is None


def test_an_old_value_is_worth_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = SignedCookie("theme", [NEW], max_age=60)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: 1_000_000)
    written = cookie.sign("dark")
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: 1_000_060)
    assert cookie.read(written) == "dark"
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: 1_000_061)
    assert cookie.read(written) is None
    assert SignedCookie("theme", [NEW]).read(written) == "dark"


def test_the_secrets_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETGUARD_SECRETS", f"{NEW} {OLD}")
    assert SignedCookie("theme").read(SignedCookie("theme", [OLD]).sign("dark")) == "dark"
    assert SignedCookie("theme", [NEW]).read(SignedCookie("theme").sign("dark")) == "dark"
    assert SignedCookie("theme", [OTHER]).read(SignedCookie("theme").sign("dark")) is None


@pytest.mark.parametrize("written", [None, "", ".", "..", "é", "ff.AAAA", "\0"])
def test_junk_is_no_value(written: str | None) -> None:
    assert SignedCookie("theme", [NEW]).read(written) is None


@pytest.mark.parametrize(
    ("name", "secrets", "said"),
    [
        pytest.param("theme", [], "NETGUARD_SECRETS", id="no-secret"),
        pytest.param("theme", ["short"], "5 characters", id="short-secret"),
        pytest.param("theme", NEW, "list", id="bare-string"),
        pytest.param("", [NEW], "name", id="no-name"),
    ],
)
def test_a_wrong_configuration_is_told(name: str, secrets: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SignedCookie(name, secrets)


def test_a_policy_that_is_printed_keeps_its_secrets() -> None:
    policy = Policy(
        secrets=["a secret that nobody may read in a log"], counter_key="another one, as long as the first is"
    )
    assert "nobody" not in repr(policy)
    assert "another" not in repr(policy)
