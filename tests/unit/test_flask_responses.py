"""Flask's own kinds of response behind netguard: errors, streams, files, preflights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, g, redirect, render_template_string, request, send_file, stream_with_context
from flask_cors import CORS
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from netguard import Origin, Policy
from netguard.events import SecurityEvent
from netguard.flask import Netguard

SITE = "https://booking.example"
SHOP = "https://shop.example"
POLICY = Policy(hosts=["booking.example"])
PREFLIGHT = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    Netguard(app, POLICY)
    return app


def get(app: Flask, path: str, **options: Any) -> Any:
    return app.test_client().get(path, **{"base_url": SITE, **options})


def protected(answer: Any) -> bool:
    return [answer.headers.getlist(name) for name in ("X-Content-Type-Options", "X-Frame-Options")] == [
        ["nosniff"],
        ["DENY"],
    ]


def crash() -> str:
    raise LookupError("a bug in the view")


def test_errors_carry_the_headers(app: Flask) -> None:
    app.add_url_rule("/gone", "gone", lambda: abort(410))
    app.add_url_rule("/moved", "moved", lambda: redirect("/gone"))
    app.add_url_rule("/crash", "crash", crash)
    statuses = {"/gone": 410, "/moved": 302, "/crash": 500, "/nowhere": 404}
    for path, status in statuses.items():
        answer = get(app, path)
        assert (answer.status_code, protected(answer)) == (status, True)
    assert "a bug" not in get(app, "/crash").text


def test_error_pages_of_the_app_carry_the_headers_and_the_nonce(app: Flask) -> None:
    def page(error: HTTPException) -> tuple[str, int]:
        return render_template_string("{{ csp_nonce }}"), error.code or 500

    app.register_error_handler(404, page)
    app.register_error_handler(500, page)
    app.add_url_rule("/crash", view_func=crash)
    for path, status in {"/nowhere": 404, "/crash": 500}.items():
        answer = get(app, path)
        assert (answer.status_code, protected(answer)) == (status, True)
        assert f"'nonce-{answer.text}'" in answer.headers["Content-Security-Policy"]


def test_error_page_that_fails_itself_is_netguard_s_500() -> None:
    events: list[SecurityEvent] = []
    app = Flask(__name__)
    Netguard(app, Policy(hosts=["booking.example"], events=[events.append]))
    app.register_error_handler(500, lambda _: crash())
    app.add_url_rule("/crash", view_func=crash)
    answer = get(app, "/crash")
    assert (answer.status_code, protected(answer), "a bug" in answer.text) == (500, True, False)
    assert [event.code for event in events] == ["app.exception"]


@pytest.mark.parametrize("setting", ["TESTING", "DEBUG", "PROPAGATE_EXCEPTIONS"])
def test_exceptions_reach_the_developer_where_flask_says_so(app: Flask, setting: str) -> None:
    app.config[setting] = True
    app.add_url_rule("/crash", view_func=crash)
    with pytest.raises(LookupError):
        get(app, "/crash")


def test_propagation_switched_off_wins_over_testing(app: Flask) -> None:
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
    app.add_url_rule("/crash", view_func=crash)
    assert get(app, "/crash").status_code == 500


def test_stream_is_handed_on_chunk_by_chunk_with_its_context(app: Flask) -> None:
    made: list[str] = []

    @app.get("/stream")
    def stream() -> Response:
        nonce = g.netguard.nonce

        def chunks() -> Iterator[str]:
            for part in (request.path, g.netguard.client, g.netguard.nonce == nonce):
                made.append(str(part))
                yield str(part)

        return Response(stream_with_context(chunks()))

    answer = app.test_client().get("/stream", base_url=SITE, buffered=False)
    assert made == ["/stream"], "more was made than the head needs"
    assert list(answer.iter_encoded()) == [b"/stream", b"127.0.0.1", b"True"]
    assert protected(answer)


@pytest.fixture
def files(app: Flask, tmp_path: Path) -> Flask:
    file = tmp_path / "plan.txt"
    file.write_bytes(b"0123456789")

    @app.get("/plan")
    def plan() -> Response:
        return send_file(file)

    @app.get("/page")
    def page() -> WerkzeugResponse:
        response = Response(render_template_string("page for {{ csp_nonce }}"))
        response.set_etag("the page")
        return response.make_conditional(request)

    return app


def test_file_is_sent_whole_in_ranges_and_not_at_all(files: Flask) -> None:
    whole = get(files, "/plan")
    part = get(files, "/plan", headers={"Range": "bytes=2-4"})
    fresh = get(files, "/plan", headers={"If-None-Match": whole.headers["ETag"]})
    beyond = get(files, "/plan", headers={"Range": "bytes=20-"})
    assert [one.status_code for one in (whole, part, fresh, beyond)] == [200, 206, 304, 416]
    assert (whole.data, part.data, fresh.data) == (b"0123456789", b"234", b"")
    assert (part.headers["Content-Range"], part.headers["Content-Length"]) == ("bytes 2-4/10", "3")
    assert all(protected(one) for one in (whole, part, fresh, beyond))
    assert whole.headers["Cache-Control"] == "no-cache"
    for one in (whole, part, fresh, beyond):
        one.close()  # the test client leaves files open


def test_page_from_a_cache_keeps_the_nonce_that_it_was_made_with(files: Flask) -> None:
    fresh = get(files, "/page")
    stored = get(files, "/page", headers={"If-None-Match": fresh.headers["ETag"]})
    assert (fresh.status_code, stored.status_code) == (200, 304)
    assert "nonce" in fresh.headers["Content-Security-Policy"]
    assert "Content-Security-Policy" not in stored.headers
    assert stored.headers["Cache-Control"] == "private"


@pytest.fixture
def cors() -> Flask:
    app = Flask(__name__)
    CORS(app, origins=[SHOP], supports_credentials=True)
    Netguard(app, Policy(hosts=["booking.example"], origin=Origin(trusted=[SHOP])))
    app.add_url_rule("/book", view_func=lambda: "booked", methods=["POST"])
    return app


def test_preflight_is_answered_by_flask_cors_and_the_request_passes(cors: Flask) -> None:
    client = cors.test_client()
    preflight = client.options("/book", base_url=SITE, headers=PREFLIGHT)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, SHOP)
    answer = client.post("/book", base_url=SITE, headers={"Origin": SHOP, "Sec-Fetch-Site": "cross-site"})
    assert (answer.text, answer.headers["Access-Control-Allow-Origin"]) == ("booked", SHOP)
    assert protected(answer)


@pytest.mark.parametrize(
    ("base", "status"),
    [
        pytest.param("https://evil.example", 400, id="refused"),
        pytest.param("http://booking.example", 308, id="redirected"),
    ],
)
def test_what_netguard_answers_comes_before_a_preflight(cors: Flask, base: str, status: int) -> None:
    # No browser follows a redirect of a preflight: pages must name https themselves.
    answer = cors.test_client().options("/book", base_url=base, headers=PREFLIGHT)
    assert answer.status_code == status
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_site_that_cors_allows_and_the_policy_does_not_trust_is_refused() -> None:
    app = Flask(__name__)
    CORS(app, origins=[SHOP])
    Netguard(app, POLICY)
    app.add_url_rule("/book", view_func=lambda: "booked", methods=["POST"])
    assert app.test_client().post("/book", base_url=SITE, headers={"Origin": SHOP}).status_code == 403
