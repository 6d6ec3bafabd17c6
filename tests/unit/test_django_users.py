"""Django's sessions, cookies, CSRF, CORS and users behind netguard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.core.management import call_command
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.test import Client, override_settings
from django.urls import path

from netguard import NetguardError, Origin, Policy
from netguard.django import get_wsgi_application
from netguard.messages import Refusal, Request
from netguard.plan import Plan
from netguard.rules import Mode
from scenarios.django_driver import ENTRY, FORMS, POLICY, Form, asked, plain, plain_async
from scenarios.row import Ask
from support.django_site import DATABASE, configure

configure()

from django.contrib.auth.models import User  # noqa: E402  # a model exists once Django is set up

SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
CORS = "corsheaders.middleware.CorsMiddleware"
WORDS = {"username": "ada", "password": "correct horse battery staple"}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    found: Form = request.param
    return found


@pytest.fixture
def database() -> Iterator[None]:
    """Empty tables with one member in them."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    User.objects.create_user(**WORDS)
    yield
    connections.close_all()
    DATABASE.unlink()


def log_in(request: HttpRequest) -> HttpResponse:
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    assert user is not None
    login(request, user)
    messages.info(request, "Welcome back")
    return HttpResponse()


def who(request: HttpRequest) -> HttpResponse:
    get_token(request)
    return HttpResponse(f"{request.user}: {', '.join(map(str, messages.get_messages(request)))}")


@pytest.mark.parametrize("preset", ["web", "api", "strict", "development"])
@pytest.mark.usefixtures("database")
def test_a_session_with_login_messages_and_csrf_under_every_preset(preset: Any) -> None:
    policy = Policy(hosts=["booking.example"], preset=preset)
    urls = (path("login", log_in), path("", who))
    middleware = [ENTRY, SESSION, CSRF, AUTH, MESSAGES]
    with override_settings(NETGUARD=policy, MIDDLEWARE=middleware, ROOT_URLCONF=urls):
        client = Client(enforce_csrf_checks=True, headers={"host": "booking.example"})
        client.get("/", secure=True)
        origin = {"origin": "https://booking.example", "referer": "https://booking.example/"}
        assert client.post("/login", WORDS, secure=True, headers=origin).status_code == 403
        token = client.cookies["csrftoken"].value
        assert (
            client.post("/login", {**WORDS, "csrfmiddlewaretoken": token}, secure=True, headers=origin).status_code
            == 200
        )
        assert client.get("/", secure=True).content == b"ada: Welcome back"
    session, csrf = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
    assert (csrf["secure"], csrf["httponly"], csrf["samesite"]) == (True, "", "Lax")


def test_cookies_are_completed_and_what_they_say_stays(form: Form) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse()
        response.set_cookie("a", "x;y", max_age=60, path="/courts")
        response.set_cookie("b", "1", samesite="Strict")
        response.delete_cookie("c")
        response.headers["X-Powered-By"] = "courts"
        return response

    outcome = asked(form, view)
    cookies = {cookie.partition("=")[0]: _attributes(cookie) for cookie in outcome.values("set-cookie")}
    assert {"Max-Age=60", "Path=/courts", "Secure", "HttpOnly", "SameSite=Lax"} <= cookies["a"]
    assert {"SameSite=Strict", "Secure", "HttpOnly"} <= cookies["b"]
    assert {"Max-Age=0", "Secure", "HttpOnly", "SameSite=Lax"} <= cookies["c"]
    assert outcome.values("x-powered-by") == []


def _attributes(cookie: str) -> set[str]:
    return {part.strip() for part in cookie.split(";")[1:]}


@pytest.mark.parametrize("origin", ["https://club.example", "https://evil.example"])
def test_cors_behind_netguard(form: Form, origin: str) -> None:
    """Preflights pass to django-cors-headers, which answers for its own origins; netguard refuses the others' posts."""
    pytest.importorskip("corsheaders")
    policy = Policy(hosts=["booking.example"], origin=Origin(trusted=["https://club.example"]))
    ours = origin == "https://club.example"
    fields = [f"Origin: {origin}", "Sec-Fetch-Site: cross-site"]
    preflight = Ask(method="OPTIONS", fields=[*fields, "Access-Control-Request-Method: POST"])
    with override_settings(CORS_ALLOWED_ORIGINS=["https://club.example"]):
        answered = asked(form, plain, CORS, policy=policy, ask=preflight)
        plain_http = asked(form, plain, CORS, policy=policy, ask=Ask(method="OPTIONS", fields=fields, scheme="http"))
        posted = asked(form, plain, CORS, policy=policy, ask=Ask(method="POST", fields=fields))
    assert answered.values("access-control-allow-origin") == ([origin] if ours else [])
    assert answered.values("x-content-type-options") == ["nosniff"]
    assert plain_http.status == 308
    assert posted.status == (200 if ours else 403)


@dataclass(slots=True)
class Members:
    """A rule for members only."""

    rule: str = "roles"
    mode: Mode = "enforce"
    hides: bool = False

    def matches(self, request: Request) -> bool:
        return request.path.startswith("/members")

    def judge(self, request: Request, user: object) -> Refusal | None:
        return None if user is not None else Refusal("roles", "roles.nobody", 403, "members only")


def guarded() -> Plan:
    return Plan(POLICY, user_rules=[Members()])


MEMBERS = Ask(target=b"/members")


def as_ada(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """An authentication of the project's own, which sets the user and nothing else."""

    def authenticated(request: HttpRequest) -> HttpResponse:
        request.user = User(username="ada")
        return get_response(request)

    return authenticated


@pytest.mark.parametrize("view", [plain, plain_async], ids=["sync", "async"])
def test_a_rule_about_the_user_is_asked_before_the_view(form: Form, view: Callable[..., Any]) -> None:
    entry = [ENTRY] if form.endswith("wrapped") else []
    ran: list[str] = []

    def noted(request: HttpRequest) -> Any:
        ran.append(request.path)
        return view(request)

    nobody = asked(form, noted, *entry, SESSION, AUTH, policy=guarded(), ask=MEMBERS)
    assert (nobody.status, [event.code for event in nobody.events], ran) == (403, ["roles.nobody"], [])
    assert nobody.values("x-content-type-options") == ["nosniff"]
    known = asked(form, view, *entry, f"{__name__}.as_ada", policy=guarded(), ask=MEMBERS)
    assert (known.status, known.body, known.events) == (200, b"ok", [])
    assert asked(form, view, *entry, policy=guarded()).status == 200


def test_nothing_leaves_where_nobody_tells_the_user(form: Form) -> None:
    entry = [ENTRY] if form.endswith("wrapped") else []
    outcome = asked(form, plain, *entry, policy=guarded(), ask=MEMBERS)
    assert (outcome.status, [event.code for event in outcome.events]) == (403, ["roles.unjudged"])
    assert b"ok" not in outcome.body


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("form", ["asgi-wrapped", "asgi-middleware"])
def test_the_user_of_a_session_is_known_to_an_async_hook(form: Form) -> None:
    entry = [ENTRY] if form.endswith("wrapped") else []
    with override_settings(
        NETGUARD=POLICY, MIDDLEWARE=[ENTRY, SESSION, AUTH, MESSAGES], ROOT_URLCONF=(path("login", log_in),)
    ):
        client = Client(headers={"host": "booking.example"})
        client.post("/login", WORDS, secure=True)
    ask = Ask(target=b"/members", fields=[f"Cookie: sessionid={client.cookies['sessionid'].value}"])
    outcome = asked(form, plain_async, *entry, SESSION, AUTH, policy=guarded(), ask=ask)
    assert (outcome.status, outcome.body) == (200, b"ok")


def test_the_wrapped_form_wants_the_hook_for_rules_about_the_user() -> None:
    with override_settings(NETGUARD=guarded(), MIDDLEWARE=[SESSION]), pytest.raises(NetguardError, match="MIDDLEWARE"):
        get_wsgi_application()
