"""The demo: two clubs, two members of which one has a second factor, and one of the staff."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from .members import register
from .models import Club, Court, SecondFactor

DEMO_EMAIL = "ada@booking.example"
DEMO_PASSWORD = "correct horse battery staple"  # known to everybody on purpose
CODED_EMAIL = "alan@booking.example"  # with the same password, and codes by this secret
CODED_SECRET = "COURTSIDEDEMOSECRETKNOWNTOALL234"
STAFF_EMAIL = "mary@booking.example"  # with the same password, of use where the policy lets /admin/ be reached


def seed(session: Session) -> None:
    """Fill an empty database; one that has clubs is left alone."""
    if session.scalar(select(Club.id).limit(1)) is not None:
        return
    session.add_all(clubs())
    session.flush()
    register(session, "Ada Lovelace", DEMO_EMAIL, DEMO_PASSWORD)
    alan = register(session, "Alan Turing", CODED_EMAIL, DEMO_PASSWORD)
    session.add(SecondFactor(member_id=alan.id, secret=CODED_SECRET, recovery="[]"))
    register(session, "Mary Jackson", STAFF_EMAIL, DEMO_PASSWORD).is_staff = True


def clubs() -> list[Club]:
    riverside = Club(
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
    old_mill = Club(
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
    return [riverside, old_mill]
