"""The pages of staff; the policy lets nobody else come this far."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as WerkzeugResponse

from booking import admin
from booking.errors import UnknownMember
from booking.fields import read_id

from .answers import go, now, render, service, visit

pages = Blueprint("admin", __name__, url_prefix="/admin")


@pages.get("/")
def use() -> Response:
    day = now().date()
    with visit() as (transaction, member):
        clubs, week = admin.club_uses(transaction, day), admin.week_title(day)
        return render("admin_use.html", member, clubs=clubs, week=week, opened=admin.OPENED)


@pages.get("/members")
def members() -> Response:
    with visit() as (transaction, member):
        return render("admin_members.html", member, members=admin.member_views(transaction, service().logins))


@pages.get("/locks")
def locks() -> Response:
    with visit() as (transaction, member):
        return render("admin_locks.html", member, locks=admin.lock_views(transaction, service().logins))


@pages.post("/members/<number>/unlock")
def unlock(number: str) -> WerkzeugResponse:
    with visit() as (transaction, _):
        name = admin.unlock(transaction, service().logins, read_id(number, UnknownMember))
    return go("/admin/locks", f"{name} can try to log in again.")
