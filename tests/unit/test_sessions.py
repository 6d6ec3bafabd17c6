"""Each framework's own session keeps working: under every preset, under prefixed names, and over http on localhost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from django.core.management import call_command
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from starlette.testclient import TestClient

from netguard import Cookies, Policy
from scenarios.django_driver import ENTRY, FORMS, Form
from scenarios.session_apps import CREDENTIALS, MIDDLEWARE, SITES, URLS, Site, django, starlette
from support.django_site import DATABASE

from django.contrib.auth.models import User  # isort: skip  # a model exists once Django is set up

HTTPS, LOCAL = "https://booking.example", "http://localhost:8000"
PRESETS = ("web", "api", "strict", "legacy", "development")
SECTIONS = {"plain": Cookies(), "host": Cookies(prefix="host"), "secure": Cookies(prefix="secure")}
PREFIXES = {"plain": "", "host": "__Host-", "secure": "__Secure-"}


@pytest.fixture(scope="module", autouse=True)
def _database() -> Iterator[None]:
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    User.objects.create_user(**CREDENTIALS)
    yield
    connections.close_all()
    DATABASE.unlink()


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> Site:
    return SITES[request.param]


def post(browser: httpx2.Client, place: str) -> httpx2.Response:
    """Send a form as a browser does, with Django's token where the page had one."""
    page = browser.get("/")
    fetched = {"Sec-Fetch-Site": "same-origin", "Origin": str(browser.base_url).rstrip("/")}
    token = {"X-CSRFToken": page.headers["X-Token"]} if "X-Token" in page.headers else {}
    answer = browser.post(place, headers={"Referer": f"{browser.base_url}", **fetched, **token})
    assert answer.status_code == 200
    return answer


def who(browser: httpx2.Client) -> str:
    return browser.get("/").text


def cookies(answer: httpx2.Response) -> dict[str, set[str]]:
    """Name and attributes of what was set, in small letters but for the names."""
    parts = [[part.strip() for part in field.split(";")] for field in answer.headers.get_list("set-cookie")]
    return {pair.partition("=")[0]: {part.lower() for part in rest} for pair, *rest in parts}


def walked(browser: httpx2.Client) -> list[httpx2.Response]:
    """Log in, be greeted once, log out and be nobody again."""
    assert who(browser) == "None: "
    entered = post(browser, "/login")
    assert who(browser) == "ada: Welcome back"
    assert who(browser) == "ada: "
    left = post(browser, "/logout")
    assert who(browser) == "None: "
    return [entered, left]


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_session_begins_and_ends_under_every_preset(site: Site, preset: Any, section: str) -> None:
    policy = Policy(hosts=["booking.example"], preset=preset, cookies=SECTIONS[section])
    with site(policy, HTTPS) as browser:
        for answer in walked(browser()):
            assert cookies(answer)
            for name, attributes in cookies(answer).items():
                assert name.startswith(PREFIXES[section])
                assert {"secure", "samesite=lax", "path=/"} <= attributes
                assert "httponly" in attributes or name.endswith("csrftoken")


@pytest.mark.parametrize("section", SECTIONS)
def test_over_http_on_localhost_neither_secure_nor_prefix(site: Site, section: str) -> None:
    with site(Policy.development(cookies=SECTIONS[section]), LOCAL) as browser:
        for answer in walked(browser()):
            assert cookies(answer)
            for name, attributes in cookies(answer).items():
                assert not name.startswith("__")
                assert "secure" not in attributes
                assert "samesite=lax" in attributes


@pytest.mark.parametrize("section", SECTIONS)
def test_a_websocket_finds_the_session(section: str) -> None:
    with starlette(Policy(hosts=["booking.example"], cookies=SECTIONS[section]), HTTPS) as browser:
        ada = browser()
        assert isinstance(ada, TestClient)
        post(ada, "/login")
        with ada.websocket_connect("wss://booking.example/live", headers={"Origin": HTTPS}) as live:
            assert live.receive_text() == "ada"


@pytest.mark.parametrize("section", ["host", "secure"])
def test_a_session_under_the_plain_name_is_nobodys(site: Site, section: str) -> None:
    """What any sister site can plant, with a Domain. `__Host-` none can forge; `__Secure-` one with https can."""
    with site(Policy(hosts=["booking.example"], cookies=SECTIONS[section]), HTTPS) as browser:
        mallory, ada = browser(), browser()
        post(mallory, "/login")
        tossed = {name.removeprefix(PREFIXES[section]): value for name, value in mallory.cookies.items()}
        assert tossed
        assert not tossed.keys() & mallory.cookies.keys()
        ada.cookies.update(tossed)
        assert who(ada) == "None: "


def test_a_log_out_leaves_the_browser_without_cookies(site: Site) -> None:
    with site(Policy(hosts=["booking.example"], cookies=Cookies(prefix="host")), HTTPS) as browser:
        ada = browser()
        post(ada, "/login")
        assert dict(ada.cookies)
        left = post(ada, "/logout")
        assert dict(ada.cookies) == {}
        assert left.headers["clear-site-data"] == '"cache", "storage"'


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_a_message_outlives_the_log_out_that_left_it(form: Form, section: str) -> None:
    with django(form, Policy(hosts=["booking.example"], cookies=SECTIONS[section]), HTTPS) as browser:
        ada = browser()
        post(ada, "/login")
        assert who(ada) == "ada: Welcome back"
        left = post(ada, "/farewell")
        assert who(ada) == "None: You are logged out."
    values = {field.partition("=")[0].strip(): field.partition(";")[0] for field in left.headers.get_list("set-cookie")}
    assert {name for name, pair in values.items() if not pair.partition("=")[2].strip('"')} == {
        PREFIXES[section] + name for name in ("csrftoken", "sessionid")
    }


@pytest.mark.parametrize("section", SECTIONS)
def test_django_s_own_jar_says_what_leaves_and_survives_a_look_at_the_headers(section: str) -> None:
    policy = Policy(hosts=["booking.example"], cookies=SECTIONS[section])
    with override_settings(NETGUARD=policy, MIDDLEWARE=[f"{__name__}.outer", ENTRY, *MIDDLEWARE], ROOT_URLCONF=URLS):
        client = Client(headers={"host": "booking.example"})
        client.get("/", secure=True)
        client.post("/login", secure=True)
        client.get("/", secure=True)
        del client.cookies["messages"]  # this client keeps what was deleted, as an empty value
        jar = client.post("/farewell", secure=True).cookies
        assert client.get("/", secure=True).content == b"None: You are logged out."
    assert {name for name, morsel in jar.items() if morsel["max-age"] == 0 or morsel["max-age"] == "0"} == {
        "csrftoken",
        "sessionid",
    }
    assert {morsel.key for morsel in jar.values()} == {
        PREFIXES[section] + name for name in ("csrftoken", "messages", "sessionid")
    }


def outer(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware before netguard that touches the headers."""

    def answered(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["X-Outer"] = "1"
        assert "Set-Cookie" not in response.headers  # a mapping: two would be one
        return response

    return answered
