"""Tables and the demo's rows, made when the service starts; safe in several processes at once."""

import fcntl

from django.conf import settings
from django.core.management import call_command

from booking.seed import CODED_EMAIL, CODED_SECRET, DEMO_EMAIL, DEMO_PASSWORD

from .models import Club, Court, SecondFactor, register

CLUBS = [
    ("riverside", "Riverside Tennis", "Lyon", "Four courts under the plane trees by the Saône, two of them floodlit."),
    ("old-mill", "Old Mill Padel", "Kilkenny", "Three padel courts under one roof, so that rain is only a noise."),
]
COURTS = {
    "riverside": [
        ("Court 1", "Clay"),
        ("Court 2", "Clay"),
        ("Court 3", "Hard, floodlit"),
        ("Court 4", "Hard, floodlit"),
    ],
    "old-mill": [
        ("Mill Court", "Padel, indoor"),
        ("Weir Court", "Padel, indoor"),
        ("Meadow Court", "Padel, covered"),
    ],
}


def prepare() -> None:
    """Create what is missing, and fill an empty database with the demo."""
    with open(f"{settings.DATABASES['default']['NAME']}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call_command("migrate", run_syncdb=True, verbosity=0)
        if not Club.objects.exists():
            _fill()


def _fill() -> None:
    for slug, name, town, about in CLUBS:
        club = Club.objects.create(slug=slug, name=name, town=town, about=about)
        for court, surface in COURTS[slug]:
            Court.objects.create(club=club, name=court, surface=surface)
    register("Ada Lovelace", DEMO_EMAIL, DEMO_PASSWORD)
    alan = register("Alan Turing", CODED_EMAIL, DEMO_PASSWORD)
    SecondFactor.objects.create(member=alan, secret=CODED_SECRET, recovery="[]")
