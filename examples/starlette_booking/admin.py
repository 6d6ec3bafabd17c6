"""The pages of staff; the policy lets nobody else come this far."""

from starlette.requests import Request
from starlette.responses import Response

from booking import admin
from booking.errors import UnknownMember
from booking.fields import read_id

from .answers import go, now, render, visit


def use(request: Request) -> Response:
    day = now(request).date()
    with visit(request) as (session, member):
        clubs, week = admin.club_uses(session, day), admin.week_title(day)
        return render(request, "admin_use.html", member, clubs=clubs, week=week, opened=admin.OPENED)


def members(request: Request) -> Response:
    with visit(request) as (session, member):
        found = admin.member_views(session, request.app.state.logins)
        return render(request, "admin_members.html", member, members=found)


def locks(request: Request) -> Response:
    with visit(request) as (session, member):
        found = admin.lock_views(session, request.app.state.logins)
        return render(request, "admin_locks.html", member, locks=found)


def unlock(request: Request) -> Response:
    number = read_id(request.path_params["id"], UnknownMember)
    with visit(request) as (session, _):
        name = admin.unlock(session, request.app.state.logins, number)
    return go(request, "/admin/locks", f"{name} can try to log in again.")
