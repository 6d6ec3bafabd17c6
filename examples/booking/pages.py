"""What the templates show, as plain values: no query, no rule and no formatting is left to a template."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from .bookings import AHEAD, HOUR, Slot, bookable, bookings_of, slots
from .models import Booking, Club, Court, Member

SlotState = Literal["free", "taken", "yours", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClubCard:
    slug: str
    name: str
    town: str
    about: str
    courts: int
    free_today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotView:
    start: str  # ISO 8601, as the form sends it back
    label: str
    state: SlotState


@dataclass(frozen=True, slots=True, kw_only=True)
class CourtView:
    id: int
    name: str
    surface: str
    slots: tuple[SlotView, ...]
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    slug: str
    club: str
    town: str
    title: str
    day: str  # this and the next four: ISO 8601
    earliest: str
    latest: str
    previous: str | None
    following: str | None
    courts: tuple[CourtView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingView:
    id: int
    slug: str
    club: str
    court: str
    day: str  # ISO 8601
    day_title: str
    hours: str
    upcoming: bool


def club_cards(session: Session, now: datetime) -> list[ClubCard]:
    return [_card(session, club, now) for club in session.scalars(select(Club).order_by(Club.name))]


def day_view(session: Session, club: Club, day: date, member: Member | None, now: datetime) -> DayView:
    """Show a club's day as ``member`` (or a stranger) may see it: whose a taken slot is stays private."""
    earliest, latest = now.date(), now.date() + timedelta(days=AHEAD)
    by_court = groupby(slots(session, club, day), key=lambda slot: slot.court)
    return DayView(
        slug=club.slug,
        club=club.name,
        town=club.town,
        title=day_title(day),
        day=day.isoformat(),
        earliest=earliest.isoformat(),
        latest=latest.isoformat(),
        previous=(day - timedelta(days=1)).isoformat() if day > earliest else None,
        following=(day + timedelta(days=1)).isoformat() if day < latest else None,
        courts=tuple(_court(court, list(of_court), member, now) for court, of_court in by_court),
    )


def booking_views(session: Session, member: Member, now: datetime) -> list[BookingView]:
    """Show the member's bookings: those to come first, soonest first, then the past ones, latest first."""
    views = [_booking(booking, now) for booking in bookings_of(session, member)]
    return [view for view in views if view.upcoming] + [view for view in reversed(views) if not view.upcoming]


def day_title(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"


def booking_sentence(booking: Booking) -> str:
    """Name a booking in words: court, club, day and hour."""
    return f"{booking.court.name} at {booking.court.club.name}, {day_title(booking.start)}, {_hours(booking.start)}"


def _card(session: Session, club: Club, now: datetime) -> ClubCard:
    free = [slot for slot in slots(session, club, now.date()) if slot.free and bookable(slot.start, now)]
    return ClubCard(
        slug=club.slug,
        name=club.name,
        town=club.town,
        about=club.about,
        courts=len(club.courts),
        free_today=len(free),
    )


def _court(court: Court, of_court: list[Slot], member: Member | None, now: datetime) -> CourtView:
    views = tuple(
        SlotView(start=slot.start.isoformat(), label=f"{slot.start:%H:%M}", state=_state(slot, member, now))
        for slot in of_court
    )
    free = sum(view.state == "free" for view in views)
    return CourtView(id=court.id, name=court.name, surface=court.surface, slots=views, free=free)


def _state(slot: Slot, member: Member | None, now: datetime) -> SlotState:
    if slot.booking is not None:
        return "yours" if member is not None and slot.booking.member_id == member.id else "taken"
    return "free" if bookable(slot.start, now) else "closed"


def _booking(booking: Booking, now: datetime) -> BookingView:
    return BookingView(
        id=booking.id,
        slug=booking.court.club.slug,
        club=booking.court.club.name,
        court=booking.court.name,
        day=booking.start.date().isoformat(),
        day_title=day_title(booking.start),
        hours=_hours(booking.start),
        upcoming=booking.start > now,
    )


def _hours(start: datetime) -> str:
    return f"{start:%H:%M}–{start + HOUR:%H:%M}"
