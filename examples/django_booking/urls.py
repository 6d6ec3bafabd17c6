"""The same addresses as in the other booking apps, and the admin."""

from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.urls import path
from django.views.generic import RedirectView

from . import accounts, answers, views
from .admin import locks

handler400, handler404, handler500 = answers.bad, answers.missing, answers.failed

urlpatterns = [
    path("", views.home),
    path("register", accounts.register),
    path("login", accounts.login),
    path("login/code", accounts.code),
    path("password-reset", accounts.reset),
    path("unlock", accounts.unlock),
    path("unlock/link", accounts.unlock_by_link),
    path("account", accounts.account),
    path("account/codes", accounts.codes_on),
    path("account/codes/off", accounts.codes_off),
    path("logout", accounts.logout),
    path("clubs/<slug>", views.club),
    path("bookings", views.bookings),
    path("bookings/<number>/cancel", views.cancel),
    path("healthz", views.healthz),
    path("admin/login/", RedirectView.as_view(url="/login")),  # one way in, behind the lockout and the second factor
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/locks", locks),
    path("admin/", admin.site.urls),
    path("static/<path:path>", serve, {"insecure": True}),  # a real service leaves these files to its web server
]
