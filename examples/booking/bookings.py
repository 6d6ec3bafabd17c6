"""Slots: which are free, taking one, giving it back.

Every court is let by the hour, on the hour, from ``OPENS`` to ``CLOSES``, up to ``AHEAD`` days before. Times are
the wall clock at the club; ``now`` is handed in, so that a test can choose it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .errors import InvalidSlot, NotYourBooking, SlotTaken, TooLateToCancel, UnknownClub, UnknownCourt
from .models import Booking, Club, Court, Member

OPENS, CLOSES = 8, 21  # the last slot starts an hour before closing
AHEAD = 28  # days
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An hour on a court, and the booking that takes it, if any."""

    court: Court
    start: datetime
    booking: Booking | None

    @property
    def free(self) -> bool:
        return self.booking is None


def club_named(session: Session, slug: str) -> Club:
    club = session.scalar(select(Club).where(Club.slug == slug)) if slug.isprintable() else None
    if club is None:
        raise UnknownClub
    return club


def slots(session: Session, club: Club, day: date) -> list[Slot]:
    """Return every slot of ``day`` at ``club``, free and taken, court by court and hour by hour."""
    hours = list(hours_of(day))
    query = select(Booking).join(Booking.court).where(Court.club_id == club.id, Booking.start.in_(hours))
    taken = {(booking.court_id, booking.start): booking for booking in session.scalars(query)}
    return [
        Slot(court=court, start=start, booking=taken.get((court.id, start))) for court in club.courts for start in hours
    ]


def hours_of(day: date) -> Iterator[datetime]:
    return (datetime.combine(day, time(hour)) for hour in range(OPENS, CLOSES))


def bookable(start: datetime, now: datetime) -> bool:
    """Tell whether the calendar has such a slot and it is neither past nor too far ahead."""
    return start in hours_of(start.date()) and start > now and (start.date() - now.date()).days <= AHEAD


def book(session: Session, member: Member, court_id: int, start: datetime, now: datetime) -> Booking:
    """Take a slot for ``member``; the caller's transaction is lost if it is taken already."""
    if not bookable(start, now):
        raise InvalidSlot
    court = session.get(Court, court_id)
    if court is None:
        raise UnknownCourt
    slug = court.club.slug  # read now: a failed flush takes the loaded rows away
    booking = Booking(court=court, member=member, start=start)
    session.add(booking)
    try:
        session.flush()
    except IntegrityError as error:
        raise SlotTaken(slug, start.date()) from error
    return booking


def bookings_of(session: Session, member: Member) -> list[Booking]:
    """Return the member's bookings, earliest first."""
    query = select(Booking).where(Booking.member_id == member.id).order_by(Booking.start, Booking.court_id)
    return list(session.scalars(query))


def cancel(session: Session, member: Member, booking_id: int, now: datetime) -> Booking:
    """Give a slot back; only its owner may, and only before it begins."""
    booking = session.get(Booking, booking_id)
    if booking is None or booking.member_id != member.id:
        raise NotYourBooking
    if booking.start <= now:
        raise TooLateToCancel
    session.delete(booking)
    session.flush()
    return booking
