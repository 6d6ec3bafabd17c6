"""A court-booking service without a web framework: the domain, the pages' values, the templates and their style.

The example apps put a framework on top of it. Functions take a SQLAlchemy session and leave the transaction to
the caller; what a visitor does wrong is a ``BookingError`` with a sentence for them.
"""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
