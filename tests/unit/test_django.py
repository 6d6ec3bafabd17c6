"""What is Django's own: template tag, decorators, sessions, files, rules about the user, settings and system checks."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connections
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View

from netguard import CSP, SELF, ConfigError, Headers, NetguardError, Origin, Policy
from netguard.asgi import NetguardMiddleware
from netguard.asgi_messages import Receive, Scope, Send
from netguard.core import Plan
from netguard.django import csp_nonce, get_asgi_application, get_wsgi_application, headers
from netguard.messages import Refusal, Request
from netguard.rules import Mode
from scenarios import asgi_driver
from scenarios.django_driver import ENTRY, Form, served
from scenarios.row import CLIENT, PEER, PROXY, Ask, Outcome, Row
from support.django_site import DATABASE, configure

configure()

from django.contrib.auth.models import User  # noqa: E402  # a model exists once Django is set up

POLICY = Policy(hosts=["booking.example"])
FORMS: list[Form] = ["wsgi-wrapped", "wsgi-middleware", "asgi-wrapped", "asgi-middleware"]
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"
CORS = "corsheaders.middleware.CorsMiddleware"
WORDS = {"username": "ada", "password": "correct horse battery staple"}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    found: Form = request.param
    return found


def asked(
    form: Form, view: Callable[..., Any], *middleware: str, policy: Any = POLICY, ask: Ask | None = None
) -> Outcome:
    """One request to a site with this view."""
    return served(form, Row(id="", policy=policy, ask=ask or Ask()), view, middleware=middleware)


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


async def plain_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def csp(outcome: Outcome) -> str:
    return outcome.values("content-security-policy")[0]


# The nonce in templates


@pytest.mark.parametrize(
    "source", ["{% load netguard %}<{% csp_nonce %}>", "<{{ csp_nonce }}>"], ids=["tag", "processor"]
)
def test_the_nonce_in_a_template_is_the_header_s(form: Form, source: str) -> None:
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(Template(source).render(RequestContext(request)))

    outcome = asked(form, page)
    nonce = outcome.body.decode().strip("<>")
    assert len(nonce) == 24
    assert f"'nonce-{nonce}'" in csp(outcome)
    assert outcome.values("cache-control") == ["private"]


def test_a_template_that_does_not_write_it_makes_none(form: Form) -> None:
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(Template("{% if csp_nonce %}yes{% endif %}").render(RequestContext(request)))

    outcome = asked(form, page)
    assert outcome.body == b"yes"
    assert "nonce" not in csp(outcome)


def test_the_tag_says_what_it_lacks() -> None:
    template = Template("{% load netguard %}{% csp_nonce %}")
    with pytest.raises(TemplateSyntaxError, match="render\\(request"):
        template.render(Context())
    with pytest.raises(NetguardError, match="first in MIDDLEWARE"):
        template.render(Context({"request": RequestFactory().get("/")}))
    with pytest.raises(NetguardError, match="first in MIDDLEWARE"):
        str(csp_nonce(RequestFactory().get("/"))["csp_nonce"])


def test_a_page_kept_by_the_browser_has_no_nonce_in_its_304(form: Form) -> None:
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(Template("{{ csp_nonce }}").render(RequestContext(request)), status=304)

    outcome = asked(form, page)
    assert outcome.status == 304
    assert outcome.values("content-security-policy") == []


# Decorators

CDN, MAPS = "https://cdn.example", "https://maps.example"
cdn = headers(append=CSP(img_src=[CDN]))
maps = headers(append=CSP(img_src=[MAPS]))
framed = headers(Headers(x_frame_options="SAMEORIGIN", csp=CSP(frame_ancestors=[SELF])))


class Page(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")


class AsyncPage(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")


@cdn
class OnClass(Page):
    pass


@cdn
class OnAsyncClass(AsyncPage):
    pass


@method_decorator(cdn, name="dispatch")
class ByMethodDecorator(Page):
    pass


class OwnMethod(View):
    @cdn
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")


class OwnAsyncMethod(View):
    @cdn
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")


DECORATED: dict[str, Callable[..., Any]] = {
    "sync": cdn(plain),
    "async": cdn(plain_async),
    "class": OnClass.as_view(),
    "async-class": OnAsyncClass.as_view(),
    "method-decorator": ByMethodDecorator.as_view(),
    "as-view": cdn(Page.as_view()),
    "async-as-view": cdn(AsyncPage.as_view()),
    "method": OwnMethod.as_view(),
    "async-method": OwnAsyncMethod.as_view(),
}


@pytest.mark.parametrize("view", DECORATED)
def test_a_decorated_view_appends_to_the_csp(form: Form, view: str) -> None:
    outcome = asked(form, DECORATED[view])
    assert (outcome.status, outcome.body) == (200, b"ok")
    assert f"img-src 'self' {CDN};" in csp(outcome)


@pytest.mark.parametrize("view", [plain, plain_async], ids=["sync", "async"])
def test_decorators_stack(form: Form, view: Callable[..., Any]) -> None:
    outcome = asked(form, cdn(framed(maps(view))))
    assert f"img-src 'self' {CDN} {MAPS};" in csp(outcome)
    assert "frame-ancestors 'self';" in csp(outcome)
    assert outcome.values("x-frame-options") == ["SAMEORIGIN"]


def test_nothing_of_a_decorator_is_left_for_the_next_request() -> None:
    urls = (path("decorated", cdn(plain)), path("plain", plain))
    with override_settings(NETGUARD=POLICY, MIDDLEWARE=[ENTRY], ROOT_URLCONF=urls):
        client = Client(headers={"host": "booking.example"})
        found = [client.get(f"/{name}", secure=True) for name in ("plain", "decorated", "plain", "decorated")]
    assert [CDN in response["content-security-policy"] for response in found] == [False, True, False, True]


def test_a_decorator_says_what_it_lacks() -> None:
    with pytest.raises(NetguardError, match="first in MIDDLEWARE"):
        cdn(plain)(RequestFactory().get("/"))


# What the request says of itself


def test_the_request_tells_the_truth_behind_a_proxy(form: Form) -> None:
    told: list[object] = []

    def view(request: HttpRequest) -> HttpResponse:
        told.extend([request.scheme, request.is_secure(), request.get_host(), request.build_absolute_uri("/x")])
        told.extend([request.META["REMOTE_ADDR"], request.headers.get("X-Forwarded-For")])
        told.append(request.META.get("REMOTE_HOST"))
        return HttpResponse()

    fields = [f"X-Forwarded-For: {CLIENT}", "X-Forwarded-Proto: https", "X-Forwarded-Host: club.example"]
    asked(form, view, policy=Policy(hosts=["club.example"], proxies=[PROXY]),
          ask=Ask(scheme="http", peer=PROXY, host="inner", fields=fields))  # fmt: skip
    assert told[:6] == ["https", True, "club.example", "https://club.example/x", CLIENT, None]
    assert told[6] in {None, CLIENT}


def test_what_an_earlier_middleware_read_of_the_headers_is_forgotten() -> None:
    seen: list[str | None] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.headers.get("X-Forwarded-For"))
        return HttpResponse()

    with override_settings(NETGUARD=POLICY, MIDDLEWARE=[f"{__name__}.reader", ENTRY], ROOT_URLCONF=(path("", view),)):
        Client(headers={"host": "booking.example", "x-forwarded-for": CLIENT}).get("/", secure=True)
    assert seen == [None]


def reader(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def read(request: HttpRequest) -> HttpResponse:
        assert request.headers["X-Forwarded-For"] == CLIENT
        return get_response(request)

    return read


@pytest.mark.parametrize("form", ["asgi-wrapped", "asgi-middleware"])
def test_guards_see_the_path_below_the_forced_script_name(form: Form) -> None:
    policy = Policy(hosts=["booking.example"], exempt=["/health"])
    with override_settings(FORCE_SCRIPT_NAME="/club"):
        outcome = asked(form, plain, policy=policy, ask=Ask(target=b"/club/health", host="10.0.0.1"))
        foreign = asked(form, plain, policy=policy, ask=Ask(target=b"/club/club/health", host="10.0.0.1"))
    assert (outcome.status, foreign.status) == (200, 400)


@pytest.mark.parametrize("form", ["wsgi-middleware", "asgi-middleware"])
def test_a_method_in_small_letters_is_the_one_that_django_runs(form: Form) -> None:
    policy = Policy(hosts=["booking.example"], exempt=["POST /hook"])
    outcome = asked(form, plain, policy=policy, ask=Ask(method="post", target=b"/hook", host="10.0.0.1"))
    assert outcome.status == 200


def test_a_path_beyond_ascii_is_redirected_whole(form: Form) -> None:
    outcome = asked(form, plain, ask=Ask(target=b"/caf%C3%A9/%E2%82%AC", scheme="http"))
    assert outcome.values("location") == ["https://booking.example/caf%C3%A9/%E2%82%AC"]


# Responses of every kind


def test_a_file_is_sent_with_the_headers(form: Form) -> None:
    def view(request: HttpRequest) -> FileResponse:
        return FileResponse(io.BytesIO(b"pdf"), filename="court.pdf", as_attachment=True)

    with pytest.warns(Warning, match="synchronous iterators") if form.startswith("asgi") else nullcontext():
        outcome = asked(form, view)
    assert (outcome.body, outcome.values("content-length")) == (b"pdf", ["3"])
    assert outcome.values("content-disposition") == ['attachment; filename="court.pdf"']
    assert outcome.values("x-content-type-options") == ["nosniff"]


def test_a_stream_is_not_read_ahead_and_carries_the_nonce(form: Form) -> None:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        nonce = request.netguard.nonce  # type: ignore[attr-defined]
        return StreamingHttpResponse(pieces(nonce) if form.startswith("wsgi") else apieces(nonce))

    def pieces(nonce: str) -> Iterator[str]:
        yield from ("one", nonce)

    async def apieces(nonce: str) -> AsyncIterator[str]:
        for piece in pieces(nonce):
            yield piece

    outcome = asked(form, view)
    chunks = [chunk for chunk in outcome.chunks if chunk]
    assert chunks[0] == b"one"
    assert f"'nonce-{chunks[1].decode()}'" in csp(outcome)


@pytest.mark.parametrize("view", ["raises", "missing"])
def test_django_s_own_error_pages_carry_the_headers(form: Form, view: str) -> None:
    def raises(request: HttpRequest) -> HttpResponse:
        raise LookupError("a bug of the app")

    def missing(request: HttpRequest) -> HttpResponse:
        raise Http404

    for debug in (False, True):
        with override_settings(DEBUG=debug):
            outcome = asked(form, {"raises": raises, "missing": missing}[view])
        assert outcome.status == {"raises": 500, "missing": 404}[view]
        assert len(outcome.values("content-security-policy")) == 1
        assert (b"Traceback" in outcome.body) == (debug and view == "raises")


def test_both_forms_at_once_are_one(form: Form) -> None:
    outcome = asked(form, plain, ENTRY, ENTRY)
    assert outcome.status == 200
    assert len(outcome.values("x-frame-options")) == 1
    assert asked(form, plain, ENTRY, ask=Ask(host="evil.example")).status == 400


# Sessions, cookies, CSRF


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


# Rules about the user


@dataclass(slots=True)
class Members:
    """A rule for members only."""

    rule: str = "roles"
    mode: Mode = "enforce"

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


# No thread


@pytest.mark.parametrize("form", ["asgi-wrapped", "asgi-middleware"])
def test_an_async_view_is_given_no_further_thread(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    submits: list[object] = []
    original = asyncio.BaseEventLoop.run_in_executor

    def counted(self: Any, *args: Any) -> Any:
        submits.append(args)
        return original(self, *args)

    monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", counted)
    bare = _count(submits, lambda: _without_netguard(plain_async))
    assert _count(submits, lambda: _without_netguard(plain_async, SECURITY)) > bare  # so that the count counts
    assert _count(submits, lambda: asked(form, plain_async)) == bare


def _count(submits: list[object], run: Callable[[], Outcome]) -> int:
    submits.clear()
    assert run().status == 200
    return len(submits)


def _without_netguard(view: Callable[..., Any], *middleware: str) -> Outcome:
    with override_settings(MIDDLEWARE=middleware, ROOT_URLCONF=(path("", view),)):
        bare: Any = ASGIHandler()
        return asgi_driver.exchanged(Row(id="", policy=POLICY, ask=Ask()), bare, [])


# WebSockets beside Django


def test_a_router_before_django_as_channels_has_it() -> None:
    async def chat(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "headers": [(b"x-peer", scope["netguard"].peer.encode())]})

    with override_settings(MIDDLEWARE=[ENTRY], NETGUARD=POLICY, ROOT_URLCONF=(path("", plain_async),)):
        django: Any = ASGIHandler()

        async def router(scope: Scope, receive: Receive, send: Send) -> None:
            await (chat if scope["type"] == "websocket" else django)(scope, receive, send)

        app = NetguardMiddleware(router, POLICY)
        socket = Ask(kind="websocket", fields=["Origin: https://booking.example"])
        foreign = Ask(kind="websocket", fields=["Origin: https://evil.example"])
        found = [asgi_driver.exchanged(Row(id="", policy=POLICY, ask=ask), app, []) for ask in (socket, foreign, Ask())]
    assert [outcome.status for outcome in found] == [101, 403, 200]
    assert found[0].values("x-peer") == [PEER]
    assert len(found[2].values("x-frame-options")) == 1


def test_a_websocket_that_no_app_wants_is_denied() -> None:
    with override_settings(MIDDLEWARE=[], NETGUARD=POLICY, ROOT_URLCONF=()):
        ask = Ask(kind="websocket", fields=["Origin: https://booking.example"])
        outcome = asgi_driver.exchanged(Row(id="", policy=POLICY, ask=ask), get_asgi_application(), [])
    assert (outcome.status, type(outcome.raised)) == (500, ValueError)


# Settings and system checks


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        pytest.param(None, "NETGUARD = Policy", id="missing"),
        pytest.param({"hosts": []}, "Policy\\(...\\)", id="no-policy"),
        pytest.param("nowhere.policy", "cannot be imported", id="no-module"),
        pytest.param(f"{__name__}.nothing", "cannot be imported", id="no-name"),
        pytest.param(f"{__name__}.plain", "dotted path of one", id="path-of-something-else"),
    ],
)
@pytest.mark.parametrize("make", [get_wsgi_application, get_asgi_application, WSGIHandler, ASGIHandler])
def test_a_missing_or_wrong_policy_stops_the_start(make: Callable[[], object], written: object, mend: str) -> None:
    with override_settings(NETGUARD=written, MIDDLEWARE=[ENTRY]):
        for error in (ImproperlyConfigured, ConfigError):
            with pytest.raises(error, match=mend):
                make()
        assert [message.id for message in run_checks()] == ["netguard.E001"]


def test_a_dotted_path_names_the_policy() -> None:
    with override_settings(NETGUARD=f"{__name__}.POLICY", MIDDLEWARE=[ENTRY], ROOT_URLCONF=(path("", plain),)):
        response = Client(headers={"host": "booking.example"}).get("/", secure=True)
        foreign = Client(headers={"host": "evil.example"}).get("/", secure=True)
    assert (response.status_code, foreign.status_code) == (200, 400)


XFO = "django.middleware.clickjacking.XFrameOptionsMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
NONE: dict[str, Any] = {"MIDDLEWARE": [ENTRY], "ALLOWED_HOSTS": ["booking.example"]}
TWO = Policy(hosts=["booking.example", "*.club.example", "[::1]:8000"])


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"MIDDLEWARE": []}, [], id="wrapped"),
        pytest.param({"MIDDLEWARE": [UPDATE, ENTRY]}, [], id="behind-the-cache"),
        pytest.param({"MIDDLEWARE": [SESSION, ENTRY]}, ["W001"], id="not-first"),
        pytest.param({"MIDDLEWARE": [ENTRY, SECURITY]}, ["W002"], id="security-middleware"),
        pytest.param({"SECURE_SSL_REDIRECT": True}, ["W003"], id="redirect"),
        pytest.param({"SECURE_HSTS_SECONDS": 60}, ["W004"], id="hsts"),
        pytest.param({"SECURE_PROXY_SSL_HEADER": ("HTTP_X", "on")}, ["W005"], id="proxy-header"),
        pytest.param({"USE_X_FORWARDED_HOST": True, "USE_X_FORWARDED_PORT": True}, ["W006", "W006"], id="forwarded"),
        pytest.param({"MIDDLEWARE": [ENTRY, XFO]}, ["W007"], id="framing"),
        pytest.param({"SECURE_CSP": {"default-src": ["*"]}}, ["W008"], id="csp"),
        pytest.param({"SECURE_SSL_REDIRECT": True, "NETGUARD": Policy(hosts=["booking.example"], https=False)}, [],
                     id="redirect-alone"),
        pytest.param({"ALLOWED_HOSTS": []}, ["W009"], id="allowed-hosts-empty"),
        pytest.param({"ALLOWED_HOSTS": ["*"]}, [], id="allowed-hosts-any"),
        pytest.param({"ALLOWED_HOSTS": ["booking.example", "old.example"]}, ["W010"], id="allowed-hosts-more"),
        pytest.param({"NETGUARD": TWO}, ["W009"], id="hosts-more"),
        pytest.param({"NETGUARD": TWO, "ALLOWED_HOSTS": ["booking.example", ".club.example", "[::1]"]}, [], id="hosts"),
        pytest.param({"NETGUARD": Policy.development()}, ["W011"], id="development-policy"),
        pytest.param({"NETGUARD": Policy.development(), "DEBUG": True, "ALLOWED_HOSTS": []}, [], id="development"),
    ],
)  # fmt: skip
def test_system_checks(changed: dict[str, Any], found: list[str]) -> None:
    with override_settings(**{**NONE, "NETGUARD": POLICY, **changed}):
        told = run_checks()
    assert [message.id for message in told] == [f"netguard.{code}" for code in found]
    assert all(message.hint and message.hint.endswith(".") for message in told)


def run_checks() -> list[CheckMessage]:
    """netguard's, as ``manage.py check`` runs them."""
    return [message for message in checks.run_checks() if (message.id or "").startswith("netguard.")]
