"""A real Chromium on small apps: what it makes of cookies on two domains, of prefixes, and of foreign WebSockets."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from netguard import Cookies, Policy
from netguard.cookies import CookieRule
from netguard.events import SecurityEvent
from netguard.starlette import NetguardMiddleware
from support.browser import open_browser
from support.certificates import Certificate

from .sites import EVIL, HANDSHAKE, LOOPBACK, SISTER, attacker, blank, served, setting

pytestmark = pytest.mark.needs("chromium")

CLUB, PADEL, SHOP, LIVE = "www.club.example", "www.padel.example", "shop.club.example", "live.booking.example"
SITES = (EVIL, SISTER, f"https://{SHOP}", "https://other.padel.example")
POLICY = Policy(
    hosts=[CLUB, PADEL],
    cookies=Cookies(
        domain={CLUB: "club.example", PADEL: "padel.example"},
        rules={"sid": CookieRule(prefix="host"), "theme": CookieRule(http_only=False, same_site="Strict")},
    ),
)
WRITTEN = ["sid=1", "theme=dark", "club=3; Path=/x", "pay=4; SameSite=None", "old=5; Domain=club.example; Max-Age=60"]
# What browsers drop where it comes as it is, by the name under which they would keep it.
MALFORMED = {
    "__Host-bare": "__Host-bare=1",
    "__Host-open": "__Host-open=1; Path=/",
    "__Host-wide": "__Host-wide=1; Secure; Path=/; Domain={domain}",
    "__Host-deep": "__Host-deep=1; Secure; Path=/courts",
    "__hOST-case": "__hOST-case=1; Path=/; Domain={domain}",
    "__Secure-open": "__Secure-open=1; Path=/",
    "cross": "cross=1; SameSite=None",
}


async def greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("welcome")
    await websocket.close()


def protected(policy: Policy, *routes: Any) -> Starlette:
    app = Starlette(routes=[Route("/", blank), *routes])
    app.add_middleware(NetguardMiddleware, policy=policy)
    return app


@pytest.fixture(scope="module")
def told() -> SimpleQueue[SecurityEvent]:
    """What the app with the WebSocket tells."""
    return SimpleQueue()


@pytest.fixture(scope="module")
def browser(certificate: Certificate, told: SimpleQueue[SecurityEvent]) -> Iterator[Browser]:
    live = protected(Policy(hosts=[LIVE], events=[told.put]), WebSocketRoute("/live", greet))
    with (
        served(attacker, certificate) as theirs,
        served(protected(POLICY), certificate) as ours,
        served(live, certificate) as spoken,
    ):
        ports = {**dict.fromkeys(SITES, theirs), CLUB: ours, PADEL: ours, LIVE: spoken}
        resolve = {f"{site.removeprefix('https://')}:443": port for site, port in ports.items()}
        with open_browser(cert=certificate, resolve=resolve, args=LOOPBACK) as chromium:
            yield chromium


def held(page: Page, *urls: str) -> dict[str, tuple[object, ...]]:
    """Domain, path, Secure, HttpOnly and SameSite of each cookie, as the browser reports them."""
    attributes = ("domain", "path", "secure", "httpOnly", "sameSite")
    found = page.context.cookies([*urls])
    return {cookie.get("name", ""): tuple(cookie.get(key) for key in attributes) for cookie in found}


@pytest.mark.parametrize(("host", "domain"), [(CLUB, ".club.example"), (PADEL, ".padel.example")])
def test_flags_are_those_of_the_policy_on_each_domain(page: Page, host: str, domain: str) -> None:
    page.goto(setting(f"https://{host}", *WRITTEN))
    found = held(page)
    assert found.pop("old", None) == ((domain, "/", True, True, "Lax") if host == CLUB else None)  # the app's own
    assert found == {
        "__Host-sid": (host, "/", True, True, "Lax"),
        "theme": (domain, "/", True, False, "Strict"),
        "club": (domain, "/x", True, True, "Lax"),
        "pay": (domain, "/", True, True, "None"),
    }
    assert page.evaluate("document.cookie") == "theme=dark"


def test_sister_hosts_get_the_domain_s_cookies_and_not_the_host_s(page: Page) -> None:
    page.goto(setting(f"https://{CLUB}", *WRITTEN))
    page.goto(setting(f"https://{PADEL}", *WRITTEN))
    assert set(held(page, f"https://{SHOP}/")) == {"theme", "pay", "old"}
    assert set(held(page, "https://other.padel.example/")) == {"theme", "pay"}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_cookie_is_dropped_unless_it_came_through_a_policy(page: Page, name: str) -> None:
    page.goto(setting(EVIL, MALFORMED[name].format(domain="evil.example")))
    assert held(page) == {}
    page.goto(setting(f"https://{CLUB}", MALFORMED[name].format(domain="club.example")))
    assert list(held(page)) == [name]


@pytest.mark.parametrize("site", [EVIL, SISTER])
def test_a_websocket_of_another_site_is_refused(page: Page, told: SimpleQueue[SecurityEvent], site: str) -> None:
    page.goto(f"https://{LIVE}/")
    assert page.evaluate(HANDSHAKE, f"wss://{LIVE}/live") == "welcome"
    assert told.empty()
    page.goto(setting(site))
    assert page.evaluate(HANDSHAKE, f"wss://{LIVE}/live") == "refused"
    assert told.get_nowait().code == "origin.foreign"
