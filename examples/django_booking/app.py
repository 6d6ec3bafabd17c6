"""The service put together: ``gunicorn django_booking.app:app`` with ``examples/`` on ``PYTHONPATH``."""

import os

from netguard.django import get_wsgi_application
from netguard.wsgi import WSGIApp


def build() -> WSGIApp:
    """Set Django up, make the tables and the demo's rows, and wrap Django's application in the policy."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_booking.settings")
    application = get_wsgi_application()

    from .seed import prepare  # its models are there once Django is set up

    prepare()
    return application


app = build()
