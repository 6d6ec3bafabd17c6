"""The pages of clubs and bookings. Plain functions, which Starlette runs in its thread pool: the database blocks."""

from datetime import date

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from booking import bookings, pages
from booking.errors import BookingError, NotYourBooking, SlotTaken, UnknownCourt
from booking.fields import read_day, read_id, read_start

from .answers import go, now, render, required, text, visit, with_form


def home(request: Request) -> Response:
    with visit(request) as (session, member):
        return render(request, "home.html", member, clubs=pages.club_cards(session, now(request)))


def club(request: Request) -> Response:
    day = read_day(request.query_params.get("day", ""), now(request))
    return club_page(request, request.path_params["slug"], day)


def club_page(request: Request, slug: str, day: date, refusal: BookingError | None = None) -> Response:
    with visit(request) as (session, member):
        page = pages.day_view(session, bookings.club_named(session, slug), day, member, now(request))
        return render(request, "club.html", member, refusal=refusal, page=page)


def my_bookings(request: Request) -> Response:
    with visit(request) as (session, visitor):
        member = required(visitor)
        return render(request, "bookings.html", member, bookings=pages.booking_views(session, member, now(request)))


@with_form
def book(request: Request, form: FormData) -> Response:
    try:
        with visit(request) as (session, visitor):
            member = required(visitor)
            court, start = read_id(text(form, "court"), UnknownCourt), read_start(text(form, "start"))
            sentence = pages.booking_sentence(bookings.book(session, member, court, start, now(request)))
    except SlotTaken as refusal:
        return club_page(request, refusal.club, refusal.day, refusal)
    return go(request, "/bookings", f"Booked: {sentence}.")


def cancel(request: Request) -> Response:
    with visit(request) as (session, visitor):
        member = required(visitor)
        booking = read_id(request.path_params["id"], NotYourBooking)
        sentence = pages.booking_sentence(bookings.cancel(session, member, booking, now(request)))
    return go(request, "/bookings", f"Cancelled: {sentence}.")


def healthz(_: Request) -> Response:
    return PlainTextResponse("ok")
