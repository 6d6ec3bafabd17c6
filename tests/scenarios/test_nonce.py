"""The nonce under concurrency, and the order of CSP's directives across hash seeds."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import netguard
from netguard import Policy
from scenarios.asgi_driver import scope_of
from scenarios.row import Ask
from scenarios.wsgi_driver import environ_of

MANY = 32
POLICY = Policy(hosts=["booking.example"])


def source(headers: Iterable[tuple[str, str]]) -> str:
    """The one nonce that a CSP allows."""
    csp = dict(headers)["content-security-policy"]
    nonces = {part for part in csp.replace(";", " ").split() if part.startswith("'nonce-")}
    assert len(nonces) == 1, csp
    return nonces.pop().removeprefix("'nonce-").removesuffix("'")


async def _tasks() -> list[tuple[str, str]]:
    """Each request reads its nonce, waits until all have, and answers in the opposite order."""
    met = asyncio.Barrier(MANY)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonce = scope["netguard"].nonce
        await met.wait()
        assert scope["netguard"].nonce == nonce
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": nonce.encode()})

    guarded = netguard.asgi.NetguardMiddleware(app, POLICY)

    async def one() -> tuple[str, str]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            await asyncio.sleep(0)  # lets the others run between head and body
            sent.append(message)

        await guarded(scope_of(Ask()), _no_body, send)
        headers = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        return source(headers), sent[1]["body"].decode()

    return await asyncio.gather(*(one() for _ in range(MANY)))


async def _no_body() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def test_unique_over_tasks_and_never_another_request_s() -> None:
    pairs = asyncio.run(_tasks())
    assert all(sent == read for sent, read in pairs)
    assert len({sent for sent, _ in pairs}) == MANY


def test_unique_over_threads_and_never_another_request_s() -> None:
    met = Barrier(MANY)

    def app(environ: Any, start: Any) -> Iterable[bytes]:
        nonce: str = environ["netguard"].nonce
        met.wait(30)
        assert environ["netguard"].nonce == nonce
        start("200 OK", [])
        return [nonce.encode()]

    guarded = netguard.wsgi.NetguardMiddleware(app, POLICY)

    def one(_: int) -> tuple[str, str]:
        heads: list[list[tuple[str, str]]] = []

        def start(status: str, headers: list[tuple[str, str]]) -> Any:
            heads.append(headers)

        body = b"".join(guarded(environ_of(Ask()), start))
        return source(heads[0]), body.decode()

    with ThreadPoolExecutor(MANY) as threads:
        pairs = list(threads.map(one, range(MANY)))
    assert all(sent == read for sent, read in pairs)
    assert len({sent for sent, _ in pairs}) == MANY


PRINTING = """
from netguard import CSP, NONCE, SELF, Headers, Policy
from netguard.plan import Plan
from netguard.messages import Request

csp = CSP(connect_src=[SELF, "https://c.example", "wss:"], img_src=["https:", "data:", SELF], script_src=[SELF, NONCE])
for policy in (Policy(headers=Headers(csp=csp)), Policy.strict(), Policy.api()):
    for nonce in (None, "abc"):
        print(Plan(policy).merge.merged(Request("GET", "/", {}, "https", "booking.example"), 200, [], nonce))
"""


def test_directives_and_headers_keep_their_order_whatever_the_hash_seed() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", PRINTING],
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            check=True,
        ).stdout
        for seed in range(4)
    }
    assert len(printed) == 1
    assert b"script-src 'self' 'nonce-abc'" in printed.pop()
