"""Request tokens by themselves: each verifies with its cookie and a secret that is still there, no other does."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netguard.tokens import Tokens

ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
# Without NUL, by which HMAC fills up its keys: "a" and "a\0" are one key. Real secrets have 32 characters or more.
written = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=40)
secrets = st.lists(written, min_size=1, max_size=4, unique=True)
values = st.binary(min_size=24, max_size=24)
sessions = st.binary(max_size=40)
TOKENS = Tokens(["s" * 32])


@given(secrets, values, sessions)
def test_a_token_fits_what_it_was_made_for(keys: list[str], value: bytes, session: bytes) -> None:
    tokens = Tokens(keys)
    assert tokens.read(tokens.signed(value)) == value
    assert tokens.fits(tokens.token(value + session), value + session)


@given(secrets, st.data(), values)
def test_whatever_secret_signed_all_verify(keys: list[str], data: st.DataObject, value: bytes) -> None:
    before, after = Tokens([data.draw(st.sampled_from(keys))]), Tokens(keys)
    assert after.read(before.signed(value)) == value
    assert after.fits(before.token(value), value)


@given(secrets, secrets, values)
def test_a_secret_that_is_gone_verifies_nothing(keys: list[str], others: list[str], value: bytes) -> None:
    assume(not set(keys) & set(others))  # each of them signs
    signed, token = Tokens(keys).signed(value), Tokens(keys).token(value)
    assert Tokens(others).read(signed) is None
    assert not Tokens(others).fits(token, value)


@given(values, sessions, values, sessions)
def test_a_token_fits_no_other_cookie_and_no_other_session(
    value: bytes, session: bytes, other: bytes, changed: bytes
) -> None:
    assert TOKENS.fits(TOKENS.token(value + session), other + changed) == (value + session == other + changed)


@given(st.binary() | st.text(), values)
def test_no_bytes_crash_and_none_are_a_token(junk: bytes | str, value: bytes) -> None:
    text = junk.decode("latin-1") if isinstance(junk, bytes) else junk
    assert TOKENS.read(text) is None
    assert not TOKENS.fits(text, value)


@given(st.text(st.sampled_from(sorted(ALPHABET | set("+/="))), min_size=64, max_size=64), values)
def test_what_looks_like_one_is_none(text: str, value: bytes) -> None:
    assert TOKENS.read(text) is None
    assert not TOKENS.fits(text, value)


@given(values, st.integers(0, 63), st.characters())
def test_a_changed_character_spoils_it(value: bytes, place: int, character: str) -> None:
    def changed(text: str) -> str:
        return text[:place] + character + text[place + 1 :]

    signed, token = TOKENS.signed(value), TOKENS.token(value)
    assert (TOKENS.read(changed(signed)) == value) == (changed(signed) == signed)
    assert TOKENS.fits(changed(token), value) == (changed(token) == token)


@pytest.mark.parametrize("spelling", ["{}=", " {}", "{}\n", '"{}"'])
def test_each_has_one_spelling(spelling: str) -> None:
    assert not TOKENS.fits(spelling.format(TOKENS.token(b"v" * 24)), b"v" * 24)
    assert TOKENS.read(spelling.format(TOKENS.signed(b"v" * 24))) is None


def test_of_base64_s_two_alphabets_one_counts() -> None:
    signed = TOKENS.signed(b"\xff" * 24)
    assert "_" in signed
    assert TOKENS.read(signed.replace("_", "/")) is None


@given(values)
def test_cookie_and_token_are_not_one_another(value: bytes) -> None:
    assert not TOKENS.fits(TOKENS.signed(value), value)
    assert TOKENS.read(TOKENS.token(value)) is None


@given(secrets, st.data(), values, sessions)
def test_what_all_secrets_signed_each_of_them_verifies(
    keys: list[str], data: st.DataObject, value: bytes, session: bytes
) -> None:
    """So that servers may be restarted one by one, and whichever secret is taken out."""
    one = Tokens([data.draw(st.sampled_from(keys))])
    assert one.read(Tokens(keys).signed(value)) == value
    assert one.fits(Tokens(keys).token(value + session), value + session)


def test_a_cookie_is_current_where_the_first_secret_signed_too() -> None:
    old, both = Tokens(["o" * 32]), Tokens(["n" * 32, "o" * 32])
    assert not both.is_current(old.signed(b"v" * 24))
    assert both.is_current(both.signed(b"v" * 24))
    assert old.is_current(both.signed(b"v" * 24))


@given(secrets, values)
def test_they_fit_cookies_headers_and_attributes(keys: list[str], value: bytes) -> None:
    signed, token = Tokens(keys).signed(value), Tokens(keys).token(value)
    assert (len(signed), len(token)) == (32 + 32 * len(keys), 64 * len(keys))
    assert ALPHABET.issuperset(signed + token)


def test_a_token_never_looks_the_same_twice() -> None:
    made = [TOKENS.token(b"v" * 24) for _ in range(200)]
    assert len(set(made)) == 200
    for place in range(64):  # no character stands still, which a compressed page's length would tell
        assert len({token[place] for token in made}) > 1
    assert len({TOKENS.new() for _ in range(200)}) == 200
    assert len(TOKENS.new()) * 8 >= 128


def test_all_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bool] = []
    whole = hmac.compare_digest

    def counting(one: bytes, other: bytes) -> bool:
        compared.append(whole(one, other))
        return compared[-1]

    tokens = Tokens(["a" * 32, "b" * 32, "c" * 32])
    signed, token = tokens.signed(b"v" * 24), tokens.token(b"v" * 24)
    monkeypatch.setattr(hmac, "compare_digest", counting)
    assert tokens.read(signed)
    assert tokens.fits(token, b"v" * 24)
    assert compared == [one == other for one in range(3) for other in range(3)] * 2
