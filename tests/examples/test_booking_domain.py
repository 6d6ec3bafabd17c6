"""The booking domain without a web framework."""

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type, verify_secret
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from booking import bookings
from booking.bookings import book, bookings_of, cancel, club_named, slots
from booking.database import open_database, prepare, sessions_of
from booking.errors import (
    BookingError,
    EmailTaken,
    InvalidDay,
    InvalidEmail,
    InvalidName,
    InvalidSlot,
    NotYourBooking,
    SlotTaken,
    TooLateToCancel,
    UnknownClub,
    UnknownCourt,
    WeakPassword,
    WrongCredentials,
)
from booking.fields import read_day, read_id, read_start
from booking.members import authenticate, normalise_email, register
from booking.models import Booking, Club, Member
from booking.pages import booking_views, day_view
from booking.seed import DEMO_EMAIL, DEMO_PASSWORD, seed
from netguard.passwords import hashing

NOW = datetime(2026, 11, 23, 12, 30)
TOMORROW = date(2026, 11, 24)
SIX = datetime(2026, 11, 24, 18)
PASSWORD = "a fine long password"


@pytest.fixture
def session() -> Iterator[Session]:
    engine = open_database("sqlite://")
    prepare(engine)
    with sessions_of(engine)() as session:
        yield session
    engine.dispose()


@pytest.fixture
def ada(session: Session) -> Member:
    return authenticate(session, DEMO_EMAIL, DEMO_PASSWORD)


@pytest.fixture
def grace(session: Session) -> Member:
    return register(session, "Grace", "grace@booking.example", PASSWORD)


@pytest.fixture
def file_engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/booking.sqlite3")
    prepare(engine)
    yield engine
    engine.dispose()


def test_of_two_threads_that_want_a_slot_exactly_one_gets_it(file_engine: Engine) -> None:
    sessions, together, outcomes = sessions_of(file_engine), threading.Barrier(2), []

    def press() -> None:
        try:
            with sessions.begin() as session:
                member = session.get_one(Member, 1)
                together.wait(timeout=10)
                book(session, member, 1, SIX, NOW)
            outcomes.append("booked")
        except SlotTaken:
            outcomes.append("taken")

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["booked", "taken"]
    with sessions() as session:
        assert session.scalar(select(func.count(Booking.id))) == 1


def test_preparing_twice_and_from_two_threads_seeds_once(tmp_path: Path) -> None:
    engines = [open_database(f"sqlite:///{tmp_path}/booking.sqlite3") for _ in range(2)]
    threads = [threading.Thread(target=prepare, args=[engine]) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    with sessions_of(engines[0])() as session:
        seed(session)
        assert session.scalar(select(func.count(Club.id))) == 2
        assert session.scalar(select(func.count(Member.id))) == 3
    for engine in engines:
        engine.dispose()


def test_a_slot_that_is_taken_says_where_to_choose_another(session: Session, ada: Member, grace: Member) -> None:
    book(session, ada, 1, SIX, NOW)
    session.commit()
    with pytest.raises(SlotTaken) as caught:
        book(session, grace, 1, SIX, NOW)
    assert (caught.value.club, caught.value.day) == ("riverside", TOMORROW)
    assert "already taken" in str(caught.value)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(datetime(2026, 11, 23, 12), id="already-begun"),
        pytest.param(datetime(2026, 11, 22, 18), id="yesterday"),
        pytest.param(datetime(2026, 11, 24, 7), id="before-opening"),
        pytest.param(datetime(2026, 11, 24, 21), id="at-closing"),
        pytest.param(datetime(2026, 11, 24, 18, 30), id="half-hour"),
        pytest.param(datetime(2026, 12, 22, 18), id="too-far-ahead"),
    ],
)
def test_hours_that_the_calendar_does_not_offer_are_refused(session: Session, ada: Member, start: datetime) -> None:
    with pytest.raises(InvalidSlot):
        book(session, ada, 1, start, NOW)


def test_the_last_hour_of_the_last_day_can_be_booked(session: Session, ada: Member) -> None:
    start = datetime(2026, 12, 21, 20)
    assert book(session, ada, 1, start, NOW).start == start


def test_an_unknown_court_is_refused(session: Session, ada: Member) -> None:
    with pytest.raises(UnknownCourt):
        book(session, ada, 99, SIX, NOW)


def test_the_database_keeps_no_booking_of_a_court_that_is_not_there(session: Session, ada: Member) -> None:
    session.add(Booking(court_id=99, member_id=ada.id, start=SIX))
    with pytest.raises(IntegrityError):
        session.flush()


def test_slots_tell_free_from_taken(session: Session, ada: Member) -> None:
    riverside = club_named(session, "riverside")
    booking = book(session, ada, 2, SIX, NOW)
    book(session, ada, 2, SIX + timedelta(days=1), NOW)
    book(session, ada, 5, SIX, NOW)  # the other club's
    day = slots(session, riverside, TOMORROW)
    assert len(day) == 4 * 13
    assert (day[0].start.hour, day[12].start.hour) == (8, 20)
    assert [(slot.court.id, slot.start, slot.booking) for slot in day if not slot.free] == [(2, SIX, booking)]


def test_an_unknown_club_is_refused(session: Session) -> None:
    with pytest.raises(UnknownClub):
        club_named(session, "nowhere")


def test_the_owner_cancels_and_the_slot_is_free_again(session: Session, ada: Member, grace: Member) -> None:
    booking = book(session, ada, 1, SIX, NOW)
    cancel(session, ada, booking.id, NOW)
    assert bookings_of(session, ada) == []
    assert book(session, grace, 1, SIX, NOW).member is grace


def test_a_stranger_cannot_cancel(session: Session, ada: Member, grace: Member) -> None:
    booking = book(session, ada, 1, SIX, NOW)
    with pytest.raises(NotYourBooking) as foreign:
        cancel(session, grace, booking.id, NOW)
    with pytest.raises(NotYourBooking) as missing:
        cancel(session, grace, booking.id + 1, NOW)
    assert str(foreign.value) == str(missing.value)
    assert bookings_of(session, ada) == [booking]


def test_a_booking_that_has_begun_stays(session: Session, ada: Member) -> None:
    booking = book(session, ada, 1, SIX, NOW)
    with pytest.raises(TooLateToCancel):
        cancel(session, ada, booking.id, SIX)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        pytest.param("  Ada@Booking.Example\n", "ada@booking.example", id="trim-and-case"),
        pytest.param("\uff41da@booking.example", "ada@booking.example", id="full-width"),
        pytest.param("\u00a0ada@booking.example\u2003", "ada@booking.example", id="odd-spaces"),
        pytest.param("STRASSE@booking.example", "strasse@booking.example", id="upper"),
        pytest.param("stra\u00dfe@booking.example", "strasse@booking.example", id="sharp-s"),
        pytest.param("Jose\u0301@booking.example", "jos\u00e9@booking.example", id="combining"),
    ],
)
def test_an_address_has_one_spelling(typed: str, stored: str) -> None:
    assert normalise_email(typed) == stored
    assert normalise_email(stored) == stored


def test_one_account_per_address_whatever_its_spelling(session: Session, ada: Member) -> None:
    with pytest.raises(EmailTaken):
        register(session, "Eve", " ADA@booking.example", PASSWORD)


def test_a_known_member_is_let_in_by_any_spelling_of_the_address(session: Session) -> None:
    member = authenticate(session, " ADA@Booking.example ", DEMO_PASSWORD)
    assert (member.name, member.email, member.is_staff) == ("Ada Lovelace", DEMO_EMAIL, False)
    assert member.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    "email",
    [
        pytest.param(DEMO_EMAIL, id="known"),
        pytest.param("nobody@booking.example", id="unknown"),
        pytest.param("no address", id="no-address"),
        pytest.param("", id="empty"),
        pytest.param("nul\0@booking.example", id="nul"),
        pytest.param("\ud800@booking.example", id="lone-surrogate"),
    ],
)
@pytest.mark.parametrize("password", ["", "wrong", "\ud800"], ids=["empty", "wrong", "lone-surrogate"])
def test_known_and_unknown_cost_one_hash_of_the_same_parameters(
    session: Session, monkeypatch: pytest.MonkeyPatch, email: str, password: str
) -> None:
    verified: list[bytes] = []

    def verify(stored: bytes, secret: bytes, kind: Type) -> bool:
        verified.append(stored)
        return verify_secret(stored, secret, kind)

    monkeypatch.setattr(hashing, "verify_secret", verify)
    with pytest.raises(WrongCredentials) as caught:
        authenticate(session, email, password)
    assert str(caught.value) == "E-mail address or password is wrong."
    assert [stored.rsplit(b"$", 2)[0] for stored in verified] == [b"$argon2id$v=19$m=19456,t=2,p=1"]


def test_a_hash_of_older_parameters_is_renewed_at_log_in(session: Session, ada: Member) -> None:
    ada.password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(DEMO_PASSWORD)
    authenticate(session, DEMO_EMAIL, DEMO_PASSWORD)
    assert "m=19456,t=2,p=1" in ada.password_hash


@pytest.mark.parametrize(
    ("name", "email", "password", "refusal"),
    [
        pytest.param(" ", "eve@booking.example", PASSWORD, InvalidName, id="no-name"),
        pytest.param("e" * 81, "eve@booking.example", PASSWORD, InvalidName, id="long-name"),
        pytest.param("Eve\nBcc: all", "eve@booking.example", PASSWORD, InvalidName, id="line-in-name"),
        pytest.param("Eve", "eve", PASSWORD, InvalidEmail, id="no-address"),
        pytest.param("Eve", "eve@booking", PASSWORD, InvalidEmail, id="no-dot"),
        pytest.param("Eve", "eve@a@booking.example", PASSWORD, InvalidEmail, id="two-ats"),
        pytest.param("Eve", "eve\0@booking.example", PASSWORD, InvalidEmail, id="nul"),
        pytest.param("Eve", "e" * 250 + "@booking.example", PASSWORD, InvalidEmail, id="long-address"),
        pytest.param("Eve", "eve@booking.example", "x" * 14, WeakPassword, id="short-password"),
        pytest.param("Eve", "eve@booking.example", "x" * 257, WeakPassword, id="long-password"),
        pytest.param("Eve Online", "eve@booking.example", "eve@booking.example1", WeakPassword, id="address"),
    ],
)
def test_what_cannot_be_registered(
    session: Session, name: str, email: str, password: str, refusal: type[BookingError]
) -> None:
    with pytest.raises(refusal):
        register(session, name, email, password)


def test_a_day_shows_to_each_what_they_may_see(session: Session, ada: Member, grace: Member) -> None:
    book(session, ada, 1, NOW.replace(hour=18, minute=0), NOW)
    riverside = club_named(session, "riverside")

    def states(member: Member | None) -> dict[str, str]:
        view = day_view(session, riverside, NOW.date(), member, NOW)
        return {slot.label: slot.state for slot in view.courts[0].slots}

    assert (states(ada)["18:00"], states(grace)["18:00"], states(None)["18:00"]) == ("yours", "taken", "taken")
    assert (states(ada)["12:00"], states(ada)["13:00"]) == ("closed", "free")


def test_the_calendar_ends_at_its_edges(session: Session) -> None:
    riverside = club_named(session, "riverside")
    first = day_view(session, riverside, NOW.date(), None, NOW)
    last = day_view(session, riverside, NOW.date() + timedelta(days=bookings.AHEAD), None, NOW)
    assert (first.previous, first.following) == (None, "2026-11-24")
    assert (last.previous, last.following) == ("2026-12-20", None)
    assert last.title == "Monday 21 December"


def test_bookings_are_listed_with_the_next_one_first(session: Session, ada: Member) -> None:
    hours = [datetime(2026, 11, day, 18) for day in (24, 25, 26, 27)]
    for start in hours:
        book(session, ada, 1, start, NOW)
    views = booking_views(session, ada, hours[1])
    assert [(view.day[-2:], view.upcoming) for view in views] == [
        ("26", True),
        ("27", True),
        ("25", False),
        ("24", False),
    ]
    assert views[0].hours == "18:00–19:00"


@pytest.mark.parametrize("text", ["", "-1", "1.0", "x", "9" * 10, "\u0663", "1\n"])
def test_a_number_that_no_row_can_have_is_refused(text: str) -> None:
    with pytest.raises(NotYourBooking):
        read_id(text, NotYourBooking)


@pytest.mark.parametrize("text", ["tomorrow", "2026-11-22", "2026-12-22", "0001-01-01", "9999-12-31", "2026-13-01"])
def test_a_day_outside_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(InvalidDay):
        read_day(text, NOW)


def test_the_default_day_is_today() -> None:
    assert read_day("", NOW) == NOW.date()


@pytest.mark.parametrize("text", ["", "soon", "2026-11-24T18:00:00+01:00", "2026-11-24T18:00Z"])
def test_a_start_that_is_no_wall_clock_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidSlot):
        read_start(text)


def test_the_database_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_DATABASE", "sqlite:///elsewhere.sqlite3")
    assert open_database().url.database == "elsewhere.sqlite3"
    monkeypatch.setenv("BOOKING_DATABASE", "")
    assert open_database().url.database == "./booking.sqlite3"
