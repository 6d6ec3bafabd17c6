"""What an attacker found once, kept closed: each test is one attack."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from netguard import CSP, HTTPS, NONE, SELF, ConfigError, Cookies, Headers, Origin, Policy, Proxies, asgi, wsgi
from netguard.bodies import Body
from netguard.environ import body_length
from netguard.errors import BodyTooLarge, LengthRequired
from netguard.events import SecurityEvent, Tallies
from netguard.headers.override import Override
from netguard.memo import Memo
from netguard.messages import Refusal
from netguard.messages import Request as Asked
from netguard.plan import Plan
from netguard.proxies import is_forwarding
from netguard.rules import Mode
from netguard.starlette import NetguardMiddleware, UserRules

LIMIT = 65_536
SITE = "https://booking.example"
POLICY = Policy(hosts=["booking.example"])


@pytest.mark.parametrize(
    ("environ", "outcome"),
    [
        pytest.param({"CONTENT_LENGTH": "0" * 30 + "13"}, 13, id="leading-zeros"),
        pytest.param({"CONTENT_LENGTH": "0" * 30}, 0, id="zeros"),
        pytest.param({"CONTENT_LENGTH": "9" * 5000}, BodyTooLarge, id="many-digits"),
        pytest.param({"CONTENT_LENGTH": "0", "HTTP_TRANSFER_ENCODING": "chunked"}, LengthRequired, id="both"),
        pytest.param({"wsgi.input_terminated": True}, LengthRequired, id="http2-without-a-length"),
        pytest.param({"CONTENT_LENGTH": "+5"}, LengthRequired, id="sign"),
        pytest.param({"CONTENT_LENGTH": "\u0665"}, LengthRequired, id="other-digits"),
        pytest.param({}, 0, id="none"),
    ],
)
def test_no_body_is_longer_than_a_rule_believes(environ: dict[str, Any], outcome: int | type[Exception]) -> None:
    if isinstance(outcome, int):
        assert body_length(environ, LIMIT) == outcome
    else:
        with pytest.raises(outcome):
            body_length(environ, LIMIT)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda: Policy(hosts=(name for name in ["a.example"])), id="hosts"),  # type: ignore[arg-type]
        pytest.param(lambda: Policy(events=(sink for sink in [print])), id="events"),  # type: ignore[arg-type]
        pytest.param(lambda: Policy(secrets=(key for key in ["x" * 32])), id="secrets"),  # type: ignore[arg-type]
        pytest.param(lambda: Policy(proxies=(net for net in ["10.0.0.0/8"])), id="proxies"),  # type: ignore[arg-type]
        pytest.param(lambda: HTTPS(refuse=(path for path in ["/api/*"])), id="refuse"),  # type: ignore[arg-type]
        pytest.param(lambda: Origin(trusted=iter(["https://a.example"])), id="trusted"),  # type: ignore[arg-type]
    ],
)
def test_a_list_that_can_be_read_once_is_refused(write: Callable[[], object]) -> None:
    with pytest.raises(ConfigError, match="a list is meant"):
        write()


class _BodyRule:
    rule, mode, reads_body = "fake", "enforce", True

    def shares(self, request: Asked) -> tuple[Any, ...]:
        return (self,)

    def ops(self, body: Body, user: object) -> tuple[object, ...]:
        return ()


def test_a_body_rule_lets_a_websocket_pass() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})

    plan = Plan(POLICY, counted=[_BodyRule()])
    with TestClient(asgi.NetguardMiddleware(app, plan), base_url=SITE).websocket_connect("wss://booking.example/"):
        pass


def test_wide_tuples_are_not_remembered() -> None:
    memo: Memo[tuple[str, ...], int] = Memo(len)
    assert memo[("a",) * 40] == 40
    assert len(memo) == 1
    assert memo[("x" * 8192,) * 90] == 90
    assert len(memo) == 1


def page_with_nonce(**headers: str) -> dict[str, str]:
    async def page(request: Request) -> Response:
        return PlainTextResponse(request.state.netguard.nonce, headers=headers)

    app = Starlette(routes=[Route("/", page)])
    app.add_middleware(NetguardMiddleware, policy=POLICY)
    return dict(TestClient(app, base_url=SITE).get("/").headers)


def test_a_private_field_does_not_make_a_page_private() -> None:
    found = page_with_nonce(**{"Cache-Control": 'private="x-a", max-age=60'})
    assert found["cache-control"].split(", ")[0] == "private"


def test_no_cache_of_a_proxy_keeps_a_nonce() -> None:
    found = page_with_nonce(**{"CDN-Cache-Control": "max-age=600", "Surrogate-Control": "max-age=600"})
    assert not {"cdn-cache-control", "surrogate-control"} & found.keys()


@pytest.mark.parametrize(
    ("base", "extra", "said"),
    [
        pytest.param(
            CSP.only(default_src=["https:"], child_src=[NONE]),
            CSP(frame_src=["https://a.example"]),
            ["https://a.example"],
            id="frame-src-falls-back-to-child-src",
        ),
        pytest.param(
            CSP.only(default_src=["https:"], script_src=[SELF]),
            CSP(worker_src=["blob:"]),
            [SELF, "blob:"],
            id="worker-src-falls-back-to-script-src",
        ),
        pytest.param(
            CSP.only(default_src=[NONE], script_src=[SELF, "'nonce'"]),
            CSP(script_src_elem=["https://a.example"]),
            [SELF, "'nonce'", "https://a.example"],
            id="script-src-elem-falls-back-to-script-src",
        ),
    ],
)
def test_appending_starts_from_what_held_before(base: CSP, extra: CSP, said: list[str]) -> None:
    (name,) = extra.written()
    assert base.appended(extra).written()[name] == said


@pytest.mark.parametrize("append", [CSP(object_src=False), CSP(script_src=[NONE])], ids=["false", "none"])
def test_appending_takes_nothing_away(append: CSP) -> None:
    with pytest.raises(ConfigError, match="takes none away"):
        Override(append=append)


class _Nobody:
    rule = "roles"
    mode: Mode = "enforce"
    hides: bool = False

    def matches(self, request: Asked) -> bool:
        return True

    def judge(self, request: Asked, user: object) -> Refusal:
        return Refusal("roles", "roles.other", 403)


def test_a_refusal_about_a_user_leaves_through_gzip() -> None:
    async def page(request: Request) -> Response:
        return PlainTextResponse("secret" * 1000)

    layers = [Middleware(GZipMiddleware), Middleware(UserRules, user=lambda connection: None)]
    app = Starlette(routes=[Route("/", page)], middleware=layers)
    app.add_middleware(NetguardMiddleware, policy=Plan(POLICY, user_rules=[_Nobody()]))
    found = TestClient(app, base_url=SITE).get("/")
    assert found.status_code == 403
    assert "secret" not in found.text


def test_a_page_that_raises_does_not_keep_the_refusal_from_leaving(caplog: pytest.LogCaptureFixture) -> None:
    def broken(request: Asked, words: object) -> tuple[str, str]:
        raise ValueError("a bug in the page")

    policy = Policy(hosts=["booking.example"], on_refusal={400: broken, 500: broken})
    found = TestClient(asgi.NetguardMiddleware(_crashing, policy), base_url="https://evil.example").get("/")
    assert (found.status_code, found.text) == (400, "The request could not be understood.\n")
    assert "a bug in the page" in caplog.text


async def _crashing(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("a bug in the app")


def test_a_crash_on_an_unjudged_route_says_no_more_than_a_refusal() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        raise ValueError("a bug in the app")

    class Inside(wsgi.NetguardMiddleware):
        asks_inside = True

    heads: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "HTTP_HOST": "booking.example",
        "wsgi.url_scheme": "https",
        "REMOTE_ADDR": "203.0.113.7",
        "wsgi.input": io.BytesIO(),
    }
    driver = Inside(app, Plan(POLICY, user_rules=[_Nobody()]))

    def start(status: str, headers: object, exc_info: object = None) -> Callable[[bytes], object]:
        heads.append(status)
        return bytes

    driver(environ, start)
    assert heads == ["403 Forbidden"]


@pytest.mark.parametrize(
    "name",
    "Forwarded X-Forwarded-For X_Forwarded_For X-Forwarded-Anything X-Original-Forwarded-For Forwarded-For CF-Visitor "
    "CloudFront-Forwarded-Proto CloudFront-Viewer-Address X-Vercel-Forwarded-For WL-Proxy-Client-IP Proxy-Client-IP "
    "X-AppEngine-HTTPS X-Original-Port X-Original-Scheme X-Real-IP True-Client-IP CF-Connecting-IP".split(),
)
def test_a_claim_about_the_client_is_known_by_any_of_its_names(name: str) -> None:
    assert is_forwarding(name.encode())


def test_made_up_reports_do_not_use_up_the_place_of_real_ones() -> None:
    tallies = Tallies(size=100)
    for number in range(1000):
        tallies.add(("made up", str(number)), 1)
    assert tallies.add(("real",), 1) == 1


def test_tallies_are_exact_under_threads() -> None:
    tallies = Tallies()
    threads = [threading.Thread(target=lambda: [tallies.add(("a",), 1) for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tallies.add(("a",), 92_000) == 100_000


def test_the_development_preset_answers_test_clients_and_keeps_their_sessions() -> None:
    async def page(request: Request) -> Response:
        response = PlainTextResponse(request.cookies.get("seen", "never"))
        response.set_cookie("seen", "yes")
        return response

    app = Starlette(routes=[Route("/", page)])
    app.add_middleware(NetguardMiddleware, policy=Policy.development())
    client = TestClient(app)
    assert [client.get("/").text for _ in range(2)] == ["never", "yes"]


def test_a_preset_is_not_changed_by_replacing_its_name() -> None:
    assert replace(Policy.strict(), hosts=["a.example"]).headers == Policy.strict().headers
    with pytest.raises(ConfigError, match=r"Policy\.strict"):
        replace(Policy(), preset="strict")


def test_a_long_path_is_not_exempt() -> None:
    plan = Plan(Policy(hosts=["booking.example"], origin=Origin(bypass=["/hooks/*"])))
    request = Asked("POST", "/hooks/" + "a" * 3000, {b"sec-fetch-site": b"cross-site"}, host="booking.example")
    request.target = request.path.encode()
    (step,) = (step for step in plan.steps if step.rule == "origin")
    assert step.check(request)


@pytest.mark.parametrize("name", ["set-cookie", "Content-Type", "content-length"])
@pytest.mark.parametrize("where", ["override", "remove"])
def test_what_frames_a_response_cannot_be_taken_from_the_app(where: str, name: str) -> None:
    with pytest.raises(ConfigError, match="stays"):
        Headers(**{where: [name]})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda: Policy(texts={5: {403: "x"}}), id="language"),  # type: ignore[dict-item]
        pytest.param(lambda: asgi.NetguardMiddleware(_crashing, "policy"), id="policy"),  # type: ignore[arg-type]
        pytest.param(lambda: asgi.NetguardMiddleware(_crashing, {}), id="empty-policy"),  # type: ignore[arg-type]
        pytest.param(lambda: wsgi.NetguardMiddleware(lambda e, s: [], False), id="false"),  # type: ignore[arg-type]
        pytest.param(lambda: asgi.NetguardMiddleware(_crashing, user=5), id="user"),  # type: ignore[arg-type]
        pytest.param(lambda: HTTPS(ports={80: 80}), id="port-to-itself"),
        pytest.param(lambda: Headers(extra={"X-A": "1", "x-a": "2"}), id="one-header-twice"),
        pytest.param(lambda: Cookies(prefix="host", domain="a.example"), id="host-cookie-with-a-domain"),
    ],
)
def test_a_mistake_is_a_configuration_error(write: Callable[[], object]) -> None:
    with pytest.raises(ConfigError):
        write()


@pytest.mark.parametrize("authorization", ["Basic\tYTpi", "NTLM abc", "negotiate x", " Digest x"])
def test_what_browsers_send_by_themselves_is_no_token(authorization: str) -> None:
    plan = Plan(Policy.api(hosts=["booking.example"]))
    fields = {b"sec-fetch-site": b"cross-site", b"authorization": authorization.encode()}
    request = Asked("POST", "/", fields, host="booking.example")
    (step,) = (step for step in plan.steps if step.rule == "origin")
    assert step.check(request)


def test_frame_ancestors_follow_x_frame_options() -> None:
    headers = Policy(headers=Headers(x_frame_options="SAMEORIGIN")).headers
    assert headers
    assert headers.csp
    assert headers.csp.frame_ancestors == [SELF]
    assert Override(Headers(x_frame_options="SAMEORIGIN")).over(Policy().headers or None) == headers


def test_each_of_our_proxies_is_told_of_and_strangers_do_not_use_that_up() -> None:
    told: list[SecurityEvent] = []
    app = asgi.NetguardMiddleware(_ok, Policy(hosts=["booking.example"], events=[told.append], proxies=Proxies()))
    for peer in ["203.0.113.7", "203.0.113.7", "10.0.0.1"]:
        client = TestClient(app, base_url=SITE, client=(peer, 1))
        client.get("/", headers={"X-Forwarded-For": "198.51.100.1"})
    assert [event.peer for event in told] == ["203.0.113.7", "10.0.0.1"]


async def _ok(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("ok")(scope, receive, send)
