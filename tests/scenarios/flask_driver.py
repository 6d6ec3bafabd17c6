"""Flask: an application with ``Netguard(app, policy)``, spoken to as a server would."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response, g, request, stream_with_context
from werkzeug.datastructures import Headers

from netguard.flask import Netguard
from scenarios.asgi_driver import read_early, written
from scenarios.row import Answer, AppError, Outcome, Row, Seen
from scenarios.wsgi_driver import exchanged, seen_in

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def drive(row: Row) -> Outcome:
    """A row through a Flask app's own stack."""
    seen: list[Seen] = []
    return exchanged(row, flask_app(row, seen), seen)


def flask_app(row: Row, seen: list[Seen]) -> Flask:
    """An app with one view for every path; ``seen`` is what it writes down."""
    app = Flask(__name__, static_folder=None)
    shared = _response(row.answer, row.answer.chunks)

    def view(rest: str = "") -> Response:
        mine = seen_in(request.environ)
        seen.append(mine)
        assert g.netguard is request.environ["netguard"]
        if row.answer.raises == "at once":
            raise AppError
        mine.body = request.get_data() if row.answer.reads else b""
        read_early(row.answer, g.netguard, mine)
        return shared if row.answer.shared else _response(row.answer, stream_with_context(_chunks(row.answer, mine)))

    app.add_url_rule("/", view_func=view, methods=METHODS)
    app.add_url_rule("/<path:rest>", view_func=view, methods=METHODS)
    Netguard(app, row.made_policy(), user=(lambda: request.headers.get("X-User")) if row.knows_user else None)
    return app


def _response(answer: Answer, chunks: object) -> Response:
    response = Response(chunks, answer.status)  # type: ignore[arg-type]  # an iterator, or one response's own chunks
    response.headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.pairs()])
    return response


def _chunks(answer: Answer, mine: Seen) -> Iterator[bytes]:
    for chunk in answer.chunks:
        yield written(answer, chunk, g.netguard, mine)
        if answer.raises == "amid":
            raise AppError
