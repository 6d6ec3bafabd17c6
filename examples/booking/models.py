"""The five tables: clubs have courts, members have bookings, and some a second factor."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Model(DeclarativeBase):
    pass


class Club(Model):
    __tablename__ = "club"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    town: Mapped[str] = mapped_column(String(80))
    about: Mapped[str] = mapped_column(String(200))
    courts: Mapped[list[Court]] = relationship(back_populates="club", order_by="Court.id")


class Court(Model):
    __tablename__ = "court"

    id: Mapped[int] = mapped_column(primary_key=True)
    club_id: Mapped[int] = mapped_column(ForeignKey("club.id"))
    name: Mapped[str] = mapped_column(String(40))
    surface: Mapped[str] = mapped_column(String(40))
    club: Mapped[Club] = relationship(back_populates="courts")


class Member(Model):
    __tablename__ = "member"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(254), unique=True)  # as members.normalise_email() writes it
    password_hash: Mapped[str] = mapped_column(String(200))
    is_staff: Mapped[bool] = mapped_column(default=False)


class SecondFactor(Model):
    __tablename__ = "second_factor"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(64))  # a real service encrypts it with a key that is kept elsewhere
    recovery: Mapped[str] = mapped_column(String(2000))  # hashes, as JSON


class Booking(Model):
    __tablename__ = "booking"
    # Two members press "18:00" at once: the database, not a check before the insert, lets one of them win.
    __table_args__ = (UniqueConstraint("court_id", "start"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    court_id: Mapped[int] = mapped_column(ForeignKey("court.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    start: Mapped[datetime]  # the wall clock at the club, without a time zone
    court: Mapped[Court] = relationship()
    member: Mapped[Member] = relationship()
