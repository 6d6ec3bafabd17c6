"""Django's admin, with who is locked out: ``python -m django createsuperuser`` makes somebody who may enter.

The name to log in with is the e-mail address.
"""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User

from netguard.django.admin import ShowsLockouts

from .models import Booking, Club, Court


class Members(ShowsLockouts, UserAdmin):  # type: ignore[type-arg]  # which it takes for mypy alone
    """Members, whether they are locked out, and an action that unlocks them."""


admin.site.register([Booking, Club, Court])
admin.site.unregister(User)
admin.site.register(User, Members)
