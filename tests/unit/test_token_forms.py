"""Forms with a request token, in each framework's templates: from the page to the request, and what an attacker has."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import Client, override_settings
from django.urls import path
from flask import Flask, render_template_string, request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates
from starlette.testclient import TestClient

from netguard import Origin, Policy, TokenError
from netguard.django import csrf_token as django_csrf_token
from netguard.flask import Netguard
from netguard.starlette import NetguardMiddleware, csrf_token, exchange_of
from scenarios.django_driver import ENTRY
from support.django_site import configure

configure()

SITE = "https://booking.example"
HOSTS = ["booking.example"]
OLD, NEW = "o" * 32, "n" * 32
NAME = "__Host-netguard-csrf"
WRITTEN = {
    "field": ("{{ csrf_field }}", "{{ csrf_field() }}"),
    "token": ("<meta value='{{ csrf_token }}'>", "<meta value='{{ csrf_token() }}'>"),
}
Fields = dict[str, str]


def policy(*secrets: str, session: str = "") -> Policy:
    return Policy(hosts=HOSTS, secrets=secrets or [NEW], origin=Origin(token=True, session=session))


def token_in(page: str) -> str:
    """The token that a page shows, once."""
    (found,) = re.findall(r"""value=["']([\w-]{64,})["']""", page)
    return str(found)


def site(rules: Policy, folder: Path, source: str = "{{ csrf_field }}") -> Starlette:
    """A form at /, what it sends to at /book, and a page without a form; /log-in and /log-out change the session."""
    (folder / "form.html").write_text(source)
    templates = Jinja2Templates(folder, context_processors=[csrf_token])

    async def form(request: Request) -> Response:
        return templates.TemplateResponse(request, "form.html")

    async def book(request: Request) -> Response:
        async with request.form() as sent:
            return PlainTextResponse(f"booked {sent.get('court')}")

    async def plain(request: Request) -> Response:
        return PlainTextResponse("no form")

    async def log_in(request: Request) -> Response:
        response = PlainTextResponse("welcome")
        response.set_cookie("sid", f"of {request.query_params['as']}", path="/", secure=True)
        return response

    async def log_out(request: Request) -> Response:
        exchange_of(request).forget()
        return PlainTextResponse("bye")

    posts = [Route(f"/{view.__name__}", view, methods=["POST"]) for view in (book, log_in, log_out)]
    app = Starlette(routes=[Route("/", form), Route("/plain", plain), *posts])
    app.add_middleware(NetguardMiddleware, policy=rules)
    return app


def browser(app: Starlette) -> TestClient:
    """One that sends neither Sec-Fetch-Site nor Origin."""
    return TestClient(app, base_url=SITE)


def post(client: TestClient, where: str, token: str | None, **fields: str) -> int:
    sent = fields if token is None else {"csrf_token": token, **fields}
    return client.post(where, data=sent).status_code


def show(client: TestClient) -> str:
    return token_in(client.get("/").text)


@pytest.mark.parametrize("source", [source for both in WRITTEN.values() for source in both])
def test_a_starlette_form_comes_through(tmp_path: Path, source: str) -> None:
    client = browser(site(policy(), tmp_path, source))
    token = show(client)
    answer = client.post("/book", data={"csrf_token": token, "court": "7"})
    assert (answer.status_code, answer.text) == (200, "booked 7")
    answer = client.post("/book", data={"court": "7"}, headers={"X-CSRF-Token": token})
    assert (answer.status_code, answer.text) == (200, "booked 7")
    files = {"map": ("a.bin", bytes(range(256)))}
    answer = client.post("/book", data={"csrf_token": token, "court": "7"}, files=files)
    assert (answer.status_code, answer.text) == (200, "booked 7")
    assert post(client, "/book", None, court="7") == 403


def test_the_cookie_is_set_where_a_form_is_and_nowhere_else(tmp_path: Path) -> None:
    client = browser(site(policy(), tmp_path))
    assert "set-cookie" not in client.get("/plain").headers
    first = client.get("/")
    assert first.headers["set-cookie"].startswith(f"{NAME}=")
    assert first.headers["cache-control"] == "private"
    again = client.get("/")
    assert "set-cookie" not in again.headers
    assert again.headers["cache-control"] == "private"


def test_a_template_that_does_not_write_it_makes_none(tmp_path: Path) -> None:
    client = browser(site(policy(), tmp_path, "{% if csrf_token and csrf_field %}page{% endif %}"))
    answer = client.get("/")
    assert answer.text == "page"
    assert "set-cookie" not in answer.headers
    assert "cache-control" not in answer.headers


def test_pages_beside_the_first_form_do_not_spoil_it(tmp_path: Path) -> None:
    client = browser(site(policy(), tmp_path))
    token = show(client)
    for _ in range(3):  # what a page loads in parallel: none of it sets the cookie anew
        assert "set-cookie" not in client.get("/plain", headers={"Cookie": ""}).headers
    assert post(client, "/book", token) == 200


def test_each_form_s_token_goes_on_working(tmp_path: Path) -> None:
    client = browser(site(policy(), tmp_path))
    tokens = [show(client) for _ in range(3)]
    assert len(set(tokens)) == 3
    assert [post(client, "/book", token) for token in tokens] == [200] * 3


def test_a_log_in_form_cannot_be_sent_for_somebody_else(tmp_path: Path) -> None:
    app = site(policy(session="sid"), tmp_path)
    attacker, visitor = browser(app), browser(app)
    stolen = show(attacker)
    assert post(visitor, "/log_in?as=attacker", None) == 403  # a page that makes the visitor send the log-in form
    assert post(visitor, "/log_in?as=attacker", stolen) == 403
    own = show(visitor)
    assert post(visitor, "/log_in?as=attacker", stolen) == 403
    assert post(visitor, "/log_in?as=visitor", own) == 200


def test_a_token_is_worth_nothing_once_the_session_changed(tmp_path: Path) -> None:
    client = browser(site(policy(session="sid"), tmp_path))
    before = show(client)
    assert post(client, "/log_in?as=ada", before) == 200
    assert post(client, "/book", before) == 403
    during = show(client)
    assert post(client, "/book", during) == 200
    assert post(client, "/log_in?as=eve", during) == 200
    assert post(client, "/book", during) == 403


def test_a_planted_pair_does_not_reach_a_session(tmp_path: Path) -> None:
    """What a sister site can do in a browser that knows no ``__Host-``: its own cookie and token, put over the own."""
    app = site(policy(session="sid"), tmp_path)
    attacker, visitor = browser(app), browser(app)
    assert post(visitor, "/log_in?as=ada", show(visitor)) == 200
    token = show(attacker)
    visitor.cookies.delete(NAME)
    visitor.cookies.set(NAME, attacker.cookies[NAME], domain="booking.example")
    assert post(visitor, "/book", token) == 403


def test_rotating_the_secrets_locks_nobody_out(tmp_path: Path) -> None:
    before, between, after = (site(policy(*keys), tmp_path) for keys in ([OLD], [NEW, OLD], [NEW]))
    client = browser(before)
    token, cookie = show(client), client.cookies[NAME]
    client = browser(between)
    client.cookies.set(NAME, cookie, domain="booking.example")
    assert post(client, "/book", token) == 200
    renewed = show(client)
    assert client.cookies[NAME] != cookie
    assert post(client, "/book", token) == 200  # a form that is still open
    last = browser(after)
    last.cookies.set(NAME, client.cookies[NAME], domain="booking.example")
    assert post(last, "/book", renewed) == 200
    assert post(last, "/book", token) == 403


def test_servers_may_be_restarted_one_by_one(tmp_path: Path) -> None:
    """Each page from either server, each form to the other, for a new browser and for one that came before."""
    apps = [site(policy(*keys), tmp_path) for keys in ([OLD], [NEW, OLD])]
    for first in apps:
        jar = browser(first)
        show(jar)
        for shown in (*apps, *apps):
            for asked in apps:
                one, other = browser(shown), browser(asked)
                one.cookies.update(jar.cookies)
                token = show(one)
                other.cookies.update(one.cookies)
                assert post(other, "/book", token) == 200
                jar.cookies.update(one.cookies)


def test_logging_out_keeps_the_forms_working(tmp_path: Path) -> None:
    client = browser(site(policy(), tmp_path))
    token = show(client)
    assert post(client, "/log_in?as=ada", token) == 200
    answer = client.post("/log_out", headers={"X-CSRF-Token": token})
    assert [cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")] == ["sid"]
    assert post(client, "/book", token) == 200


def test_a_policy_without_tokens_says_so(tmp_path: Path) -> None:
    client = browser(site(Policy(hosts=HOSTS), tmp_path))
    with pytest.raises(TokenError, match="Origin\\(token=True\\)"):
        client.get("/")


def flask_site(rules: Policy, source: str) -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/", "form", lambda: render_template_string(source))
    app.add_url_rule("/book", "book", lambda: f"booked {request.form['court']}", methods=["POST"])
    Netguard(app, rules)
    return app


@pytest.mark.parametrize("source", [source for both in WRITTEN.values() for source in both])
def test_a_flask_form_comes_through(source: str) -> None:
    client = flask_site(policy(), source).test_client()
    token = token_in(client.get("/", base_url=SITE).text)
    sent = {"csrf_token": token, "court": "7"}
    assert client.post("/book", data=sent, base_url=SITE).text == "booked 7"
    assert client.post("/book", data={"court": "7"}, base_url=SITE).status_code == 403


def test_flask_templates_keep_the_names_where_there_are_no_tokens() -> None:
    app = flask_site(Policy(hosts=HOSTS), "{{ csrf_token is defined }}")
    assert app.test_client().get("/", base_url=SITE).text == "False"


TAGS = "{% load netguard %}"
DJANGO = {
    "processor-field": "{{ netguard_csrf_field }}",
    "processor-token": "<meta value='{{ netguard_csrf_token }}'>",
    "tag-field": TAGS + "{% netguard_csrf_field %}",
    "tag-token": TAGS + "<meta value='{% netguard_csrf_token %}'>",
}
PROCESSORS = ["django.template.context_processors.request", "netguard.django.csrf_token"]


def django_client(view: Callable[[HttpRequest], HttpResponse], *middleware: str) -> tuple[Client, Any]:
    def book(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"booked {request.POST['court']}")

    engine = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"context_processors": PROCESSORS},
    }
    settings = override_settings(
        NETGUARD=policy(),
        MIDDLEWARE=[ENTRY, *middleware],
        ROOT_URLCONF=(path("", view), path("book", book)),
        TEMPLATES=[engine],
    )
    return Client(enforce_csrf_checks=True, headers={"host": "booking.example"}), settings


def rendered(source: str) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse(Template(source).render(RequestContext(request)))
        response.set_cookie("theme", "dark")
        return response

    return view


@pytest.mark.parametrize("source", DJANGO.values(), ids=DJANGO)
def test_a_django_form_comes_through(source: str) -> None:
    client, settings = django_client(rendered(source))
    with settings:
        page = client.get("/", secure=True)
        assert sorted(page.cookies) == [NAME, "theme"]
        assert page.cookies["theme"].value == "dark"
        assert page.headers["Cache-Control"] == "private"
        sent = {"court": "7", "csrf_token": token_in(page.text)}
        assert client.post("/book", sent, secure=True).text == "booked 7"
        again = client.get("/", secure=True)
        assert sorted(again.cookies) == ["theme"]
        assert client.post("/book", {"court": "7"}, secure=True).status_code == 403


def test_django_s_jar_has_the_cookie_where_the_app_sets_none() -> None:
    def form(request: HttpRequest) -> HttpResponse:
        return HttpResponse(Template("{{ netguard_csrf_field }}").render(RequestContext(request)))

    client, settings = django_client(form)
    with settings:
        page = client.get("/", secure=True)
        assert sorted(page.cookies) == [NAME]
        sent = {"court": "7", "csrf_token": token_in(page.text)}
        assert client.post("/book", sent, secure=True).text == "booked 7"


def test_django_s_own_token_may_stand_beside_it() -> None:
    def form(request: HttpRequest) -> HttpResponse:
        source = TAGS + "{% csrf_token %}{% netguard_csrf_field %}"
        return HttpResponse(Template(source).render(RequestContext(request)))

    client, settings = django_client(form, "django.middleware.csrf.CsrfViewMiddleware")
    client.defaults["HTTP_REFERER"] = f"{SITE}/"
    with settings:
        page = client.get("/", secure=True).text
        (theirs,) = re.findall('name="csrfmiddlewaretoken" value="(.+?)"', page)
        (ours,) = re.findall('name="csrf_token" value="(.+?)"', page)
        both = {"court": "7", "csrfmiddlewaretoken": theirs, "csrf_token": ours}
        assert client.post("/book", both, secure=True).text == "booked 7"
        for name in ("csrfmiddlewaretoken", "csrf_token"):
            fields = {key: value for key, value in both.items() if key != name}
            assert client.post("/book", fields, secure=True).status_code == 403


def test_a_django_template_that_does_not_write_it_makes_none() -> None:
    source = "{% if netguard_csrf_token and netguard_csrf_field %}page{% endif %}"
    client, settings = django_client(rendered(source))
    with settings:
        page = client.get("/", secure=True)
    assert page.text == "page"
    assert sorted(page.cookies) == ["theme"]


@pytest.mark.parametrize("tag", ["netguard_csrf_field", "netguard_csrf_token"])
def test_the_tags_say_what_they_lack(tag: str) -> None:
    with pytest.raises(TemplateSyntaxError, match=f"{tag}: .*render\\(request"):
        Template(f"{TAGS}{{% {tag} %}}").render(Context())
    made: Any = django_csrf_token(HttpRequest())[tag]
    with pytest.raises(Exception, match="first in MIDDLEWARE"):
        str(made)
