"""What live tests share: the sites, an app that stands for an attacker's, and apps served from a test's own process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlencode

import uvicorn
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from support.certificates import Certificate
from support.servers import HOST

from .conftest import NAME

SITE = f"https://{NAME}"
SISTER = f"https://shop.{NAME}"  # same site, other origin: SameSite does not keep it out
EVIL = "https://evil.example"
EMAIL, PASSWORD = f"ada@{NAME}", "correct horse battery staple"
WITHIN = 30  # seconds
HANDSHAKE = """url => new Promise(done => {
    const socket = new WebSocket(url);
    socket.onmessage = ({data}) => done(data);
    socket.onerror = () => done("refused");
})"""
LOOPBACK = ["--disable-features=LocalNetworkAccessChecks"]  # the sites are on loopback, as no real one would be


async def blank(request: Request) -> HTMLResponse:
    """A page on which a test does what an attacker would; it sets the cookies of its query as they are."""
    response = HTMLResponse("<!doctype html><title>attacker</title>")
    for cookie in request.query_params.getlist("set"):
        response.raw_headers.append((b"set-cookie", cookie.encode("latin-1")))
    return response


attacker = Starlette(routes=[Route("/", blank)])


def setting(site: str, *cookies: str) -> str:
    """The address of the attacker's page on ``site`` that sets these."""
    return f"{site}/?{urlencode([('set', cookie) for cookie in cookies])}"


def send_form(page: Page, target: str, **fields: str) -> None:
    """Post a form from the page that is open, as a visitor's press on a button would."""
    page.evaluate(
        """([target, fields]) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = target;
            for (const [name, value] of Object.entries(fields)) {
                const input = document.createElement("input");
                [input.name, input.value] = [name, value];
                form.append(input);
            }
            document.body.append(form);
            form.submit();
        }""",
        [target, fields],
    )


def log_in(page: Page) -> None:
    page.goto(f"{SITE}/login")
    fill_in(page)


def fill_in(page: Page) -> None:
    """Log in on the page that is open."""
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{SITE}/")


def try_to_log_in(page: Page, email: str, password: str) -> int:
    """The status of the answer to these."""
    page.goto(f"{SITE}/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    return press(page, "Log in", f"{SITE}/login")


def press(page: Page, button: str, target: str) -> int:
    """The status of the answer to a form, before what it redirects to."""
    with page.expect_response(lambda answer: answer.url == target and answer.request.method == "POST") as answered:
        page.get_by_role("main").get_by_role("button", name=button).click()
    page.wait_for_load_state()
    return answered.value.status


@contextmanager
def served(app: ASGIApp, cert: Certificate) -> Iterator[int]:
    """The port of an app on uvicorn over TLS, in a thread; it listens before its block begins."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen()
        config = uvicorn.Config(
            app, ssl_certfile=cert.chain, ssl_keyfile=cert.key, proxy_headers=False, log_config=None, lifespan="off"
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(WITHIN)
