"""What the ASGI driver adds to an app that does nothing, beside a wrapper that only appends twelve headers."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator

from benchmarks.measure import Row, added, cost, interleaved, ratio
from benchmarks.peers import secure_asgi
from benchmarks.traffic import (
    DIRECT,
    POLICY,
    PROXIED,
    TWELVE,
    ASGIApp,
    Loop,
    Message,
    Receive,
    Scope,
    Send,
    expect,
    raw,
    repeated,
    scope,
)
from netguard.asgi import NetguardMiddleware

_COOKIES = [(b"set-cookie", b"session=abc; Path=/"), (b"set-cookie", b"theme=dark; Path=/; SameSite=Lax")]


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """The smallest app."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


async def with_cookies(scope: Scope, receive: Receive, send: Send) -> None:
    """The same with two cookies."""
    headers = [(b"content-type", b"text/plain"), *_COOKIES]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


async def with_nonce(scope: Scope, receive: Receive, send: Send) -> None:
    """The same as a page that reads its nonce."""
    scope["netguard"].nonce  # noqa: B018 (to read it is to make it)
    await bare(scope, receive, send)


async def without_nonce(scope: Scope, receive: Receive, send: Send) -> None:
    """What ``with_nonce`` is compared with."""
    await bare(scope, receive, send)


class TwelveHeaders:
    """The yardstick: appends constant headers and does nothing else, by a synchronous ``send``, the fastest way."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = raw(TWELVE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        def with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self.headers]}
            return send(message)

        await self.app(scope, receive, with_headers)


class TwelveHeadersAsync(TwelveHeaders):
    """The same with an ``async def send``, as most are written."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self.headers]}
            await send(message)

        await self.app(scope, receive, with_headers)


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject."""
    proxied, direct = scope(raw(PROXIED)), scope(raw(DIRECT), scheme="https", client=("203.0.113.7", 4711))
    clients = [scope(raw({**PROXIED, "x-forwarded-for": f"203.0.{n >> 8}.{n & 255}"})) for n in range(2000)]
    guarded = NetguardMiddleware(bare, POLICY)
    apps: dict[str, tuple[ASGIApp, list[Scope]]] = {
        "bare": (bare, [proxied]),
        "twelve": (TwelveHeaders(bare), [proxied]),
        "twelve, async send": (TwelveHeadersAsync(bare), [proxied]),
        "secure": (secure_asgi(bare), [proxied]),
        "netguard": (guarded, [proxied]),
        "bare, clients": (bare, clients),
        "clients": (guarded, clients),
        "bare, direct": (bare, [direct]),
        "direct": (guarded, [direct]),
        "bare, nonce": (without_nonce, [proxied]),
        "nonce": (NetguardMiddleware(with_nonce, POLICY), [proxied]),
        "bare, cookies": (with_cookies, [proxied]),
        "cookies": (NetguardMiddleware(with_cookies, POLICY), [proxied]),
    }
    with Loop() as loop:
        for name in ("twelve", "twelve, async send", "secure", "netguard", "clients", "direct"):
            expect(loop.answer(apps[name][0], dict(apps[name][1][0])), 200, 14)
        expect(loop.answer(apps["nonce"][0], dict(proxied)), 200, 15)  # and cache-control: private
        expect(loop.answer(apps["cookies"][0], dict(proxied)), 200, 15)
        measured = interleaved(
            {name: loop.run(app, repeated(*scopes)) for name, (app, scopes) in apps.items()},
            rounds=rounds,
            number=500,
        )
    twelve, ours = added("twelve"), added("netguard")
    yield measured.row("bare app", cost("bare"), "µs", note="prototypes: 0.69")
    yield measured.row("+ 12 constant headers", twelve, "µs", note="prototypes: +0.43")
    yield measured.row("+ 12 constant headers, async send", added("twelve, async send"), "µs")
    yield measured.row("+ netguard", ours, "µs", note="prototypes: +4.3")
    yield measured.row("netguard / 12 constant headers", ratio(ours, twelve), "x", bar=8, note="7.7 to 9.2")
    for name, what in _VARIANTS.items():
        yield measured.row(f"{what} / 12 constant headers", ratio(added(name, f"bare, {name}"), twelve), "x")
    yield measured.row("secure / 12 constant headers", ratio(added("secure"), twelve), "x")
    yield measured.row(
        "netguard / secure", ratio(ours, added("secure")), "x", note="raw ASGI; as documented: starlette"
    )


_VARIANTS = {
    "clients": "netguard, 2,000 clients in turn",
    "direct": "netguard, direct https peer",
    "nonce": "netguard, nonce read",
    "cookies": "netguard, two cookies set",
}
