"""What a refused client reads: HTML, a JSON problem (RFC 9457) or plain text, by Accept; never the inner detail."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from http import HTTPStatus
from string import Template
from typing import Final

from netguard.checks import whole
from netguard.errors import ConfigError
from netguard.messages import NOT_FOUND, Continue, Decision, Page, Refusal, Request, Respond

_logger: Final = logging.getLogger("netguard")
_HTML_TYPE: Final = b"text/html; charset=utf-8"

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
# Where the sentence for the status would leave a person without a way on.
_LOCKED: Final = "Too many tries to log in: please try again later."
_BY_CODE: Final = {
    "lockout.account": _LOCKED,
    "lockout.client": _LOCKED,
    "lockout.capped": _LOCKED,
    "token.missing": "This page is out of date: please load it again and send the form once more.",
    "token.invalid": "This page is out of date: please load it again and send the form once more.",
}
_HTML: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><h1>{title}</h1><p>{sentence}</p></html>\n"
)


TOO_LARGE: Final = Refusal("body", "body.too-large", 413, "the body is larger than a rule that needs it may read")
NO_LENGTH: Final = Refusal("body", "body.no-length", 411, "a rule needs the body, and the server cannot tell its end")
CUT_SHORT: Final = Refusal("body", "body.cut-short", 400, "the client sent less than it announced")
CRASHED: Final = Refusal("app", "app.exception", 500, "an exception left the app")
NO_USER: Final = (
    "the policy has rules about the user, and no way to know one: write NetguardMiddleware(app, policy, user=...), "
    "a callable that gives the user of a request or None"
)
UNJUDGED: Final = Refusal(
    "roles", "roles.unjudged", 403, "a rule needs the user, and the app's hook never told who it is"
)
UNJUDGED_HIDDEN: Final = replace(UNJUDGED, status=404, told=NOT_FOUND)
UNPROVED: Final = Refusal("core", "core.unproved", 500, "no rule let this request pass: please report this bug")


def proved(decision: Decision) -> Continue | Respond:
    """The decision if it is one; whatever else a bug may have made refuses."""
    if type(decision) is Continue or type(decision) is Respond:
        return decision
    return Respond(UNPROVED)


def unlisted_proxy(request: Request) -> Refusal:
    """The note that a peer outside ``proxies`` sent forwarding headers, which were dropped."""
    peer = request.peer or "unix"
    mend = f"if {peer} is your own proxy, write proxies=[{peer!r}]; otherwise nothing is amiss"
    return Refusal(
        "proxies", "proxies.unlisted", 200, f"forwarding headers from {peer} were ignored: {mend}", (), False
    )


@dataclass(frozen=True, slots=True)
class Words:
    """What a page of refusal may say: the status and its name, a sentence for the client, and the reason code.

    ``wait`` is in seconds, 0 where time mends nothing.
    """

    status: int
    title: str
    sentence: str
    code: str
    problem: Mapping[str, object] = field(default_factory=dict)
    wait: int = 0


PageCallable = Callable[[Request, Words], tuple[str, str | bytes]]  # returns the content type and the body
Maker = Callable[[Request, Words], tuple[bytes, bytes]]
PageSource = str | PageCallable  # str: an HTML template


class Pages:
    """The pages of refusals, compiled: the policy's own by status, its sentences by language."""

    __slots__ = ("_own", "_texts", "_vary")

    def __init__(self, on_refusal: Mapping[int, PageSource], texts: Mapping[str, Mapping[int, str]]) -> None:
        self._own = {status: _compiled(status, source) for status, source in on_refusal.items()}
        self._texts = {language.lower(): dict(sentences) for language, sentences in texts.items()}
        self._vary = b"Accept, Accept-Language" if texts else b"Accept"  # what every page depends on

    def page(self, request: Request, refusal: Refusal) -> Page:
        """The page for a refusal: no cache may keep it, unless the refusal's own headers say otherwise."""
        words = self._words(request, refusal)
        own = self._own.get(refusal.status)
        kind, body = _standard(request, words) if own is None else _tried(own, request, words)
        vary = b", ".join([*(value for name, value in refusal.headers if name == b"vary"), self._vary])
        headers = [pair for pair in refusal.headers if pair[0] != b"vary"]
        headers += [*_framing(refusal.status, kind, body), (b"vary", vary)]
        if all(name != b"cache-control" for name, _ in refusal.headers):
            headers.append((b"cache-control", b"no-store"))
        return Page(refusal.status, tuple(headers), b"" if request.method == "HEAD" else body)

    def _words(self, request: Request, refusal: Refusal) -> Words:
        status = refusal.status
        sentence = _BY_CODE.get(refusal.code) or _SENTENCES.get(status, "This request was refused.")
        for language in _languages(request) if self._texts else ():
            told = self._texts.get(language, {}).get(status)
            if told is not None:
                sentence = told
                break
        title, wait = f"{status} {HTTPStatus(status).phrase}", -(-refusal.wait // 1_000_000)
        return Words(status, title, sentence, refusal.told or refusal.code, refusal.problem, wait)


def check_pages(on_refusal: object, texts: object) -> None:
    """Refuse pages and texts that could not be shown."""
    if not isinstance(on_refusal, Mapping) or not isinstance(texts, Mapping):
        raise ConfigError("Policy.on_refusal, Policy.texts: write mappings, as in {403: page} and {'de': {403: '...'}}")
    for status, source in on_refusal.items():
        whole("Policy.on_refusal", status, 400, 599)
        _compiled(status, source)
    for language, sentences in texts.items():
        if not isinstance(language, str):
            raise ConfigError(f"Policy.texts: {language!r} is no language such as 'de' or 'pt-BR'")
        if not isinstance(sentences, Mapping):
            raise ConfigError(f"Policy.texts[{language!r}]: write a mapping as in {{403: '...'}}, not {sentences!r}")
        for status, sentence in sentences.items():
            whole(f"Policy.texts[{language!r}]", status, 300, 599)
            if not isinstance(sentence, str):
                raise ConfigError(f"Policy.texts[{language!r}][{status}]: a sentence is meant, not {sentence!r}")


def _compiled(status: int, source: PageSource) -> Callable[[Request, Words], tuple[bytes, bytes]]:
    if callable(source):
        return _Called(source)
    if isinstance(source, str):
        template = Template(source)
        if not template.is_valid() or not set(template.get_identifiers()) <= {"status", "title", "sentence", "code"}:
            raise ConfigError(f"Policy.on_refusal[{status}]: a page may name $status, $title, $sentence and $code")
        return _Filled(template)
    raise ConfigError(f"Policy.on_refusal[{status}]: write an HTML template or a callable, not {source!r}")


def _tried(own: Maker, request: Request, words: Words) -> tuple[bytes, bytes]:
    try:
        return own(request, words)
    except Exception:  # a refusal must leave, whatever its page does
        _logger.exception("the page for %d failed, and the standard one is sent", words.status)
        return _standard(request, words)


class _Called:
    __slots__ = ("_source",)

    def __init__(self, source: PageCallable) -> None:
        self._source = source

    def __call__(self, request: Request, words: Words) -> tuple[bytes, bytes]:
        kind, body = self._source(request, words)
        return kind.encode("ascii"), body.encode() if isinstance(body, str) else body


class _Filled:
    """An HTML template of the app's for browsers; programs still get their problem."""

    __slots__ = ("_template",)

    def __init__(self, template: Template) -> None:
        self._template = template

    def __call__(self, request: Request, words: Words) -> tuple[bytes, bytes]:
        if not _wants_html(request):
            return _standard(request, words)
        values = {"status": str(words.status), "title": words.title, "sentence": words.sentence, "code": words.code}
        safe = {name: escape(value) for name, value in values.items()}
        return _HTML_TYPE, self._template.substitute(safe).encode()


def _framing(status: int, kind: bytes, body: bytes) -> list[tuple[bytes, bytes]]:
    if status == 204:  # which has no content (RFC 9110, 15.3.5)
        return []
    return [(b"content-type", kind), (b"content-length", str(len(body)).encode())]


def _standard(request: Request, words: Words) -> tuple[bytes, bytes]:
    if words.status == 204:
        return b"", b""
    if _wants_html(request):
        return _HTML_TYPE, _HTML.format(title=escape(words.title), sentence=escape(words.sentence)).encode()
    if b"json" in (request.headers.get(b"accept") or b"").lower():
        problem = {
            "type": "about:blank",
            "title": words.title,
            "status": words.status,
            "detail": words.sentence,
            "code": words.code,
            **words.problem,
        }
        return b"application/problem+json", json.dumps(problem).encode()
    return b"text/plain; charset=utf-8", f"{words.sentence}\n".encode()


def _wants_html(request: Request) -> bool:
    return b"text/html" in (request.headers.get(b"accept") or b"").lower()


def _languages(request: Request) -> Iterator[str]:
    """The client's languages, best first, each with its base: ``de-AT`` also asks for ``de`` (RFC 4647, 3.4)."""
    written = (request.headers.get(b"accept-language") or b"")[:256].decode("latin-1").lower()
    ranked = sorted((_weight(part) for part in written.split(",")[:16]), key=lambda pair: -pair[0])
    for weight, tag in ranked:
        if weight > 0:
            yield tag
            yield tag.partition("-")[0]


def _weight(part: str) -> tuple[float, str]:
    tag, _, parameter = part.partition(";")
    name, _, value = parameter.strip().partition("=")
    try:
        return (float(value) if name.strip() == "q" else 1.0), tag.strip()
    except ValueError:
        return 0.0, tag.strip()
