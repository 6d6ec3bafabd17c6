"""All of the service's protection: one policy."""

import os
import secrets

from flask import Flask

from booking.refusals import refusal_page
from netguard import HTTPS, Area, Cookies, Lockout, Origin, Policy, RateLimit, form, redirected, staff, user
from netguard.flask import Netguard

from .answers import visitor

HTTP, HTTPS_PORT = int(os.environ.get("DEMO_HTTP_PORT", "8080")), int(os.environ.get("DEMO_HTTPS_PORT", "8443"))
LETTERS = ["POST /password-reset", "POST /unlock"]
ADMIN_NETWORKS = os.environ.get("ADMIN_NETWORKS", "loopback private").split()

policy = Policy(
    hosts=os.environ.get("BOOKING_HOSTS", f"localhost:{HTTP} localhost:{HTTPS_PORT}").split(),
    proxies=os.environ.get("BOOKING_PROXIES", "").split(),
    exempt=["GET /healthz"],
    https=HTTPS(ports={HTTP: HTTPS_PORT}),
    cookies=Cookies(prefix="host"),  # at the browser `session` is `__Host-session`, which no sister site can plant
    origin=Origin(isolate=["/bookings/*"]),  # no other site may load them, not even as an image
    areas=[Area("/admin/*", networks=ADMIN_NETWORKS, require=staff, hide="outside")],
    limits=[
        RateLimit("60/minute", on="GET /clubs/*", name="search"),
        RateLimit("30/hour", on="POST /bookings", by=user, name="book"),
        RateLimit("5/hour", on=LETTERS, by=form("email"), name="letters"),  # whoever asks for them
        RateLimit("20/hour", on=LETTERS, name="askers"),  # whatever the address
    ],
    lockout=Lockout(on="POST /login", username=form("email"), success=redirected()),
    secrets=[os.environ.get("BOOKING_SECRET") or secrets.token_urlsafe(32)],  # for unlock links and known browsers
    on_refusal=dict.fromkeys((400, 403, 404, 429, 503), refusal_page),
)


def protect(app: Flask) -> None:
    """Put the policy in front of the app; its rules about users ask who is logged in."""
    Netguard(app, policy, user=visitor)
