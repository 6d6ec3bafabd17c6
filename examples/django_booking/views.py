"""The pages of clubs and bookings."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from booking.bookings import AHEAD, bookable, hours_of
from booking.errors import NotYourBooking, SlotTaken, UnknownClub, UnknownCourt
from booking.fields import read_day, read_id, read_start

from . import models
from .answers import go, members_only, on_form, refused
from .models import Booking, Club, Court


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


@on_form
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
