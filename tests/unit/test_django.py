"""What is Django's own: template tag, decorators, what a request says, files, streams, error pages, WebSockets."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View

from netguard import CSP, SELF, Headers, NetguardError, Policy
from netguard.asgi import NetguardMiddleware
from netguard.asgi_messages import Receive, Scope, Send
from netguard.django import csp_nonce, get_asgi_application, headers
from scenarios import asgi_driver
from scenarios.django_driver import ENTRY, FORMS, POLICY, Form, asked, plain, plain_async
from scenarios.row import CLIENT, PEER, PROXY, Ask, Outcome, Row
from support.django_site import configure

configure()


SECURITY = "django.middleware.security.SecurityMiddleware"


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    found: Form = request.param
    return found


def csp(outcome: Outcome) -> str:
    return outcome.values("content-security-policy")[0]


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
