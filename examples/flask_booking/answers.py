"""What the views share: the visitor and their transaction, the filled page, the redirect, the refusals."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import (
    Response,
    current_app,
    flash,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
    request,
    session,
)
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as WerkzeugResponse

from booking.errors import BookingError, sentence_for
from booking.models import Member
from netguard import Logins
from netguard.totp import TOTP


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What the service needs beside Flask."""

    sessions: sessionmaker[Session]
    clock: Callable[[], datetime]
    logins: Logins
    totp: TOTP


class LogInFirst(Exception):
    """The page is for members, and nobody is logged in."""


def service() -> Booking:
    return cast(Booking, current_app.extensions["booking"])


@contextmanager
def visit() -> Iterator[tuple[Session, Member | None]]:
    """Open a transaction, with the visitor if they are logged in."""
    with service().sessions.begin() as transaction:
        member_id = session.get("member")
        yield transaction, transaction.get(Member, member_id) if member_id is not None else None


def visitor() -> Member | None:
    """Who asks, for the rules about users: by whom bookings are counted, and who is staff."""
    with visit() as (_, member):
        return member


def required(visitor: Member | None) -> Member:
    if visitor is None:
        raise LogInFirst
    return visitor


def render(
    template: str, member: Member | None, *, status: int = 200, refusal: BookingError | None = None, **values: object
) -> Response:
    """Fill a template; a ``refusal`` gives the status and the sentence above the page."""
    error = None
    if refusal is not None:
        status, error = refusal.status, refusal.sentence
    flashed = " ".join(map(str, get_flashed_messages()))
    return page(template, status, member=member, flash=flashed, error=error, **values)


def page(template: str, status: int, **values: object) -> Response:
    return make_response(render_template(template, status=status, **values), status)


def go(path: str, sentence: str) -> WerkzeugResponse:
    flash(sentence)
    return redirect(path, 303)


def now() -> datetime:
    return service().clock()


def ask_to_log_in(_: Exception) -> WerkzeugResponse:
    return go("/login", "Please log in first.")


def refused(refusal: BookingError) -> Response:
    """Answer a ``BookingError`` that no page shows beside its form."""
    with visit() as (_, member):
        return render("error.html", member, status=refusal.status, heading=refusal.sentence)


def http_error(error: HTTPException) -> Response:
    status = error.code or 500
    with visit() as (_, member):
        response = render("error.html", member, status=status, heading=sentence_for(status))
    if isinstance(error, MethodNotAllowed):
        response.allow.update(error.valid_methods or ())  # which methods are possible
    return response


def server_error(_: Exception) -> Response:
    # The database or the session may be what failed, so neither is asked who this is.
    return page("error.html", 500, member=None, flash=None, error=None, heading=sentence_for(500))


def text(name: str) -> str:
    return request.form.get(name, "")
