"""The demo: two clubs and one member, so that there is something to see."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from .members import register
from .models import Club, Court

DEMO_EMAIL = "ada@booking.example"
DEMO_PASSWORD = "correct horse battery staple"  # known to everybody on purpose: it may only book courts


def seed(session: Session) -> None:
    """Fill an empty database; one that has clubs is left alone."""
    if session.scalar(select(Club.id).limit(1)) is not None:
        return
    session.add_all([_riverside(), _old_mill()])
    session.flush()
    register(session, "Ada Lovelace", DEMO_EMAIL, DEMO_PASSWORD)


def _riverside() -> Club:
    return Club(
        slug="riverside",
        name="Riverside Tennis",
        town="Lyon",
        about="Four courts under the plane trees by the Saône, two of them floodlit.",
        courts=[
            Court(name="Court 1", surface="Clay"),
            Court(name="Court 2", surface="Clay"),
            Court(name="Court 3", surface="Hard, floodlit"),
            Court(name="Court 4", surface="Hard, floodlit"),
        ],
    )


def _old_mill() -> Club:
    return Club(
        slug="old-mill",
        name="Old Mill Padel",
        town="Kilkenny",
        about="Three padel courts under one roof, so that rain is only a noise.",
        courts=[
            Court(name="Mill Court", surface="Padel, indoor"),
            Court(name="Weir Court", surface="Padel, indoor"),
            Court(name="Meadow Court", surface="Padel, covered"),
        ],
    )
