"""The Flask adapter: how it is applied, what views and templates find, and what a view may change."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, g, render_template_string, session, stream_template_string
from flask.views import MethodView

import netguard.flask
from netguard import CSP, SELF, ConfigError, Headers, NetguardError, NonceError, Policy
from netguard.flask import Netguard, headers

SITE = "https://booking.example"
HOSTS = ["booking.example"]
CDN = CSP(img_src=["https://cdn.example"])
untyped: Any = Netguard
decorated: Any = headers


def made(policy: Policy | None = None, **settings: object) -> Flask:
    app = Flask(__name__)
    app.secret_key = "a key of this test"
    app.config.update(settings)
    Netguard(app, policy or Policy(hosts=HOSTS))
    return app


def csp(app: Flask, path: str = "/") -> str:
    return app.test_client().get(path, base_url=SITE).headers["Content-Security-Policy"]


def test_one_object_protects_several_apps_made_by_factories() -> None:
    guard = Netguard(policy=Policy(hosts=HOSTS))
    for _ in range(2):
        app = Flask(__name__)
        guard.init_app(app)
        assert app.extensions["netguard"] is guard
        assert app.test_client().get("/", base_url="https://evil.example").status_code == 400
        assert app.test_client().get("/", base_url=SITE).status_code == 404


def test_two_apps_with_two_policies_share_nothing() -> None:
    web, api = made(), made(Policy.api(hosts=["api.example"]))
    assert web.test_client().get("/", base_url=SITE).headers["X-Frame-Options"] == "DENY"
    answer = api.test_client().get("/", base_url="https://api.example")
    assert "X-Frame-Options" not in answer.headers
    assert web.test_client().get("/", base_url="https://api.example").status_code == 400


@pytest.mark.parametrize(
    ("apply", "mend"),
    [
        pytest.param(lambda: untyped(Flask("x")), "Policy\\(hosts", id="no-policy"),
        pytest.param(lambda: untyped(Flask("x"), {"hosts": HOSTS}), "Policy\\(...\\), not {'hosts'", id="a-dict"),
        pytest.param(lambda: untyped(Policy(), Flask("x")), "a Flask app first", id="swapped"),
        pytest.param(lambda: Netguard(made(), Policy()), "once, where the app is made", id="twice"),
        pytest.param(lambda: decorated(lambda: "page"), "not <function", id="decorator-without-brackets"),
        pytest.param(lambda: headers(append=CDN)(MethodView), "decorators = ", id="decorated-class"),
    ],
)
def test_wrong_set_up_names_the_mend(apply: Callable[[], Any], mend: str) -> None:
    with pytest.raises(ConfigError, match=mend):
        apply()


def test_the_test_client_speaks_to_localhost_over_http() -> None:
    answer = made(Policy()).test_client().get("/")
    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (404, "nosniff")
    assert made(Policy.development()).test_client().get("/").status_code == 404
    assert made().test_client().get("/").status_code == 400  # not among the hosts: base_url= names the right one


def test_views_and_their_blueprints_find_the_exchange() -> None:
    app, club = Flask(__name__), Blueprint("club", __name__, url_prefix="/clubs")

    @club.get("/<slug>")
    async def page(slug: str) -> dict[str, Any]:
        return {"client": g.netguard.client, "nonce": g.netguard.nonce}

    app.register_blueprint(club)
    Netguard(app, Policy(hosts=HOSTS))
    answer = app.test_client().get("/clubs/riverside", base_url=SITE)
    assert answer.json is not None
    assert answer.json["client"] == "127.0.0.1"
    assert f"'nonce-{answer.json['nonce']}'" in answer.headers["Content-Security-Policy"]


def test_the_exchange_belongs_to_requests_through_netguard() -> None:
    app = made()
    with app.app_context(), pytest.raises(NetguardError, match="no request here"):
        _ = g.netguard
    with app.test_request_context(), pytest.raises(NetguardError, match="test_client"):
        _ = g.netguard
    with app.app_context():
        g.user = "ada"
        assert (g.user, g.get("club"), list(g)) == ("ada", None, ["user"])


@pytest.mark.parametrize("written", ["{{ csp_nonce }}", "{{ csp_nonce() }}"])
def test_a_template_that_writes_the_nonce_names_it_in_the_header(written: str) -> None:
    app = made()
    app.add_url_rule("/", view_func=lambda: render_template_string(f"<script nonce='{written}'></script>"))
    pages = [app.test_client().get("/", base_url=SITE) for _ in range(2)]
    nonces = [found.group(1) for page in pages if (found := re.search("nonce='(.+)'", page.text))]
    assert len(set(nonces)) == 2
    for page, nonce in zip(pages, nonces, strict=True):
        assert f"script-src 'self' 'nonce-{nonce}'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "private"


def test_a_template_that_does_not_write_the_nonce_makes_none() -> None:
    app = made()
    app.add_url_rule("/", view_func=lambda: render_template_string("{% if csp_nonce %}{% endif %}page"))
    assert "nonce" not in csp(app)


def test_an_imported_template_keeps_no_nonce_between_requests() -> None:
    app = made()
    macros = app.jinja_env.from_string("{% set nonce = csp_nonce() %}{% macro tag() %}{{ nonce }}{% endmacro %}")
    view = "{% import macros as m %}{{ m.tag() }} {{ csp_nonce }}"
    app.add_url_rule("/", view_func=lambda: render_template_string(view, macros=macros))
    for _ in range(2):
        first, second = app.test_client().get("/", base_url=SITE).text.split()
        assert first == second


def test_a_streamed_template_reads_the_nonce_before_it_starts() -> None:
    app = made(TESTING=True)

    @app.get("/late")
    def late() -> Any:
        return app.response_class(stream_template_string("{{ csp_nonce }}"))

    @app.get("/early")
    def early() -> Any:
        return app.response_class(stream_template_string(g.netguard.nonce + " {{ csp_nonce }}"))

    with pytest.raises(NonceError, match="before the response starts"):
        app.test_client().get("/late", base_url=SITE)
    first, second = app.test_client().get("/early", base_url=SITE).text.split()
    assert first == second


def test_a_decorated_view_has_its_own_headers_and_no_other_has_them() -> None:
    app = made()

    @app.get("/map")
    @headers(Headers(x_frame_options=False, csp=CSP(frame_ancestors=[SELF])), append=CDN)
    def courts() -> str:
        return courts.__name__

    @app.get("/async")
    @headers(append=CDN)
    async def awaited() -> str:
        return awaited.__name__

    app.add_url_rule("/plain", view_func=lambda: "plain")
    plain, framed = csp(app, "/plain"), app.test_client().get("/map", base_url=SITE)
    assert framed.text == "courts"
    assert "X-Frame-Options" not in framed.headers
    assert "img-src 'self' https://cdn.example" in framed.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in framed.headers["Content-Security-Policy"]
    assert "img-src 'self' https://cdn.example" in csp(app, "/async")
    assert csp(app, "/plain") == plain
    assert "cdn.example" not in plain


def test_decorators_stack_and_decorate_class_based_views() -> None:
    class Courts(MethodView):
        decorators = [headers(append=CDN), headers(append=CSP(img_src=["https://maps.example"]))]  # noqa: RUF012  # Flask's own way

        def get(self) -> str:
            return "courts"

        @headers(Headers(referrer_policy="no-referrer"))
        async def post(self) -> str:
            return "booked"

    app = made()
    app.add_url_rule("/", view_func=Courts.as_view("courts"))
    assert re.search("img-src 'self' https://(maps|cdn).example https://(maps|cdn).example;", csp(app))
    client = app.test_client()
    assert client.post("/", base_url=SITE).headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/", base_url=SITE).headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


@pytest.mark.parametrize("preset", ["web", "api", "strict", "development"])
def test_flasks_session_works_under_every_preset(preset: str) -> None:
    app = made(getattr(Policy, preset)(hosts=HOSTS))

    @app.post("/count")
    def count() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return str(session["visits"])

    client = app.test_client()
    answers = [client.post("/count", base_url=SITE) for _ in range(3)]
    assert [answer.text for answer in answers] == ["1", "2", "3"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(answers[-1].headers["Set-Cookie"].split("; "))


def test_the_module_is_reached_by_its_name() -> None:
    assert netguard.flask.headers is headers
