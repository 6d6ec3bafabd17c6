"""Tables and the demo's rows, made when the service starts; safe in several processes at once."""

import fcntl

from django.conf import settings
from django.core.management import call_command

from booking.seed import CODED_EMAIL, CODED_SECRET, DEMO_EMAIL, DEMO_PASSWORD, STAFF_EMAIL, clubs

from .models import Club, Court, SecondFactor, register


def prepare() -> None:
    """Create what is missing, and fill an empty database with the demo."""
    with open(f"{settings.DATABASES['default']['NAME']}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call_command("migrate", run_syncdb=True, verbosity=0)
        if not Club.objects.exists():
            _fill()


def _fill() -> None:
    for known in clubs():
        club = Club.objects.create(slug=known.slug, name=known.name, town=known.town, about=known.about)
        for court in known.courts:
            Court.objects.create(club=club, name=court.name, surface=court.surface)
    register("Ada Lovelace", DEMO_EMAIL, DEMO_PASSWORD)
    alan = register("Alan Turing", CODED_EMAIL, DEMO_PASSWORD)
    SecondFactor.objects.create(member=alan, secret=CODED_SECRET, recovery="[]")
    mary = register("Mary Jackson", STAFF_EMAIL, DEMO_PASSWORD)
    mary.is_staff = mary.is_superuser = True
    mary.save()
