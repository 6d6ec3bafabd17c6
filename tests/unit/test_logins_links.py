"""Links that unlock an account, each once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from itsdangerous import TimestampSigner

from netguard import ConfigError, Logins, Policy
from scenarios.rows.lockout import SECRET
from support.login_sites import guarded
from support.logins import Face, Faced, fail, passes


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Faced:
    """Each test runs for both."""
    return lambda logins: Face(logins, awaits=request.param)


def test_a_link_unlocks_once(face: Faced) -> None:
    logins = fail(Logins(guarded()))
    token = logins.unlock_token("ann")
    assert "ann" not in token
    assert face(logins).unlock_by(token)
    assert passes(logins)
    fail(logins)
    assert not face(logins).unlock_by(token)
    assert not passes(logins)
    assert face(logins).unlock_by(logins.unlock_token("ann"))


def test_a_link_that_many_follow_at_once_unlocks_once() -> None:
    logins = fail(Logins(guarded()))
    token = logins.unlock_token("ann")
    with ThreadPoolExecutor(50) as threads:
        assert sum(threads.map(lambda _: logins.unlock_by(token), range(50))) == 1


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\xff", "\0" * 9, "é.é.é", "A" * 100_000])
def test_what_is_no_token_unlocks_nothing(face: Faced, token: str) -> None:
    assert face(fail(Logins(guarded()))).unlock_by(token) is False


def test_a_forged_link_unlocks_nothing(face: Faced) -> None:
    logins = fail(Logins(guarded()))
    other = Logins(Policy(lockout=guarded().lockouts(), secrets=["another secret, just as long as the first"]))
    assert not face(logins).unlock_by(other.unlock_token("ann"))
    token = logins.unlock_token("bob")
    changed = ("B" if token[0] == "A" else "A") + token[1:]
    assert not face(logins).unlock_by(changed)
    assert not passes(logins)


def test_a_link_of_an_older_secret_still_unlocks() -> None:
    new = Policy(lockout=guarded().lockouts(), secrets=["a newer secret, which is put in front of it", SECRET])
    logins = fail(Logins(new))
    assert logins.unlock_by(Logins(guarded()).unlock_token("ann"))
    assert passes(logins)


def test_a_link_that_is_too_old_unlocks_nothing(face: Faced, monkeypatch: pytest.MonkeyPatch) -> None:
    logins = fail(Logins(guarded(), link_minutes=10))
    now = TimestampSigner(SECRET).get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now)
    late, still = logins.unlock_token("ann"), logins.unlock_token("ann")
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now + 601)
    assert not face(logins).unlock_by(late)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now + 600)
    assert face(logins).unlock_by(still)


def test_links_need_secrets() -> None:
    logins = Logins(Policy(lockout=guarded(devices=False).lockouts()))
    for ask in (lambda: logins.unlock_token("ann"), lambda: logins.unlock_by("x")):
        with pytest.raises(ConfigError, match=r"secrets=.*NETGUARD_SECRETS"):
            ask()


@pytest.mark.parametrize("minutes", [0, -1, 1.5, True, 10_081])
def test_how_long_a_link_is_good(minutes: Any) -> None:
    with pytest.raises(ConfigError, match=r"Logins.link_minutes.*from 1 to 10080"):
        Logins(guarded(), link_minutes=minutes)
