"""Hashing and verifying: what is right, what is upgraded, and what takes as long as what."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import normalize

import pytest
from argon2 import PasswordHasher, low_level
from argon2.exceptions import HashingError, VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st

from netguard.errors import Busy, ConfigError, NetguardError, WeakPassword
from netguard.passwords import Passwords, Verdict, hashing

RIGHT = "correct horse battery staple"
NEW, OLD = "n" * 32, "o" * 32
CHEAP: dict[str, Any] = {"memory": 8, "iterations": 1}
BROKEN = [
    "", "!", "x", "$argon2id$", "$2b$12$" + "a" * 53, "pbkdf2_sha256$600000$a$b=", "\x00",
    "$argon2id$v=19$m=8,t=1,p=1$$",
    "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA",
    "$argon2id$v=19$m=99999999999,t=1,p=1$c3Nzc3Nzc3Nzc3Nzc3Nzcw$AAAAAAAAAAAAAAAAAAAAAA",
    "$argon2id$v=19$m=8,t=1,p=1,keyid=AAAAAAAA$c3Nzc3Nzc3Nzc3Nzc3Nzcw$AAAAAAAAAAAAAAAAAAAAAA",
    "$argon2id$v=19$m=8,t=1,p=1$c3Nzc3Nzc3Nzc3Nzc3Nzcw$é", "\ud800",
]  # fmt: skip

Verify = Callable[[Passwords, str | None, object], Verdict]


def sync_verify(passwords: Passwords, stored: str | None, password: object) -> Verdict:
    return passwords.verify(stored, password)


def async_verify(passwords: Passwords, stored: str | None, password: object) -> Verdict:
    async def verified() -> Verdict:
        return await passwords.averify(stored, password)

    return asyncio.run(verified())


@pytest.fixture(params=[pytest.param(sync_verify, id="sync"), pytest.param(async_verify, id="async")])
def verify(request: pytest.FixtureRequest) -> Verify:
    """Each test runs for both."""
    chosen: Verify = request.param
    return chosen


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What argon2 was asked to verify."""
    asked: list[bytes] = []
    real = low_level.verify_secret

    def counted(stored: bytes, *rest: Any) -> Any:
        asked.append(stored)
        return real(stored, *rest)

    monkeypatch.setattr(hashing, "verify_secret", counted)
    return asked


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(**CHEAP)


def test_the_default_is_what_owasp_asks_for(verify: Verify) -> None:
    passwords = Passwords()
    stored = passwords.hash(RIGHT)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PasswordHasher().verify(stored, RIGHT)
    assert verify(passwords, stored, RIGHT) == Verdict(right=True, upgraded=None)
    assert not verify(passwords, stored, RIGHT + " ")


def test_a_hash_made_off_the_loop_is_the_same_kind(passwords: Passwords) -> None:
    assert passwords.verify(asyncio.run(passwords.ahash(RIGHT)), RIGHT)


@pytest.mark.parametrize("stored", [None, "of the account"], ids=["unknown account", "wrong password"])
def test_a_wrong_login_costs_one_verification(verify: Verify, verified: list[bytes], stored: str | None) -> None:
    passwords = Passwords(**CHEAP, peppers=[NEW])
    kept = stored and passwords.hash(RIGHT)
    assert not verify(passwords, kept, "guess")
    (asked,) = verified
    assert asked.startswith(b"$argon2id$v=19$m=8,t=1,p=1$")


def test_the_dummy_is_nobodys(passwords: Passwords) -> None:
    assert not passwords.verify(None, "")


@pytest.mark.parametrize("stored", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_hash_is_wrong_logged_and_takes_as_long(
    verify: Verify, passwords: Passwords, verified: list[bytes], stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not verify(passwords, stored, RIGHT)
    assert verified[-1] == passwords._hasher._dummy.encode()
    assert ["broken" in line for line in caplog.messages] == [True]
    assert RIGHT not in caplog.text


@given(stored=st.text(max_size=120))
def test_no_stored_text_raises(passwords: Passwords, stored: str) -> None:
    assert not passwords.verify(stored, RIGHT)


@pytest.mark.parametrize("change", [{"memory": 16}, {"iterations": 2}, {"parallelism": 1}])
def test_other_parameters_upgrade(verify: Verify, passwords: Passwords, change: dict[str, int]) -> None:
    other = Passwords(**CHEAP | change)
    upgraded = verify(other, passwords.hash(RIGHT), RIGHT).upgraded
    assert (upgraded is None) == (change == {"parallelism": 1})
    if upgraded:
        assert verify(other, upgraded, RIGHT) == Verdict(right=True)
        assert verify(other, passwords.hash(RIGHT), "guess").upgraded is None


@pytest.mark.parametrize("kind", ["argon2i", "short"])
def test_other_kinds_of_argon2_upgrade(passwords: Passwords, kind: str) -> None:
    kinds = {"argon2i": {"type": low_level.Type.I}, "short": {"hash_len": 16}}
    stored = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, **kinds[kind]).hash(RIGHT)  # type: ignore[arg-type]
    assert passwords.verify(stored, RIGHT).upgraded


def test_peppers_rotate(verify: Verify) -> None:
    bare, old, both, new = (Passwords(**CHEAP, peppers=p) for p in ([], [OLD], [NEW, OLD], [NEW]))
    under_old, under_none = old.hash(RIGHT), bare.hash(RIGHT)
    for stored in (under_old, under_none):
        upgraded = verify(both, stored, RIGHT).upgraded
        assert upgraded
        assert verify(new, upgraded, RIGHT) == Verdict(right=True)
        assert not verify(both, stored, "guess")
    assert not verify(new, under_old, RIGHT)  # its pepper is gone
    assert not verify(bare, under_old, RIGHT)
    assert verify(both, both.hash(RIGHT), RIGHT) == Verdict(right=True)


def test_the_pepper_decides_and_is_named_by_a_slow_hash_of_it() -> None:
    stored = Passwords(**CHEAP, peppers=[NEW]).hash(RIGHT)
    assert f",keyid={hashing.key_id(NEW)}$" in stored
    assert len(stored) <= 128
    assert hashing.key_id(NEW) != hashing.key_id(OLD)
    plain = stored.replace(f",keyid={hashing.key_id(NEW)}", "")
    assert not Passwords(**CHEAP).verify(plain, RIGHT)


def test_nothing_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    passwords = Passwords(**CHEAP, peppers=[NEW])
    verdict = passwords.verify(Passwords(**CHEAP).hash(RIGHT), RIGHT)
    assert verdict.upgraded
    shown = f"{passwords!r} {verdict!r} {caplog.text}"
    assert not any(secret in shown for secret in (NEW, RIGHT, "$argon2id", hashing.key_id(NEW)))


def test_other_hashes_are_verified_by_their_prefix_and_upgraded(verify: Verify, verified: list[bytes]) -> None:
    legacy = {"old$": lambda stored, password: stored == f"old${password}", "old$$": lambda stored, password: False}
    passwords = Passwords(**CHEAP, legacy=legacy)
    upgraded = verify(passwords, f"old${RIGHT}", RIGHT).upgraded
    assert upgraded
    assert not verified
    assert not verify(passwords, f"old${RIGHT}", "guess")
    assert not verify(passwords, "old$$guess", "$guess")  # the longest prefix counts
    assert verify(passwords, upgraded, RIGHT) == Verdict(right=True)


def raising(stored: str, password: str) -> bool:
    raise ValueError("Invalid salt")


@pytest.mark.parametrize("check", [raising, lambda stored, password: "truthy"])
def test_a_legacy_function_that_does_not_say_true_is_wrong(check: Any) -> None:
    assert not Passwords(**CHEAP, legacy={"$2b$": check}).verify("$2b$12$x", RIGHT)


@given(password=st.text(min_size=1, max_size=80))
@settings(max_examples=50)
def test_every_text_is_a_password_in_either_composition(passwords: Passwords, password: str) -> None:
    stored = passwords.hash(normalize("NFC", password))
    assert passwords.verify(stored, normalize("NFD", password))
    assert passwords.verify(stored, password)
    assert not passwords.verify(stored, password + "x")


def test_what_people_tell_apart_stays_apart(passwords: Passwords) -> None:
    assert not passwords.verify(passwords.hash("ﬁve ①"), "five 1")


@pytest.mark.parametrize("password", ["x" * 1_000_000, "é" * 2049, None, b"bytes", 7])
def test_what_is_no_password_costs_nothing(verify: Verify, verified: list[bytes], password: object) -> None:
    passwords = Passwords(**CHEAP)
    assert not verify(passwords, passwords.hash(RIGHT), password)
    assert not verify(passwords, None, password)
    assert not verified
    with pytest.raises(WeakPassword, match="4096 bytes") as caught:
        passwords.hash(password)  # type: ignore[arg-type]
    assert caught.value.code == "too-long"


def test_an_answer_that_was_not_awaited_is_no_answer(passwords: Passwords) -> None:
    with pytest.raises(NetguardError, match=r"await passwords\.averify"):
        bool(passwords.averify(None, RIGHT))


def test_no_memory_for_a_hash_is_no_wrong_password(
    verify: Verify, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = passwords.hash(RIGHT)

    def failing(*asked: Any) -> None:
        raise (HashingError if asked[0] == RIGHT.encode() else VerificationError)("Memory allocation error")

    monkeypatch.setattr(hashing, "verify_secret", failing)
    monkeypatch.setattr(hashing, "hash_secret", failing)
    with pytest.raises(Busy):
        verify(passwords, stored, RIGHT)
    with pytest.raises(Busy, match="Memory allocation"):
        passwords.hash(RIGHT)


def test_expiry_is_off_unless_asked_for() -> None:
    assert not Passwords(**CHEAP).expired(None)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    passwords = Passwords(**CHEAP, expire_days=60, clock=now.timestamp)
    assert passwords.expired(None)
    assert passwords.expired(now - timedelta(days=60))
    assert not passwords.expired(now - timedelta(days=60) + timedelta(seconds=1))
    with pytest.raises(ValueError, match="time zone"):
        passwords.expired(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("keywords", "names"),
    [
        ({"memory": 7}, "memory"),
        ({"memory": 8, "parallelism": 2}, "memory"),
        ({"iterations": 0}, "iterations"),
        ({"parallelism": True}, "parallelism"),
        ({"workers": 0}, "workers"),
        ({"waiting": -1}, "waiting"),
        ({"minimum": 7}, "minimum"),
        ({"minimum_with_second_factor": 16}, "minimum_with_second_factor"),
        ({"maximum": 63}, "maximum"),
        ({"on_breached_failure": "acept"}, "did you mean 'accept'"),
        ({"expire_days": 0}, "expire_days"),
        ({"peppers": ["short"]}, "5 characters, fewer than 32"),
        ({"peppers": NEW}, "a list of strings"),
        ({"peppers": [NEW.encode()]}, "a list of strings"),
        ({"legacy": {"": print}}, "no prefix"),
        ({"legacy": {"$argon2id$": print}}, "no prefix"),
        ({"legacy": {"$2b$": "bcrypt"}}, "function"),
        ({"legacy": {"$2b$": asyncio.sleep}}, "function"),
        ({"peper": [NEW]}, "peppers"),
    ],
)
def test_a_wrong_value_is_named_at_start_up(keywords: dict[str, Any], names: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Passwords(**keywords)
    assert names in str(caught.value)
    assert NEW not in str(caught.value)


@pytest.mark.parametrize(("memory", "iterations", "weak"), [(19_456, 2, False), (7_168, 5, False), (19_456, 1, True)])
def test_less_than_owasp_asks_for_is_told(
    memory: int, iterations: int, weak: bool, caplog: pytest.LogCaptureFixture
) -> None:
    Passwords(memory=memory, iterations=iterations)
    assert bool(caplog.records) == weak


def test_without_argon2_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "netguard.passwords.hashing", None)
    with pytest.raises(ConfigError, match=r"pip install 'netguard\[passwords\]'"):
        Passwords()


_FORKED = """
import os
from netguard.passwords import Passwords
passwords = Passwords(memory=8, iterations=1)
stored = passwords.hash("as the server loads the app")
child = os.fork()
if not child:
    os._exit(0 if passwords.verify(stored, "as the server loads the app") else 1)
_, status = os.waitpid(child, 0)
raise SystemExit(os.waitstatus_to_exitcode(status) or not passwords.verify(stored, "as the server loads the app"))
"""


def test_forked_processes_hash_by_threads_of_their_own() -> None:
    subprocess.run([sys.executable, "-c", _FORKED], check=True, timeout=60)
