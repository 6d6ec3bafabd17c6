"""All of the service's protection: one policy."""

import os

from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from netguard import HTTPS, Cookies, Origin, Policy, RateLimit, form, user
from netguard.starlette import NetguardMiddleware

HTTP, HTTPS_PORT = int(os.environ.get("DEMO_HTTP_PORT", "8080")), int(os.environ.get("DEMO_HTTPS_PORT", "8443"))

policy = Policy(
    hosts=os.environ.get("BOOKING_HOSTS", f"localhost:{HTTP} localhost:{HTTPS_PORT}").split(),
    proxies=os.environ.get("BOOKING_PROXIES", "").split(),
    exempt=["GET /healthz"],
    https=HTTPS(ports={HTTP: HTTPS_PORT}),
    cookies=Cookies(prefix="host"),  # at the browser `session` is `__Host-session`, which no sister site can plant
    origin=Origin(isolate=["/bookings/*"]),  # no other site may load them, not even as an image
    limits=[
        RateLimit("60/minute", on="GET /clubs/*", name="search"),
        RateLimit("30/hour", on="POST /bookings", by=user, name="book"),
        RateLimit("5/hour", on="POST /password-reset", by=form("email"), name="letters"),  # whoever asks for them
        RateLimit("20/hour", on="POST /password-reset", name="askers"),  # whatever the address
    ],
)


def member(connection: HTTPConnection) -> int | None:
    """By whom bookings are counted."""
    number: int | None = connection.session.get("member")
    return number


def protect(app: Starlette) -> None:
    """Put the policy in front of the app, outside every other middleware."""
    app.add_middleware(NetguardMiddleware, policy=policy)
