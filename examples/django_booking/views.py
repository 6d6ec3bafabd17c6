"""The pages."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import cast
from unicodedata import normalize

from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth import login as begin_session
from django.contrib.auth import logout as end_session
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from booking.bookings import AHEAD, bookable, hours_of
from booking.errors import BookingError, NotYourBooking, SlotTaken, UnknownClub, UnknownCourt, WrongCredentials
from booking.fields import read_day, read_id, read_start
from booking.letters import RESET_ASKED
from booking.members import normalise_email

from . import models
from .answers import go, members_only
from .models import Booking, Club, Court

form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    now = datetime.now()
    left = sum(bookable(start, now) for start in hours_of(now.date()))
    cards = []
    for club in Club.objects.all():
        courts, taken = Court.objects.filter(club=club).count(), Booking.objects.filter(court__club=club, start__gt=now)
        free = left * courts - taken.filter(start__date=now.date()).count()
        cards.append({"club": club, "courts": courts, "free": free})
    return render(request, "home.html", {"cards": cards})


@form_page
def register(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "register.html")
    name, email = request.POST.get("name", ""), request.POST.get("email", "")
    try:
        member = models.register(name, email, request.POST.get("password", ""))
    except BookingError as refusal:
        return refused(request, "register.html", refusal, {"name": name, "email": email})
    begin_session(request, member)
    return go(request, "/", f"Welcome, {member.first_name}!")


@form_page
def login(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "login.html")
    email, password = request.POST.get("email", ""), normalize("NFKC", request.POST.get("password", ""))
    member = authenticate(request, username=normalise_email(email), password=password)
    if member is None:
        return refused(request, "login.html", WrongCredentials(), {"email": email})
    begin_session(request, member)
    return go(request, "/", f"Welcome back, {cast(User, member).first_name}!")


def refused(request: HttpRequest, template: str, refusal: BookingError, values: Mapping[str, object]) -> HttpResponse:
    """The page again, with what was wrong above it."""
    return render(request, template, {**values, "error": refusal.sentence}, status=refusal.status)


@form_page
def reset(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "reset.html")
    models.ask_for_reset(request.POST.get("email", ""))
    return go(request, "/login", RESET_ASKED)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    request.netguard.forget()  # type: ignore[attr-defined]  # which netguard's application adds
    end_session(request)
    messages.info(request, "You are logged out.")  # shown at once: no cookie is left that could carry it
    return render(request, "login.html")


@require_GET
def club(request: HttpRequest, slug: str) -> HttpResponse:
    return club_page(request, slug, read_day(request.GET.get("day", ""), datetime.now()))


def club_page(request: HttpRequest, slug: str, day: date, refusal: SlotTaken | None = None) -> HttpResponse:
    """A club's day as this visitor may see it: whose a taken slot is stays private."""
    found, now = Club.objects.filter(slug=slug).first(), datetime.now()
    if found is None:
        raise UnknownClub
    taken: dict[int, dict[datetime, int]] = defaultdict(dict)
    for booking in Booking.objects.filter(court__club=found, start__date=day):
        taken[booking.court_id][booking.start] = booking.member_id
    courts = []
    for court in Court.objects.filter(club=found):
        slots = [(start, state(start, taken[court.pk], request.user.pk, now)) for start in hours_of(day)]
        courts.append({"court": court, "slots": slots, "free": sum(how == "free" for _, how in slots)})
    first, last, one = now.date(), now.date() + timedelta(days=AHEAD), timedelta(days=1)
    values = {"club": found, "day": day, "earliest": first, "latest": last, "courts": courts}
    values |= {"previous": day - one if day > first else None, "following": day + one if day < last else None}
    if refusal is None:
        return render(request, "club.html", values)
    return refused(request, "club.html", refusal, values)


def state(start: datetime, taken: Mapping[datetime, int], visitor: int | None, now: datetime) -> str:
    if start in taken:
        return "yours" if taken[start] == visitor else "taken"
    return "free" if bookable(start, now) else "closed"


@form_page
@members_only
def bookings(request: HttpRequest, member: User) -> HttpResponse:
    now = datetime.now()
    if request.method != "POST":
        mine = Booking.objects.filter(member=member).select_related("court__club")
        return render(
            request,
            "bookings.html",
            {"coming": mine.filter(start__gt=now), "past": mine.filter(start__lte=now).reverse()},
        )
    court = Court.objects.filter(id=read_id(request.POST.get("court", ""), UnknownCourt)).first()
    if court is None:
        raise UnknownCourt
    try:
        booked = models.book(member, court, read_start(request.POST.get("start", "")), now)
    except SlotTaken as refusal:
        return club_page(request, refusal.club, refusal.day, refusal)
    return go(request, "/bookings", f"Booked: {booked}.")


@require_POST
@members_only
def cancel(request: HttpRequest, member: User, number: str) -> HttpResponse:
    sentence = models.cancel(member, read_id(number, NotYourBooking), datetime.now())
    return go(request, "/bookings", f"Cancelled: {sentence}.")


@require_GET
def healthz(_: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")
