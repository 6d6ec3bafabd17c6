"""What the views share: the visitor and their transaction, the filled page, the redirect, the refusals."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.templating import Jinja2Templates

from booking.errors import BookingError, sentence_for
from booking.models import Member


class LogInFirst(Exception):
    """The page is for members, and nobody is logged in."""


def with_form(view: Callable[[Request, FormData], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Read the form on the event loop, then run ``view`` in the thread pool."""

    async def endpoint(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=10) as form:
            return await run_in_threadpool(view, request, form)

    return endpoint


def text(form: FormData, name: str) -> str:
    """Return a field as text that can be stored and shown: no upload, no lone surrogates from an odd charset."""
    value = form.get(name, "")
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


@contextmanager
def visit(request: HTTPConnection) -> Iterator[tuple[Session, Member | None]]:
    """Open a transaction, with the visitor if they are logged in."""
    with request.app.state.sessions.begin() as session:
        member_id = request.session.get("member")
        yield session, session.get(Member, member_id) if member_id is not None else None


async def visitor(connection: HTTPConnection) -> Member | None:
    """Who asks, for the rules about users: by whom bookings are counted, and who is staff."""

    def found() -> Member | None:
        with visit(connection) as (_, member):
            return member

    return await run_in_threadpool(found)


def required(visitor: Member | None) -> Member:
    if visitor is None:
        raise LogInFirst
    return visitor


def render(
    request: Request,
    template: str,
    member: Member | None,
    *,
    status: int = 200,
    refusal: BookingError | None = None,
    **values: object,
) -> Response:
    """Fill a template; a ``refusal`` gives the status and the sentence above the page."""
    error = None
    if refusal is not None:
        status, error = refusal.status, refusal.sentence
    flash = request.session.pop("flash", None)
    return page(request, template, status, member=member, flash=flash, error=error, **values)


def page(request: Request, template: str, status: int, **values: object) -> Response:
    templates: Jinja2Templates = request.app.state.templates
    return templates.TemplateResponse(request, template, {"status": status, **values}, status_code=status)


def go(request: Request, path: str, flash: str) -> Response:
    request.session["flash"] = flash
    return RedirectResponse(path, status_code=303)


def now(request: Request) -> datetime:
    moment: datetime = request.app.state.clock()
    return moment


def ask_to_log_in(request: Request, _: Exception) -> Response:
    return go(request, "/login", "Please log in first.")


def refused(request: Request, error: Exception) -> Response:
    """Answer a ``BookingError`` that no page shows beside its form."""
    refusal = cast(BookingError, error)
    with visit(request) as (_, member):
        return render(request, "error.html", member, status=refusal.status, heading=refusal.sentence)


def http_error(request: Request, error: Exception) -> Response:
    http = cast(HTTPException, error)
    with visit(request) as (_, member):
        response = render(
            request, "error.html", member, status=http.status_code, heading=sentence_for(http.status_code)
        )
    response.headers.update(http.headers or {})  # 405 says in Allow what is possible
    return response


def server_error(request: Request, _: Exception) -> Response:
    # The database or the session may be what failed, so neither is asked who this is.
    return page(request, "error.html", 500, member=None, flash=None, error=None, heading=sentence_for(500))
