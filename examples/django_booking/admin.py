"""Clubs, courts and bookings in Django's admin: ``python -m django createsuperuser`` makes somebody who may enter."""

from django.contrib import admin

from .models import Booking, Club, Court

admin.site.register([Booking, Club, Court])
