"""The pages. Plain functions, which Starlette runs in its thread pool: the database and argon2 both block."""

from collections.abc import Awaitable, Callable
from datetime import date

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from booking import bookings, members, pages
from booking.errors import BookingError, NotYourBooking, SlotTaken, UnknownCourt
from booking.fields import read_day, read_id, read_start
from booking.letters import RESET_ASKED
from booking.models import Member
from netguard.starlette import exchange_of

from .answers import go, now, render, required, visit


def with_form(view: Callable[[Request, FormData], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Read the form on the event loop, then run ``view`` in the thread pool."""

    async def endpoint(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=10) as form:
            return await run_in_threadpool(view, request, form)

    return endpoint


def home(request: Request) -> Response:
    with visit(request) as (session, member):
        return render(request, "home.html", member, clubs=pages.club_cards(session, now(request)))


def register_form(request: Request) -> Response:
    with visit(request) as (_, member):
        return render(request, "register.html", member, name="", email="")


@with_form
def register(request: Request, form: FormData) -> Response:
    name, email = text(form, "name"), text(form, "email")
    try:
        with visit(request) as (session, _):
            member = members.register(session, name, email, text(form, "password"))
    except BookingError as refusal:
        return render(request, "register.html", None, refusal=refusal, name=name, email=email)
    return log_in(request, member, f"Welcome, {member.name}!")


def login_form(request: Request) -> Response:
    with visit(request) as (_, member):
        return render(request, "login.html", member, email="")


@with_form
def login(request: Request, form: FormData) -> Response:
    email = text(form, "email")
    try:
        with visit(request) as (session, _):
            member = members.authenticate(session, email, text(form, "password"))
    except BookingError as refusal:
        return render(request, "login.html", None, refusal=refusal, email=email)
    return log_in(request, member, f"Welcome back, {member.name}!")


def reset_form(request: Request) -> Response:
    with visit(request) as (_, member):
        return render(request, "reset.html", member)


@with_form
def reset(request: Request, form: FormData) -> Response:
    with visit(request) as (session, _):
        members.ask_for_reset(session, text(form, "email"))
    return go(request, "/login", RESET_ASKED)


def logout(request: Request) -> Response:
    exchange_of(request).forget()
    request.session.clear()
    request.session["flash"] = "You are logged out."  # shown at once: no cookie is left that could carry it
    return render(request, "login.html", None, email="")


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


def log_in(request: Request, member: Member, greeting: str) -> Response:
    """Begin a new session for ``member``: nothing of the old one, which somebody else may have planted, stays."""
    request.session.clear()
    request.session["member"] = member.id
    return go(request, "/", greeting)


def text(form: FormData, name: str) -> str:
    """Return a field as text that can be stored and shown: no upload, no lone surrogates from an odd charset."""
    value = form.get(name, "")
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
