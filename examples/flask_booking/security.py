"""All of the service's protection: one policy."""

import os

from flask import Flask

from netguard import HTTPS, Cookies, Origin, Policy
from netguard.flask import Netguard

HTTP, HTTPS_PORT = int(os.environ.get("DEMO_HTTP_PORT", "8080")), int(os.environ.get("DEMO_HTTPS_PORT", "8443"))

policy = Policy(
    hosts=os.environ.get("BOOKING_HOSTS", f"localhost:{HTTP} localhost:{HTTPS_PORT}").split(),
    proxies=os.environ.get("BOOKING_PROXIES", "").split(),
    exempt=["GET /healthz"],
    https=HTTPS(ports={HTTP: HTTPS_PORT}),
    cookies=Cookies(prefix="host"),  # at the browser `session` is `__Host-session`, which no sister site can plant
    origin=Origin(isolate=["/bookings/*"]),  # no other site may load them, not even as an image
)


def protect(app: Flask) -> None:
    """Put the policy in front of the app."""
    Netguard(app, policy)
