"""Django's side of what leaves and what is read: cookies that no jar takes, heads that fail, large uploads."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from netguard import Origin, Policy
from netguard.cookie_rewriting import Outgoing
from netguard.errors import CookieError
from scenarios.django_driver import ENTRY, Form, asked
from scenarios.row import Ask

ENTRIES: tuple[Form, ...] = ("wsgi-middleware", "asgi-middleware")
POLICY = Policy(hosts=["booking.example"])
REPORT = Policy(hosts=["booking.example"], secrets=["s" * 32], origin=Origin(token=True, mode="report"))
NAMES = ["sid", "a/b", "a@b", "{a}", "a[b]", "path", "Secure", "a(b)", "a:b", "a?b"]
SENT = "Cookie: " + "; ".join(f"{name}=1" for name in NAMES)


@pytest.fixture(params=ENTRIES)
def form(request: pytest.FixtureRequest) -> Form:
    found: Form = request.param
    return found


def forgetting(request: HttpRequest) -> HttpResponse:
    request.netguard.forget()  # type: ignore[attr-defined]
    return HttpResponse("bye")


def touching(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware before netguard that looks into the headers and sets some."""

    def answered(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["X-Outer"] = "1"
        assert "Content-Type" in response.headers
        return response

    return answered


def deleted(cookies: list[str]) -> set[str]:
    """The names of the cookies that a response deletes; two deletions of one name are one too many."""
    names = [value.partition("=")[0] for value in cookies if "Max-Age=0" in value]
    assert len(names) == len(set(names))
    return set(names)


def test_every_name_that_a_browser_brings_can_be_forgotten(form: Form) -> None:
    outcome = asked(form, forgetting, policy=POLICY, ask=Ask(fields=[SENT]))
    assert (outcome.status, outcome.body) == (200, b"bye")
    assert deleted(outcome.values("set-cookie")) == set(NAMES)
    assert outcome.values("clear-site-data") == ['"cache", "storage"']
    assert outcome.values("x-content-type-options") == ["nosniff"]


def test_a_middleware_that_touches_the_headers_loses_none_of_them() -> None:
    urls = (path("", forgetting),)
    with override_settings(NETGUARD=POLICY, MIDDLEWARE=[f"{__name__}.touching", ENTRY], ROOT_URLCONF=urls):
        client = Client(headers={"host": "booking.example", "cookie": SENT.partition(": ")[2]})
        response = client.get("/", secure=True)
    fields = [value for name, value in response.items() if name == "Set-Cookie" or name == "set-cookie"]
    assert deleted([*fields, *(morsel.OutputString() for morsel in response.cookies.values())]) == set(NAMES)
    assert response["X-Outer"] == "1"


def test_a_head_that_cannot_be_made_is_answered_with_headers(
    form: Form, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Outgoing[str], own: list[tuple[str, str]], *_: object) -> None:
        if any(name.lower() == "set-cookie" for name, _ in own):
            raise CookieError("no such cookie")

    monkeypatch.setattr(Outgoing, "rewrite", fail)

    def setting(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("ok")
        response.set_cookie("sid", "1")
        return response

    with caplog.at_level(logging.ERROR, "netguard"):
        outcome = asked(form, setting, policy=POLICY)
    assert outcome.status == 500
    assert outcome.values("x-content-type-options") == ["nosniff"]
    assert [event.code for event in outcome.events] == ["app.exception"]
    assert "no such cookie" in caplog.text


@pytest.mark.parametrize("size", [70_000, 3_000_000], ids=["over-the-limit", "over-django-s"])
@pytest.mark.parametrize("wrapped", [False, True], ids=["middleware", "wrapped"])
def test_a_rule_that_only_reports_leaves_the_view_its_upload(size: int, wrapped: bool) -> None:
    read: list[int] = []

    async def view(request: HttpRequest) -> HttpResponse:
        read.append(len(request.read()))
        return HttpResponse("ok")

    kind = "Content-Type: application/x-www-form-urlencoded"
    ask = Ask(method="POST", fields=[kind], body=[b"x" * size], length="chunked")
    outcome = asked("asgi-wrapped" if wrapped else "asgi-middleware", view, policy=REPORT, ask=ask)
    assert (outcome.status, read) == (200, [size])
    assert [event.code for event in outcome.events] == ["body.too-large"]
