"""What frameworks say of a login by signals, for ``success=reported()``: Django's authentication and Flask-Login."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import aauthenticate, alogin, authenticate, login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import override_settings
from flask import Flask, request
from flask_login import LoginManager, UserMixin, login_user  # type: ignore[import-untyped]

from netguard import Policy, form, redirected, reported
from netguard.flask import Netguard
from netguard.plan import Plan
from scenarios.django_driver import Form, served
from scenarios.row import Ask, Outcome, Row
from scenarios.rows.lockout import FORM, SAME
from scenarios.wsgi_driver import exchanged
from support.login_sites import guarded
from unit.test_django_users import AUTH, MESSAGES, SESSION, WORDS, database
from unit.test_django_users import form as forms

__all__ = ["database", "forms"]  # fixtures


def policy(**keywords: Any) -> Policy:
    settings = {"on": "POST /login", "username": form("username"), "success": reported(), "devices": False}
    return guarded(**{**settings, **keywords})


def asks(*passwords: str) -> list[Ask]:
    bodies = [f"username={WORDS['username']}&password={word}".encode() for word in passwords]
    return [Ask(method="POST", target=b"/login", body=[body], fields=[FORM, SAME]) for body in bodies]


def statuses(outcome: Outcome) -> list[int]:
    return [one.status for one in (*outcome.earlier, outcome)]


def codes(outcome: Outcome) -> list[list[str]]:
    every = (*outcome.earlier, outcome)
    return [[event.code for event in one.events if event.rule == "lockout"] for one in every]


RIGHT = WORDS["password"]
CLEARED = (["wrong", RIGHT, "wrong", RIGHT, "wrong", "wrong", RIGHT], [200] * 6 + [429])


def view(request: HttpRequest) -> HttpResponse:
    """Says to everybody the same, so that only the signals tell."""
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is not None:
        login(request, user)
    return HttpResponse("who knows")


async def aview(request: HttpRequest) -> HttpResponse:
    user = await aauthenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is not None:
        await alogin(request, user)
    return HttpResponse("who knows")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("view", [view, aview], ids=["sync", "async"])
def test_djangos_authentication(forms: Form, view: Callable[[HttpRequest], Any]) -> None:
    words, expected = CLEARED
    *first, last = asks(*words)
    row = Row(id="", policy=Plan(policy()), ask=last, first=first)
    with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"):
        outcome = served(forms, row, view, middleware=[SESSION, AUTH, MESSAGES])
    assert statuses(outcome) == expected
    assert codes(outcome)[:2] == [["lockout.failed"], ["lockout.recovered"]]


def moves(request: HttpRequest) -> HttpResponseRedirect:
    view(request)
    return HttpResponseRedirect("/home")


@pytest.mark.usefixtures("database")
def test_djangos_word_counts_before_what_the_answer_would_prove(forms: Form) -> None:
    *first, last = asks("wrong", "wrong", RIGHT)
    row = Row(id="", policy=Plan(policy(success=redirected())), ask=last, first=first)
    assert statuses(served(forms, row, moves, middleware=[SESSION, AUTH, MESSAGES])) == [302, 302, 429]


def flask_site(plan: Plan) -> Flask:
    app = Flask("signals", static_folder=None)
    app.secret_key = b"of the tests"
    LoginManager(app).user_loader(lambda name: None)
    Netguard(app, plan)

    @app.post("/login")
    def log_in() -> str:
        if request.form["password"] == RIGHT:
            user = UserMixin()
            user.id = "ada"
            login_user(user)
        return "who knows"

    return app


def test_flask_login() -> None:
    words, expected = CLEARED
    *first, last = asks(*words)
    plan = Plan(policy())
    outcome = exchanged(Row(id="", policy=plan, ask=last, first=first), flask_site(plan), [])
    assert statuses(outcome) == expected
    assert codes(outcome)[:2] == [["lockout.failed"], ["lockout.recovered"]]


def test_flask_login_without_a_lockout_on_the_route() -> None:
    plan = Plan(guarded(devices=False))
    outcome = exchanged(Row(id="", policy=plan, ask=asks(RIGHT)[0]), flask_site(plan), [])
    assert (outcome.status, codes(outcome)) == (200, [[]])
