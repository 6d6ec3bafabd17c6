"""The pages."""

from datetime import date

from flask import Blueprint, Response, flash, g, request, session
from werkzeug.wrappers import Response as WerkzeugResponse

from booking import bookings, members
from booking import pages as shown
from booking.errors import BookingError, NotYourBooking, SlotTaken, UnknownCourt
from booking.fields import read_day, read_id, read_start
from booking.letters import RESET_ASKED
from booking.models import Member

from .answers import go, now, render, required, visit

pages = Blueprint("pages", __name__)


@pages.get("/")
def home() -> Response:
    with visit() as (transaction, member):
        return render("home.html", member, clubs=shown.club_cards(transaction, now()))


@pages.get("/register")
def register_form() -> Response:
    with visit() as (_, member):
        return render("register.html", member, name="", email="")


@pages.post("/register")
def register() -> WerkzeugResponse:
    name, email = text("name"), text("email")
    try:
        with visit() as (transaction, _):
            member = members.register(transaction, name, email, text("password"))
    except BookingError as refusal:
        return render("register.html", None, refusal=refusal, name=name, email=email)
    return log_in(member, f"Welcome, {member.name}!")


@pages.get("/login")
def login_form() -> Response:
    with visit() as (_, member):
        return render("login.html", member, email="")


@pages.post("/login")
def login() -> WerkzeugResponse:
    email = text("email")
    try:
        with visit() as (transaction, _):
            member = members.authenticate(transaction, email, text("password"))
    except BookingError as refusal:
        return render("login.html", None, refusal=refusal, email=email)
    return log_in(member, f"Welcome back, {member.name}!")


@pages.get("/password-reset")
def reset_form() -> Response:
    with visit() as (_, member):
        return render("reset.html", member)


@pages.post("/password-reset")
def reset() -> WerkzeugResponse:
    with visit() as (transaction, _):
        members.ask_for_reset(transaction, text("email"))
    return go("/login", RESET_ASKED)


@pages.post("/logout")
def logout() -> WerkzeugResponse:
    g.netguard.forget()
    session.clear()
    flash("You are logged out.")  # shown at once: no cookie is left that could carry it
    return render("login.html", None, email="")


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


def log_in(member: Member, greeting: str) -> WerkzeugResponse:
    """Begin a new session for ``member``: nothing of the old one, which somebody else may have planted, stays."""
    session.clear()
    session["member"] = member.id
    return go("/", greeting)


def text(name: str) -> str:
    return request.form.get(name, "")
