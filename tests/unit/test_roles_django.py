"""Roles with Django's own users: permissions, groups and staff, from its database, beside any event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from netguard import Area, LivePolicy, NetguardError, Policy, group, permission, signed_in, staff, superuser
from netguard.django import get_wsgi_application
from scenarios.django_driver import ENTRY, FORMS, Form, asked, plain, plain_async
from scenarios.row import Ask, Outcome
from support.django_site import DATABASE, configure

configure()

from django.contrib.auth import login  # noqa: E402  # models exist once Django is set up
from django.contrib.auth.models import Group, Permission, User  # noqa: E402

LAYERS = ["django.contrib.sessions.middleware.SessionMiddleware",
          "django.contrib.auth.middleware.AuthenticationMiddleware"]  # fmt: skip


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    found: Form = request.param
    return found


@pytest.fixture
def members() -> Iterator[None]:
    """Ann with a permission, Gil in a group with another, Sam of the staff, Sue who may all, Bob, and Ida, inactive."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    ann, gil, *_ = [User.objects.create_user(name) for name in ("ann", "gil", "bob")]
    User.objects.create_user("sam", is_staff=True)
    User.objects.create_superuser("sue")
    may_see, may_add = [Permission.objects.get(codename=name) for name in ("view_session", "add_session")]
    ann.user_permissions.add(may_see)
    office = Group.objects.create(name="office")
    office.permissions.add(may_add)
    gil.groups.add(office)
    yield
    connections.close_all()
    DATABASE.unlink()


def cookie_of(name: str) -> str:
    """The session of somebody who logged in."""

    def view(request: HttpRequest) -> HttpResponse:
        login(request, User.objects.get(username=name))
        return HttpResponse()

    settings = {"NETGUARD": Policy(hosts=["booking.example"]), "ROOT_URLCONF": (path("", view),)}
    with override_settings(MIDDLEWARE=[ENTRY, *LAYERS], **settings):
        client = Client(headers={"host": "booking.example"})
        client.get("/", secure=True)
    return f"sessionid={client.cookies['sessionid'].value}"


def answered(
    form: Form, require: Any, name: str | None, view: Callable[..., Any] | None = None, **keywords: Any
) -> Outcome:
    """The answer to somebody who asks for what the area guards."""
    policy = Policy(hosts=["booking.example"], areas=[Area("/admin/*", require=require, **keywords)])
    ask = Ask(target=b"/admin/x", fields=[] if name is None else [f"Cookie: {cookie_of(name)}"])
    entry = [ENTRY] if form.endswith("wrapped") else []
    view = view or (plain_async if form.startswith("asgi") else plain)
    return asked(form, view, *entry, *LAYERS, policy=policy, ask=ask)


def said(outcome: Outcome) -> tuple[int, list[str]]:
    return outcome.status, [event.code for event in outcome.events]


@pytest.mark.usefixtures("members")
@pytest.mark.parametrize(
    ("require", "has", "lacks"),
    [
        pytest.param(permission("sessions.view_session"), ["ann", "sue"], ["gil", "bob", "sam"], id="permission"),
        pytest.param(permission("sessions.add_session"), ["gil", "sue"], ["ann"], id="permission-of-a-group"),
        pytest.param(group("office"), ["gil"], ["ann", "sue"], id="group"),
        pytest.param(staff, ["sam", "sue"], ["ann", "gil"], id="staff"),
        pytest.param(superuser, ["sue"], ["sam"], id="superuser"),
        pytest.param([staff, permission("sessions.view_session")], ["sue"], ["sam", "ann"], id="both"),
        pytest.param(signed_in, ["bob"], [], id="signed-in"),
        pytest.param(lambda user: user.username == "bob", ["bob"], ["sue"], id="callable"),
    ],
)
def test_who_has_a_role_comes_in(form: Form, require: Any, has: list[str], lacks: list[str]) -> None:
    for name in has:
        assert said(answered(form, require, name)) == (200, []), name
    for name in lacks:
        assert said(answered(form, require, name)) == (403, ["roles.missing"]), name
    assert said(answered(form, require, None)) == (403, ["roles.nobody"])


@pytest.mark.usefixtures("members")
def test_a_require_that_raises_lets_nobody_in(form: Form) -> None:
    def broken(user: Any) -> bool:
        raise LookupError("no such club")

    outcome = answered(form, broken, "sue")
    assert (outcome.status, b"ok" in outcome.body) == (403, False)
    assert "roles.unjudged" in [event.code for event in outcome.events]


@pytest.mark.usefixtures("members")
def test_a_view_of_the_other_kind_is_guarded_too(form: Form) -> None:
    view = plain if form.startswith("asgi") else plain_async
    assert said(answered(form, group("office"), "gil", view)) == (200, [])
    assert said(answered(form, group("office"), "bob", view)) == (403, ["roles.missing"])


@pytest.mark.usefixtures("members")
def test_only_reporting_lets_in(form: Form) -> None:
    outcome = answered(form, group("office"), "bob", mode="report")
    assert (said(outcome), outcome.events[0].enforced) == ((200, ["roles.missing"]), False)


@pytest.mark.parametrize(
    ("keywords", "status"),
    [pytest.param({}, 403, id="shown"), pytest.param({"hide": True}, 404, id="hidden"),
     pytest.param({"mode": "report", "hide": True}, 200, id="report")],
)  # fmt: skip
def test_where_no_hook_ran(form: Form, keywords: dict[str, Any], status: int) -> None:
    policy = Policy(hosts=["booking.example"], areas=[Area("/admin/*", require=staff, **keywords)])
    entry = [ENTRY] if form.endswith("wrapped") else []
    outcome = asked(form, plain, *entry, policy=policy, ask=Ask(target=b"/admin/x"))
    assert said(outcome) == (status, ["roles.unjudged"])
    assert (b"ok" in outcome.body) == (status == 200) == (not outcome.events[0].enforced)
    assert b"unjudged" not in outcome.body or status == 403


def test_a_changed_policy_needs_the_hook_of_the_wrapped_form_too() -> None:
    wants: list[Area] = []
    live = LivePolicy(lambda: Policy(hosts=["booking.example"], areas=wants), every=0)
    with override_settings(NETGUARD=live, MIDDLEWARE=[]):
        get_wsgi_application()
        wants.append(Area("/admin/*", require=staff))
        with pytest.raises(NetguardError, match="MIDDLEWARE"):
            live.reload()
