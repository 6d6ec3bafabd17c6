"""Django's admin for staff: how much the courts are used, who is a member, who is locked out.

The name to log in with is the e-mail address.
"""

from datetime import date
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from booking.admin import OPENED, Known, named_locks, week_of
from netguard.django.admin import ShowsLockouts

from .models import Booking, Club, Court
from .security import logins


class Courts(admin.ModelAdmin):  # type: ignore[type-arg]  # which it takes for mypy alone
    """Courts, and how much they are used."""

    list_display = ("__str__", "surface", "booked_this_week")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        monday, following = week_of(date.today())
        within = Q(booking__start__gte=monday, booking__start__lt=following)
        return super().get_queryset(request).annotate(booked=Count("booking", filter=within))

    @admin.display(description="booked this week", ordering="booked")
    def booked_this_week(self, court: Any) -> str:
        return f"{court.booked} of {OPENED} hours ({court.booked / OPENED:.0%})"


class Members(ShowsLockouts, UserAdmin):  # type: ignore[type-arg]
    """Members, whether codes are on and whether they are locked out, and an action that unlocks them."""

    list_display = ("username", "first_name", "is_staff", "second_factor")
    list_filter = ()  # whose box would leave no room for the columns
    list_select_related = ("secondfactor",)

    @admin.display(boolean=True, description="second factor")
    def second_factor(self, member: User) -> bool:
        return hasattr(member, "secondfactor")


@admin.site.admin_view
@permission_required("auth.view_user", raise_exception=True)
def locks(request: HttpRequest) -> HttpResponse:
    """All that is locked, not members alone."""
    members = User.objects.all()
    known = {logins.pseudonym(one.username): Known(id=one.pk, name=one.username) for one in members}
    values = {"title": "Locks", "locks": named_locks(logins.locks(), known)}
    return render(request, "admin/locks.html", {**admin.site.each_context(request), **values})


admin.site.register([Booking, Club])
admin.site.register(Court, Courts)
admin.site.unregister(User)
admin.site.register(User, Members)
