"""What staff is shown, as plain values: how much the courts are used, who the members are, who is locked out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from netguard import Logins
from netguard.login_locks import Lock

from .bookings import CLOSES, OPENS
from .errors import UnknownMember
from .models import Booking, Club, Member, SecondFactor
from .pages import day_title
from .refusals import in_words

DAYS = 7
OPENED = DAYS * (CLOSES - OPENS)  # hours a week, of each court

_WHAT: Final = {
    "account": "Account",
    "cap": "Account until unlocked",
    "client": "Connection",
    "device": "Known browser",
    "pair": "Account from one connection",
}
_AFTER: Final = {"first": "passwords", "second": "codes"}
_UNLOCKED_BY_NAME: Final = ("account", "cap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A court, or a club with all of its courts, in one week."""

    name: str
    about: str
    booked: int  # hours, as is opened
    opened: int

    @property
    def share(self) -> str:
        return f"{self.booked / self.opened:.0%}" if self.opened else "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClubUse:
    total: Use
    courts: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    name: str
    email: str
    staff: bool
    factor: bool
    locked: str  # for how long, empty where it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class LockView:
    what: str
    pseudonym: str
    name: str  # empty where it is no member's
    left: str
    unlocks: int | None  # the member whose unlocking ends it


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A member that a pseudonym stands for."""

    id: int
    name: str


def week_of(day: date) -> tuple[datetime, datetime]:
    """The Monday of this day's week, and the next one."""
    monday = datetime.combine(day - timedelta(days=day.weekday()), time())
    return monday, monday + timedelta(days=DAYS)


def week_title(day: date) -> str:
    monday, following = week_of(day)
    return f"{day_title(monday.date())} to {day_title(following.date() - timedelta(days=1))}"


def club_uses(session: Session, day: date) -> list[ClubUse]:
    """How many hours of this day's week are booked, club by club and court by court."""
    monday, following = week_of(day)
    query = select(Booking.court_id, func.count()).where(Booking.start >= monday, Booking.start < following)
    booked = dict(session.execute(query.group_by(Booking.court_id)).all())
    return [_club_use(club, booked) for club in session.scalars(select(Club).order_by(Club.name))]


def _club_use(club: Club, booked: Mapping[int, int]) -> ClubUse:
    courts = tuple(
        Use(name=court.name, about=court.surface, booked=booked.get(court.id, 0), opened=OPENED)
        for court in club.courts
    )
    hours = sum(court.booked for court in courts)
    return ClubUse(total=Use(name=club.name, about=club.town, booked=hours, opened=OPENED * len(courts)), courts=courts)


def member_views(session: Session, logins: Logins) -> list[MemberView]:
    members = _members(session)
    coded = set(session.scalars(select(SecondFactor.member_id)))
    waits = logins.locked_for(*[member.email for member in members])
    return [
        MemberView(
            name=member.name,
            email=member.email,
            staff=member.is_staff,
            factor=member.id in coded,
            locked=in_words(ceil(wait)),
        )
        for member, wait in zip(members, waits, strict=True)
    ]


def lock_views(session: Session, logins: Logins) -> list[LockView]:
    known = {logins.pseudonym(member.email): Known(id=member.id, name=member.name) for member in _members(session)}
    return named_locks(logins.locks(), known)


def named_locks(locks: Iterable[Lock], known: Mapping[str, Known]) -> list[LockView]:
    """The locks, the longest first; by the member's name where a pseudonym is one's."""
    return [_lock(lock, known.get(lock.pseudonym)) for lock in sorted(locks, key=lambda lock: -lock.wait)]


def _lock(lock: Lock, member: Known | None) -> LockView:
    return LockView(
        what=f"{_WHAT[lock.what]}, after wrong {_AFTER[lock.factor]}",
        pseudonym=lock.pseudonym,
        name=member.name if member else "",
        left=in_words(ceil(lock.wait)),
        unlocks=member.id if member and lock.what in _UNLOCKED_BY_NAME else None,
    )


def unlock(session: Session, logins: Logins, number: int) -> str:
    """Let a member try to log in again; returns the name."""
    member = session.get(Member, number)
    if member is None:
        raise UnknownMember
    logins.unlock(member.email)
    return member.name


def _members(session: Session) -> Sequence[Member]:
    return session.scalars(select(Member).order_by(Member.name, Member.email)).all()
