"""What two hardened cookies and the origin check on a POST cost, beside the packages that do either for ASGI apps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks import asgi, wsgi
from benchmarks.measure import Row, added, interleaved, minus, ratio
from benchmarks.peers import asgi_csrf, secure_cookies, starlette_csrf
from benchmarks.traffic import (
    DIRECT,
    POLICY,
    PROXIED,
    ASGIApp,
    Environ,
    Loop,
    RawHeaders,
    Receive,
    Scope,
    Send,
    StartResponse,
    WSGIApp,
    answer_wsgi,
    environ,
    raw,
    repeated,
    run_wsgi,
    scope,
)
from netguard import Policy
from netguard.asgi import NetguardMiddleware
from netguard.events import logger
from netguard.wsgi import NetguardMiddleware as WSGINetguardMiddleware

# What Starlette's sessions write, and a cookie that says little of itself.
_SET = {
    "session": "eyJ1c2VyIjo3fQ.aMkD1w.5cVqUqI0Qm3yF1kq8m0Vq6Vb2aE; path=/; Max-Age=1209600; httponly; samesite=lax",
    "theme": "dark; Path=/",
}
_COOKIES = [(b"set-cookie", f"{name}={rest}".encode()) for name, rest in _SET.items()]
_TEXT_COOKIES = [("Set-Cookie", f"{name}={rest}") for name, rest in _SET.items()]
_FLAGS = (b"; secure", b"; httponly", b"; samesite=")
_POSTED = {**PROXIED, "origin": "https://booking.example", "sec-fetch-site": "same-origin"}
_FOREIGN = {**_POSTED, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
_OF_COOKIES = minus(added("cookies", "bare, cookies"), added("netguard"))


async def with_cookies(scope: Scope, receive: Receive, send: Send) -> None:
    """The smallest app, and two cookies."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2"), *_COOKIES]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def with_cookies_wsgi(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """The same under WSGI."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2"), *_TEXT_COOKIES])
    return [b"ok"]


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    logger.disabled = True  # what is told of a cookie once would stand in the table
    try:
        yield from _rewritten(rounds)
        yield from _rewritten_wsgi(rounds)
        yield from _posted(rounds)
    finally:
        logger.disabled = False


def _rewritten(rounds: int) -> Iterator[Row]:
    """Two cookies: what the middleware adds to a response with them beyond what it adds to the same without."""
    apps: dict[str, ASGIApp] = {
        "bare": asgi.bare,
        "twelve": asgi.TwelveHeaders(asgi.bare),
        "netguard": NetguardMiddleware(asgi.bare, POLICY),
        "bare, cookies": with_cookies,
        "cookies": NetguardMiddleware(with_cookies, POLICY),
    }
    request = scope(raw(PROXIED))
    with Loop() as loop:
        _expect_hardened(loop.answer(apps["cookies"], dict(request))[1])
        runs = {name: loop.run(app, repeated(request)) for name, app in apps.items()}
        measured = interleaved(runs, rounds=rounds, number=500)
    twelve = added("twelve")
    yield measured.row("+ 12 constant headers", twelve, "µs")
    yield measured.row("+ rewriting of two cookies", _OF_COOKIES, "µs")
    yield measured.row("rewriting of two cookies / 12 constant headers", ratio(_OF_COOKIES, twelve), "x", bar=4)


def _rewritten_wsgi(rounds: int) -> Iterator[Row]:
    apps: dict[str, WSGIApp] = {
        "bare": wsgi.bare,
        "twelve": wsgi.TwelveHeaders(wsgi.bare),
        "netguard": WSGINetguardMiddleware(wsgi.bare, POLICY),
        "bare, cookies": with_cookies_wsgi,
        "cookies": WSGINetguardMiddleware(with_cookies_wsgi, POLICY),
    }
    request = environ(PROXIED)
    answered = answer_wsgi(apps["cookies"], dict(request))[1]
    _expect_hardened([(name.encode(), value.encode()) for name, value in answered])
    runs = {name: run_wsgi(app, repeated(request)) for name, app in apps.items()}
    measured = interleaved(runs, rounds=rounds, number=500)
    yield measured.row("WSGI: + 12 constant headers", added("twelve"), "µs")
    yield measured.row("WSGI: + rewriting of two cookies", _OF_COOKIES, "µs")
    yield measured.row("WSGI: rewriting of two cookies / 12 constant headers", ratio(_OF_COOKIES, added("twelve")), "x")


def _posted(rounds: int) -> Iterator[Row]:
    """A POST by this site's own page, answered with two cookies."""
    neither = Policy(hosts=POLICY.hosts, proxies=POLICY.proxies, cookies=False, origin=False)
    guarded = NetguardMiddleware(with_cookies, POLICY)
    apps: dict[str, tuple[ASGIApp, Scope]] = {
        "bare": (with_cookies, _post(_POSTED)),
        "netguard": (guarded, _post(_POSTED)),
        "netguard without": (NetguardMiddleware(with_cookies, neither), _post(_POSTED)),
    }
    with Loop() as loop:
        _expect(loop.answer(guarded, _post(_FOREIGN))[0] == 403, "netguard refuses a foreign POST")
        for name, (set_up, walk) in _PEERS.items():
            peer = set_up(with_cookies)
            apps[name] = peer, walk(loop, peer)
        for name, (app, request) in apps.items():
            _expect(loop.answer(app, dict(request))[0] == 200, f"{name} lets this POST pass")
        runs = {name: loop.run(app, repeated(request)) for name, (app, request) in apps.items()}
        measured = interleaved(runs, rounds=rounds, number=300)  # enough that the first few, still slow, do not count
    ours = added("netguard", "netguard without")
    yield measured.row("POST: + rewriting of two cookies and origin check", ours, "µs")
    yield measured.row("POST: + all of netguard", added("netguard"), "µs", note="twelve headers and every other check")
    for name in _PEERS:
        theirs = added(name)
        yield measured.row(f"POST: + {name}", theirs, "µs", note=_NOTES.get(name, ""))
        yield measured.row(f"POST: rewriting and origin check / {name}", ratio(ours, theirs), "x", bar=0.1)


def _post(fields: dict[str, str]) -> Scope:
    return scope(raw(fields), method="POST")


def _with_token(loop: Loop, peer: ASGIApp) -> Scope:
    """The POST of a page that has the token, which the peer asks for."""
    jar = _jar(loop, peer)
    fields = {**_POSTED, "cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
    _expect(loop.answer(peer, _post(fields))[0] == 403, "a POST without the token is refused")
    return _post({**fields, "x-csrftoken": jar["csrftoken"]})


def _with_secret_cookies(loop: Loop, peer: ASGIApp) -> Scope:
    """The POST of a browser that has the cookies as the peer rewrote them."""
    jar = _jar(loop, peer)
    _expect(jar["theme"] != "dark", "cookies are encrypted")
    _expect_hardened(loop.answer(peer, scope(raw(DIRECT)))[1])
    return _post({**_POSTED, "cookie": "; ".join(f"{name}={value}" for name, value in jar.items())})


def _jar(loop: Loop, peer: ASGIApp) -> dict[str, str]:
    """What a browser keeps of the cookies of its first visit."""
    visited = loop.answer(peer, scope(raw({**DIRECT, "cookie": ""})))[1]
    kept = [value.decode().partition(";")[0] for name, value in visited if name == b"set-cookie"]
    return dict(pair.split("=", 1) for pair in kept)


def _expect_hardened(headers: RawHeaders) -> None:
    cookies = [value.lower() for name, value in headers if name.lower() == b"set-cookie"]
    _expect(len(cookies) == len(_COOKIES), "two cookies stay two")
    _expect(all(flag in cookie for cookie in cookies for flag in _FLAGS), "each cookie has every flag")


def _expect(met: bool, what: str) -> None:
    """Stop where one does not do its work: its figures would mean something else."""
    if not met:
        raise SystemExit(f"expected: {what}")


_PEERS: dict[str, tuple[Callable[[ASGIApp], ASGIApp], Callable[[Loop, ASGIApp], Scope]]] = {
    "starlette-securecookies": (secure_cookies, _with_secret_cookies),
    "starlette-csrf": (starlette_csrf, _with_token),
    "asgi-csrf": (asgi_csrf, _with_token),
}
_NOTES = {"starlette-securecookies": "which also encrypts them"}
