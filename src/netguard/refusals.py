"""What a refused client reads: HTML, a JSON problem (RFC 9457) or plain text, by Accept; never the inner detail."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from netguard.messages import Refusal, Request, Respond

_SENTENCES: Final = {
    308: "This address has moved to https.",
    301: "This address has moved to https.",
    400: "The request could not be understood.",
    403: "This request is not allowed.",
    404: "There is nothing here.",
    411: "The request must say how long it is.",
    413: "The request is too large.",
    429: "Too many requests: please try again later.",
    500: "Something went wrong.",
    503: "The service is busy: please try again later.",
}
_HTML: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><h1>{title}</h1><p>{sentence}</p></html>\n"
)


TOO_LARGE: Final = Refusal("body", "body.too-large", 413, "the body is larger than a rule that needs it may read")
NO_LENGTH: Final = Refusal("body", "body.no-length", 411, "a rule needs the body, and the server cannot tell its end")
CUT_SHORT: Final = Refusal("body", "body.cut-short", 400, "the client sent less than it announced")
CRASHED: Final = Refusal("app", "app.exception", 500, "an exception left the app")
UNJUDGED: Final = Refusal(
    "roles", "roles.unjudged", 403, "a rule needs the user, and the app's hook never told who it is"
)
UNPROVED: Final = Refusal("core", "core.unproved", 500, "no rule let this request pass: please report this bug")


def unlisted_proxy(request: Request) -> Refusal:
    """The note that a peer outside ``proxies`` sent forwarding headers, which were dropped."""
    peer = request.peer or "unix"
    mend = f"if {peer} is your own proxy, write proxies=[{peer!r}]; otherwise nothing is amiss"
    return Refusal(
        "proxies", "proxies.unlisted", 200, f"forwarding headers from {peer} were ignored: {mend}", (), False
    )


def answer(request: Request, refusal: Refusal, notes: tuple[Refusal, ...] = ()) -> Respond:
    """The response for a refusal: no cache may keep it, unless its own headers say otherwise."""
    kind, body = _page(request, refusal)
    own = {name for name, _ in refusal.headers}
    headers = [*refusal.headers, (b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if b"cache-control" not in own:
        headers.append((b"cache-control", b"no-store"))
    if b"vary" not in own:
        headers.append((b"vary", b"Accept"))
    return Respond(refusal, tuple(headers), b"" if request.method == "HEAD" else body, notes)


def _page(request: Request, refusal: Refusal) -> tuple[bytes, bytes]:
    title, sentence = _title(refusal.status), _SENTENCES.get(refusal.status, "This request was refused.")
    accepted = (request.headers.get(b"accept") or b"").lower()
    if b"json" in accepted and b"text/html" not in accepted:
        problem = {
            "type": "about:blank",
            "title": title,
            "status": refusal.status,
            "detail": sentence,
            "code": refusal.code,
        }
        return b"application/problem+json", json.dumps(problem).encode()
    if b"text/html" in accepted:
        return b"text/html; charset=utf-8", _HTML.format(title=title, sentence=sentence).encode()
    return b"text/plain; charset=utf-8", f"{sentence}\n".encode()


def _title(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
