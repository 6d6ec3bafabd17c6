"""Opening the database: a file by default, any SQLAlchemy URL, or SQLite in memory for tests."""

import os
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

from .models import Model
from .seed import seed

DEFAULT_URL = "sqlite:///./booking.sqlite3"


def open_database(url: str | None = None) -> Engine:
    """Return an engine for ``url``, else for ``BOOKING_DATABASE``, else for a file in the working directory."""
    target = make_url(url or os.environ.get("BOOKING_DATABASE") or DEFAULT_URL)
    options: dict[str, Any] = {}
    if target.get_backend_name() == "sqlite" and target.database in (None, "", ":memory:"):
        # A second connection would open a second, empty database.
        options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    engine = create_engine(target, **options)
    if target.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _enforce_foreign_keys)
    return engine


def sessions_of(engine: Engine) -> sessionmaker[Session]:
    """Return the maker of sessions; what they load stays readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


def prepare(engine: Engine) -> None:
    """Create what is missing and fill an empty database with the demo; safe in several workers at once."""
    with engine.begin() as connection:
        for table in Model.metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
    try:
        with sessions_of(engine).begin() as session:
            seed(session)
    except IntegrityError:
        pass  # another worker was faster


def _enforce_foreign_keys(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
