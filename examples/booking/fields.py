"""Reading what a visitor sent; whatever cannot be read becomes the refusal that suits it."""

import re
from datetime import date, datetime, timedelta

from .bookings import AHEAD
from .errors import BookingError, InvalidDay, InvalidSlot


def read_id(text: str, refusal: type[BookingError]) -> int:
    """Return a row's number, or raise ``refusal``; longer ones would overflow the database's integers."""
    if re.fullmatch(r"[0-9]{1,9}", text) is None:
        raise refusal
    return int(text)


def read_day(text: str, now: datetime) -> date:
    """Return a day that the calendar shows: from today, which is also the default, to ``AHEAD`` days on."""
    try:
        day = date.fromisoformat(text) if text else now.date()
    except ValueError as error:
        raise InvalidDay from error
    if not now.date() <= day <= now.date() + timedelta(days=AHEAD):
        raise InvalidDay
    return day


def read_start(text: str) -> datetime:
    """Return the start of a slot; one with a time zone is none of ours."""
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidSlot from error
    if start.tzinfo is not None:
        raise InvalidSlot
    return start
