"""Django's admin of users: who is locked, and the action that unlocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client, override_settings
from django.urls import path

from netguard import Logins, Policy
from netguard.messages import Taken
from netguard.plan import Plan
from netguard.stores.memory import MemoryStore
from netguard.stores.outage import Guarded
from scenarios.django_driver import ENTRY
from support.django_site import DATABASE, configure
from support.login_sites import guarded
from support.logins import fail
from support.remote import Clock, Remote
from unit.test_django_users import AUTH, MESSAGES, SESSION

configure()

from django.contrib.admin import AdminSite  # noqa: E402  # models exist once Django is set up
from django.contrib.admin.models import LogEntry  # noqa: E402
from django.contrib.admin.sites import all_sites  # noqa: E402
from django.contrib.auth.admin import UserAdmin  # noqa: E402
from django.contrib.auth.models import Permission, User  # noqa: E402

from netguard.django.admin import ShowsLockouts  # noqa: E402

USERS = "/admin/auth/user/"


class Counted(MemoryStore):
    """A store that tells how often it was asked."""

    asked = 0

    def peek(self, ops: Any) -> Taken:
        self.asked += 1
        return super().peek(ops)


class MemberAdmin(ShowsLockouts, UserAdmin):  # type: ignore[type-arg]  # generic to type checkers alone
    actions = ()  # as if a project listed its own
    list_editable = ("first_name",)


class Site(AdminSite):
    """A site of its own for each test: the admin of users keeps its lockout."""

    def __init__(self) -> None:
        super().__init__()
        self.register(User, MemberAdmin)
        all_sites.discard(self)  # whose checks other tests do not run


@pytest.fixture
def store() -> Counted:
    return Counted(clock=Clock())


@pytest.fixture
def logins(store: Counted) -> Iterator[Logins]:
    """The lockout of a project with an admin, whose administrator is root."""
    plan = Plan(guarded(), store=store)
    templates = [{**settings.TEMPLATES[0], "APP_DIRS": True}]
    templates[0]["OPTIONS"] = {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]}  # fmt: skip
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    User.objects.create_superuser("root")
    User.objects.create_user("helper", is_staff=True)
    for number in range(30):
        User.objects.create_user(f"member{number}")
    with override_settings(
        NETGUARD=plan, MIDDLEWARE=[ENTRY, SESSION, AUTH, MESSAGES], TEMPLATES=templates,
        ROOT_URLCONF=(path("admin/", Site().urls),), STATIC_URL="/static/",
    ):  # fmt: skip
        yield Logins(plan)
    connections.close_all()
    DATABASE.unlink()


def staff(name: str) -> Client:
    client = Client(headers={"host": "booking.example", "sec-fetch-site": "same-origin"})
    client.force_login(User.objects.get(username=name))
    return client


def act(client: Client, *names: str) -> Any:
    chosen = [str(user.pk) for user in User.objects.filter(username__in=names)]
    return client.post(USERS, {"action": "unlock", "_selected_action": chosen}, secure=True)


def test_a_column_tells_who_is_locked_by_one_question(logins: Logins, store: Counted) -> None:
    fail(logins, "MEMBER3")
    page = staff("root").get(USERS, secure=True)
    assert page.status_code == 200
    rows = re.findall(r"<tr>.*?</tr>", page.content.decode(), re.DOTALL)
    (row,) = [row for row in rows if "15 min" in row]
    assert ">member3<" in row
    assert len(rows) > 30
    assert store.asked == 1


def test_the_action_unlocks_and_is_logged(logins: Logins) -> None:
    fail(fail(logins, "member3"), "member4")
    assert act(staff("root"), "member3").status_code == 302
    assert (logins.locked_for("member3"), logins.locked_for("member4")) == ([0.0], [900.0])
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), str(entry.object_repr), entry.change_message) == ("root", "member3", "Unlocked.")


def test_who_may_only_look_cannot_unlock(logins: Logins) -> None:
    fail(logins, "member3")
    helper = User.objects.get(username="helper")
    helper.user_permissions.add(Permission.objects.get(codename="view_user"))
    page = staff("helper").get(USERS, secure=True)
    assert b"15 min" in page.content
    assert b'value="unlock"' not in page.content
    act(staff("helper"), "member3")
    assert logins.locked_for("member3") == [900.0]
    helper.user_permissions.add(Permission.objects.get(codename="change_user"))
    act(staff("helper"), "member3")
    assert logins.locked_for("member3") == [0.0]


@pytest.mark.usefixtures("logins")
def test_a_store_that_is_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Remote(Clock())
    remote.fail()
    urls = (path("admin/", Site().urls),)
    with override_settings(NETGUARD=Plan(guarded(), store=Guarded(remote)), ROOT_URLCONF=urls):
        root = staff("root")
        act(root, "member3")
        assert "the store is out" in root.get(USERS, secure=True).content.decode()
    assert LogEntry.objects.count() == 0


def test_a_project_without_lockout_is_told_at_start_up() -> None:
    with override_settings(NETGUARD=Policy()):
        errors = MemberAdmin(User, AdminSite()).check()
    assert [(error.id, "no lockout" in error.msg) for error in errors] == [("netguard.E002", True)]
    with override_settings(NETGUARD=guarded()):
        assert MemberAdmin(User, AdminSite()).check() == []
