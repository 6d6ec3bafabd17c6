"""The court-booking service as a Flask app.

``BOOKING_SECRET``, of at least 32 characters, signs the session cookie, unlock links and known browsers (without it,
they last as long as the process, and several workers do not share them); ``BOOKING_DATABASE`` is a SQLAlchemy URL;
``ADMIN_NETWORKS`` lists from where staff reaches ``/admin/``.
"""

import os
import secrets
from collections.abc import Callable
from datetime import datetime

import jinja2
from flask import Flask
from werkzeug.exceptions import HTTPException

from booking import STATIC, TEMPLATES
from booking.database import open_database, prepare, sessions_of
from booking.errors import BookingError
from netguard import Logins
from netguard.totp import TOTP

from . import accounts, admin, answers, views
from .security import policy, protect

SETTINGS = {
    "MAX_CONTENT_LENGTH": 64 * 1024,  # bytes; the longest form is far shorter
    "MAX_FORM_PARTS": 10,
    "PERMANENT_SESSION_LIFETIME": 12 * 60 * 60,  # seconds
}


def create_app(database_url: str | None = None, *, clock: Callable[[], datetime] = datetime.now) -> Flask:
    """Build the app, its tables and the demo's rows. ``clock`` is the clubs' wall clock."""
    app = Flask(__name__, static_folder=STATIC, static_url_path="/static", template_folder=TEMPLATES)
    app.config.update(SETTINGS, SECRET_KEY=os.environ.get("BOOKING_SECRET") or secrets.token_urlsafe(32))
    app.jinja_options = {"undefined": jinja2.StrictUndefined}
    app.register_blueprint(views.pages)
    app.register_blueprint(accounts.pages)
    app.register_blueprint(admin.pages)
    app.register_error_handler(answers.LogInFirst, answers.ask_to_log_in)
    app.register_error_handler(BookingError, answers.refused)
    app.register_error_handler(HTTPException, answers.http_error)
    app.register_error_handler(500, answers.server_error)
    engine = open_database(database_url)
    prepare(engine)
    app.extensions["booking"] = answers.Booking(
        sessions=sessions_of(engine), clock=clock, logins=Logins(policy), totp=TOTP(policy, issuer="Courtside")
    )
    protect(app)
    return app
