"""The service put together: ``uvicorn starlette_booking.app:app`` with ``examples/`` on ``PYTHONPATH``.

``BOOKING_SECRET``, of at least 32 characters, signs the session cookie, unlock links and known browsers (without it,
they last as long as the process, and several workers do not share them); ``BOOKING_DATABASE`` is a SQLAlchemy URL;
``ADMIN_NETWORKS`` lists from where staff reaches ``/admin/``.
"""

import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from booking import STATIC, TEMPLATES
from booking.database import open_database, prepare, sessions_of
from booking.errors import BookingError
from netguard.starlette import UserRules, csp_nonce

from . import accounts, admin, answers, views
from .security import protect

SESSION_AGE = 12 * 60 * 60  # seconds
BODY_SIZE = 64 * 1024  # bytes; the longest form is far shorter

ROUTES = [
    Route("/", views.home),
    Route("/register", accounts.register_form, methods=["GET"]),
    Route("/register", accounts.register, methods=["POST"]),
    Route("/login", accounts.login_form, methods=["GET"]),
    Route("/login", accounts.login, methods=["POST"]),
    Route("/login/code", accounts.code_form, methods=["GET"]),
    Route("/login/code", accounts.code, methods=["POST"]),
    Route("/password-reset", accounts.reset_form, methods=["GET"]),
    Route("/password-reset", accounts.reset, methods=["POST"]),
    Route("/unlock", accounts.unlock_form, methods=["GET"]),
    Route("/unlock", accounts.unlock, methods=["POST"]),
    Route("/unlock/link", accounts.unlock_link, methods=["GET"]),
    Route("/unlock/link", accounts.unlock_by_link, methods=["POST"]),
    Route("/account", accounts.account, methods=["GET"]),
    Route("/account/codes", accounts.codes_on, methods=["POST"]),
    Route("/account/codes/off", accounts.codes_off, methods=["POST"]),
    Route("/logout", accounts.logout, methods=["POST"]),
    Route("/clubs/{slug}", views.club),
    Route("/bookings", views.my_bookings, methods=["GET"]),
    Route("/bookings", views.book, methods=["POST"]),
    Route("/bookings/{id}/cancel", views.cancel, methods=["POST"]),
    Route("/admin/", admin.use),
    Route("/admin/members", admin.members),
    Route("/admin/members/{id}/unlock", admin.unlock, methods=["POST"]),
    Route("/admin/locks", admin.locks),
    Route("/healthz", views.healthz),
    Mount("/static", StaticFiles(directory=STATIC)),
]


def create_app(database_url: str | None = None, *, clock: Callable[[], datetime] = datetime.now) -> Starlette:
    """Build the app; its tables and the demo's rows are made when it starts. ``clock`` is the clubs' wall clock."""
    engine = open_database(database_url)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await run_in_threadpool(prepare, engine)
        yield
        engine.dispose()

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        middleware=[
            Middleware(SessionMiddleware, secret_key=_secret(), max_age=SESSION_AGE),
            Middleware(UserRules, user=answers.visitor),
        ],
        exception_handlers={
            answers.LogInFirst: answers.ask_to_log_in,
            BookingError: answers.refused,
            HTTPException: answers.http_error,
            Exception: answers.server_error,
        },
        max_body_size=BODY_SIZE,
    )
    app.state.sessions = sessions_of(engine)
    app.state.clock = clock
    app.state.templates = Jinja2Templates(env=_environment(), context_processors=[csp_nonce])
    protect(app)
    return app


def _secret() -> str:
    return os.environ.get("BOOKING_SECRET") or secrets.token_urlsafe(32)


def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


app = create_app()
