"""Whether a client can make any cache grow: 200,000 requests that are never alike in anything."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.measure import Row
from benchmarks.traffic import (
    PROXIED,
    Environ,
    Loop,
    Receive,
    Scope,
    Send,
    StartResponse,
    environ,
    raw,
    run_wsgi,
    scope,
)
from netguard import Policy, asgi, wsgi
from netguard.memo import Memo

_REQUESTS = 200_000  # for each of the two drivers
_LOOK = 500  # requests between two looks at the caches
_BLOCKS = 50_000  # of memory; a cache without a bound would take at least one for each request of the second half


async def _echo(scope: Any, receive: Receive, send: Send) -> None:
    """Answers with a header and a cookie that no other answer has."""
    name = scope["query_string"]
    headers = [(name, b"1"), (b"set-cookie", b"a=b; Path=/" + name)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def _echo_wsgi(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    name = environ["QUERY_STRING"]
    start_response("200 OK", [(name, "1"), ("Set-Cookie", f"a=b; Path=/{name}")])
    return [b"ok"]


def rows(rounds: int) -> Iterator[Row]:
    """Each cache's fullest moment beside its bound, and whether anything else grew."""
    policy = Policy(proxies=["10.0.0.0/8"])
    fullest: dict[str, tuple[int, int]] = {}
    with Loop() as loop:
        feeds = [
            loop.run(asgi.NetguardMiddleware(_echo, policy), map(_scope, range(_REQUESTS))),
            run_wsgi(wsgi.NetguardMiddleware(_echo_wsgi, policy), map(_environ, range(_REQUESTS))),
        ]
        memos = list(_memos())
        half = 0
        for done in range(0, _REQUESTS, _LOOK):
            if done == _REQUESTS // 2:
                half = _allocated()
            for feed in feeds:
                feed(_LOOK)
            _look(memos, fullest)
        _look(_memos(), fullest)
        yield Row(what="memory blocks grown", value=_allocated() - half, unit="entries", bar=_BLOCKS)
    for name, (size, bound) in sorted(fullest.items()):
        yield Row(what=f"fullest moment of {name}", value=size, unit="entries", bar=bound)


def _memos() -> Iterator[Memo[Any, Any]]:
    # By its type: a lazy object of Django would wake up at isinstance.
    return (one for one in gc.get_objects() if issubclass(type(one), Memo))


def _look(memos: Iterable[Memo[Any, Any]], fullest: dict[str, tuple[int, int]]) -> None:
    for memo in memos:
        name = memo._function.__qualname__
        size, _ = fullest.get(name, (0, 0))
        fullest[name] = max(size, len(memo)), memo._size


def _allocated() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def _different(number: int) -> tuple[str, dict[str, str]]:
    """A peer, and a request whose every field, field name included, differs from those before."""
    high, middle, low = number >> 16, number >> 8 & 255, number & 255
    changed = {
        "host": f"club-{number}.example",
        "origin": f"https://club-{number}.example",
        "x-forwarded-for": f"203.{high}.{middle}.{low}",
        f"x-only-{number}": "1",
    }
    return f"10.{high}.{middle}.{low}", {**PROXIED, **changed}


def _scope(number: int) -> Scope:
    peer, fields = _different(number)
    return scope(raw(fields), client=(peer, 1), method="POST", query_string=b"x-answer-%d" % number)


def _environ(number: int) -> Environ:
    peer, fields = _different(number)
    return environ(fields, REMOTE_ADDR=peer, REQUEST_METHOD="POST", QUERY_STRING=f"x-answer-{number}")
