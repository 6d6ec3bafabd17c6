"""The pages of clubs and bookings."""

from datetime import date

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from booking import bookings
from booking import pages as shown
from booking.errors import BookingError, NotYourBooking, SlotTaken, UnknownCourt
from booking.fields import read_day, read_id, read_start

from .answers import go, now, render, required, text, visit

pages = Blueprint("pages", __name__)


@pages.get("/")
def home() -> Response:
    with visit() as (transaction, member):
        return render("home.html", member, clubs=shown.club_cards(transaction, now()))


@pages.get("/clubs/<slug>")
def club(slug: str) -> Response:
    return club_page(slug, read_day(request.args.get("day", ""), now()))


def club_page(slug: str, day: date, refusal: BookingError | None = None) -> Response:
    with visit() as (transaction, member):
        page = shown.day_view(transaction, bookings.club_named(transaction, slug), day, member, now())
        return render("club.html", member, refusal=refusal, page=page)


@pages.get("/bookings")
def my_bookings() -> Response:
    with visit() as (transaction, visitor):
        member = required(visitor)
        return render("bookings.html", member, bookings=shown.booking_views(transaction, member, now()))


@pages.post("/bookings")
def book() -> WerkzeugResponse:
    try:
        with visit() as (transaction, visitor):
            member = required(visitor)
            court, start = read_id(text("court"), UnknownCourt), read_start(text("start"))
            sentence = shown.booking_sentence(bookings.book(transaction, member, court, start, now()))
    except SlotTaken as refusal:
        return club_page(refusal.club, refusal.day, refusal)
    return go("/bookings", f"Booked: {sentence}.")


@pages.post("/bookings/<number>/cancel")
def cancel(number: str) -> WerkzeugResponse:
    with visit() as (transaction, visitor):
        member = required(visitor)
        booking = read_id(number, NotYourBooking)
        sentence = shown.booking_sentence(bookings.cancel(transaction, member, booking, now()))
    return go("/bookings", f"Cancelled: {sentence}.")


@pages.get("/healthz")
def healthz() -> Response:
    return Response("ok", mimetype="text/plain")
