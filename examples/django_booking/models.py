"""Clubs have courts, members have bookings; a member is a ``User`` whose name to log in with is the e-mail address."""

from __future__ import annotations

import json
from collections.abc import Callable
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
    SlotTaken,
    TooLateToCancel,
    WrongCode,
)
from booking.factors import left_by
from booking.letters import write_reset, write_unlock
from booking.members import EMAIL_LENGTH, NAME_LENGTH, check_password, normalise_email
from netguard.totp import TOTP, recovery_codes


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


class SecondFactor(models.Model):
    member: models.OneToOneField[User, User] = models.OneToOneField(User, models.CASCADE, primary_key=True)
    secret: models.CharField[str, str] = models.CharField(max_length=64)  # a real service encrypts it
    recovery: models.CharField[str, str] = models.CharField(max_length=2000)  # hashes, as JSON


def register(name: str, email: str, password: str) -> User:
    name, email, password = normalize("NFC", name).strip(), normalise_email(email), normalize("NFC", password)
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise InvalidName
    try:
        validate_email(email[: EMAIL_LENGTH + 1])
    except ValidationError as error:
        raise InvalidEmail from error
    check_password(password, name, email)
    try:
        with transaction.atomic():
            return User.objects.create_user(email, email, password, first_name=name)
    except IntegrityError as error:
        raise EmailTaken from error


def ask_for_reset(email: str) -> None:
    """Write to the member with this address, if there is one; whoever asks is not told."""
    for member in User.objects.filter(username=normalise_email(email)):
        write_reset(member.email)


def ask_for_unlock(email: str, link: Callable[[str], str]) -> None:
    """The same with a link, made for the stored address, that unlocks the account."""
    for member in User.objects.filter(username=normalise_email(email)):
        write_unlock(member.email, link(member.email))


def use_code(member: User, totp: TOTP, code: str) -> None:
    """Let a code prove that it is ``member``; none does so twice."""
    factor = SecondFactor.objects.filter(member=member).first()
    if factor is None:
        raise WrongCode
    left = left_by(code, totp, member.pk, factor.secret, factor.recovery)
    # Two requests may bring one recovery code at once: the database lets one of them have it.
    before = SecondFactor.objects.filter(member=member, recovery=factor.recovery)
    if left != factor.recovery and before.update(recovery=left) == 0:
        raise WrongCode


def turn_on(member: User, totp: TOTP, secret: str | None, code: str) -> list[str]:
    """Ask for codes from now on, once the member has shown one; returns the recovery codes, which nobody sees again."""
    if SecondFactor.objects.filter(member=member).exists() or not totp.verify(member.pk, secret, code):
        raise WrongCode
    codes = recovery_codes()
    SecondFactor.objects.create(member=member, secret=secret, recovery=json.dumps(codes.hashes))
    return codes.shown


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
