"""The service as servers find it: ``gunicorn flask_booking.app:app`` with ``examples/`` on ``PYTHONPATH``."""

from . import create_app

app = create_app()
