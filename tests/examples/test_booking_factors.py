"""Second factors of the booking domain, without a web framework."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy.orm import Session, sessionmaker

from booking.database import open_database, prepare, sessions_of
from booking.errors import WrongCode
from booking.factors import half_logged_in, half_login, has_factor, turn_off, turn_on, use_code
from booking.models import Member
from booking.refusals import in_words
from netguard import Policy
from netguard.totp import TOTP

NOW = datetime(2026, 11, 23, 12, 30)


@pytest.fixture
def totp() -> TOTP:
    return TOTP(Policy(hosts=["booking.example"]), issuer="Courtside")


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    engine = open_database(f"sqlite:///{tmp_path}/booking.sqlite3")
    prepare(engine)
    yield sessions_of(engine)
    engine.dispose()


def turned_on(sessions: sessionmaker[Session], totp: TOTP) -> tuple[str, list[str]]:
    """The secret of the first member, who has a second factor from now on, and the recovery codes."""
    secret = totp.secret()
    with sessions.begin() as session:
        shown = turn_on(session, session.get_one(Member, 1), totp, secret, pyotp.TOTP(secret).now())
    return secret, shown


def test_a_factor_is_turned_on_by_a_code_alone(sessions: sessionmaker[Session], totp: TOTP) -> None:
    with sessions.begin() as session, pytest.raises(WrongCode):
        turn_on(session, session.get_one(Member, 1), totp, totp.secret(), "000000x")
    with sessions() as session:
        assert not has_factor(session, session.get_one(Member, 1))
    _, shown = turned_on(sessions, totp)
    assert len(set(shown)) == 10


def test_a_factor_that_is_on_is_replaced_by_nobody(sessions: sessionmaker[Session], totp: TOTP) -> None:
    turned_on(sessions, totp)
    with pytest.raises(WrongCode):
        turned_on(sessions, totp)


def test_a_code_that_turned_it_on_logs_nobody_in(sessions: sessionmaker[Session], totp: TOTP) -> None:
    secret, _ = turned_on(sessions, totp)
    with sessions.begin() as session, pytest.raises(WrongCode):
        use_code(session, session.get_one(Member, 1), totp, pyotp.TOTP(secret).now())


def test_of_two_threads_with_one_recovery_code_one_gets_in(sessions: sessionmaker[Session], totp: TOTP) -> None:
    _, shown = turned_on(sessions, totp)
    together, outcomes = threading.Barrier(2), []

    def come() -> None:
        try:
            with sessions.begin() as session:
                member = session.get_one(Member, 1)
                has_factor(session, member)  # what is read now is what both compare with
                together.wait(timeout=10)
                use_code(session, member, totp, shown[0])
            outcomes.append("in")
        except WrongCode:
            outcomes.append("out")

    threads = [threading.Thread(target=come) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["in", "out"]


def test_without_a_factor_no_code_is_right(sessions: sessionmaker[Session], totp: TOTP) -> None:
    _, shown = turned_on(sessions, totp)
    with sessions.begin() as session:
        turn_off(session, session.get_one(Member, 1))
    with sessions.begin() as session, pytest.raises(WrongCode):
        use_code(session, session.get_one(Member, 1), totp, shown[0])


def test_a_code_follows_its_password_within_ten_minutes() -> None:
    kept = half_login(7, NOW)
    assert half_logged_in(kept, NOW + timedelta(minutes=10)) == 7
    assert half_logged_in(kept, NOW + timedelta(minutes=10, seconds=1)) is None
    assert half_logged_in(None, NOW) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, ""), (1, "1 minute"), (61, "2 minutes"), (900, "15 minutes"), (3600, "1 hour"), (86_400, "1 day")],
)
def test_a_wait_is_told_in_words_and_never_too_short(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
