"""The same addresses as in the other booking apps, and the admin."""

from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.urls import path

from . import answers, views

handler400, handler404, handler500 = answers.bad, answers.missing, answers.failed

urlpatterns = [
    path("", views.home),
    path("register", views.register),
    path("login", views.login),
    path("password-reset", views.reset),
    path("logout", views.logout),
    path("clubs/<slug>", views.club),
    path("bookings", views.bookings),
    path("bookings/<number>/cancel", views.cancel),
    path("healthz", views.healthz),
    path("admin/", admin.site.urls),
    path("static/<path:path>", serve, {"insecure": True}),  # a real service leaves these files to its web server
]
