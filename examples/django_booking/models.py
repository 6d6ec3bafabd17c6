"""Clubs have courts, members have bookings; a member is a ``User`` whose name to log in with is the e-mail address."""

from __future__ import annotations

from datetime import datetime
from unicodedata import normalize

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, models, transaction

from booking.bookings import HOUR, bookable
from booking.errors import (
    EmailTaken,
    InvalidEmail,
    InvalidName,
    InvalidSlot,
    NotYourBooking,
    PasswordTooShort,
    SlotTaken,
    TooLateToCancel,
)
from booking.letters import write_reset
from booking.members import EMAIL_LENGTH, NAME_LENGTH, PASSWORD_LENGTH, normalise_email


class Club(models.Model):
    slug: models.SlugField[str, str] = models.SlugField(max_length=40, unique=True)
    name: models.CharField[str, str] = models.CharField(max_length=80)
    town: models.CharField[str, str] = models.CharField(max_length=80)
    about: models.CharField[str, str] = models.CharField(max_length=200)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Court(models.Model):
    club: models.ForeignKey[Club, Club] = models.ForeignKey(Club, models.CASCADE)
    name: models.CharField[str, str] = models.CharField(max_length=40)
    surface: models.CharField[str, str] = models.CharField(max_length=40)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.name} at {self.club.name}"


class Booking(models.Model):
    court: models.ForeignKey[Court, Court] = models.ForeignKey(Court, models.CASCADE)
    member: models.ForeignKey[User, User] = models.ForeignKey(User, models.CASCADE)
    start: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    court_id: int
    member_id: int

    class Meta:
        ordering = ("start", "court")
        # Two members press "18:00" at once: the database, not a check before the insert, lets one of them win.
        constraints = (models.UniqueConstraint(fields=("court", "start"), name="one_booking_for_each_slot"),)

    def __str__(self) -> str:
        return f"{self.court}, {self.start:%A} {self.start.day} {self.start:%B}, {self.hours}"

    @property
    def hours(self) -> str:
        return f"{self.start:%H:%M}–{self.start + HOUR:%H:%M}"


def register(name: str, email: str, password: str) -> User:
    name, email, password = normalize("NFC", name).strip(), normalise_email(email), normalize("NFKC", password)
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise InvalidName
    try:
        validate_email(email[: EMAIL_LENGTH + 1])
    except ValidationError as error:
        raise InvalidEmail from error
    if len(password) < PASSWORD_LENGTH:
        raise PasswordTooShort
    try:
        with transaction.atomic():
            return User.objects.create_user(email, email, password, first_name=name)
    except IntegrityError as error:
        raise EmailTaken from error


def ask_for_reset(email: str) -> None:
    """Write to the member with this address, if there is one; whoever asks is not told."""
    member = User.objects.filter(username=normalise_email(email)).first()
    if member is not None:
        write_reset(member.email)


def book(member: User, court: Court, start: datetime, now: datetime) -> Booking:
    """Take a slot for ``member``, or raise what stands against it."""
    if not bookable(start, now):
        raise InvalidSlot
    try:
        with transaction.atomic():
            return Booking.objects.create(court=court, member=member, start=start)
    except IntegrityError as error:
        raise SlotTaken(court.club.slug, start.date()) from error


def cancel(member: User, number: int, now: datetime) -> str:
    """Give a slot back; only its owner may, and only before it begins. Returns its name in words."""
    booking = Booking.objects.filter(id=number, member=member).first()
    if booking is None:
        raise NotYourBooking
    if booking.start <= now:
        raise TooLateToCancel
    booking.delete()
    return str(booking)
