"""What a lockout on the memory store costs: beside one rate limit on the same form, and beside django-axes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from itertools import cycle
from multiprocessing import get_context
from statistics import median
from time import perf_counter_ns

from benchmarks import lockout_axes
from benchmarks.measure import Row, Run, added, cost, interleaved, ratio
from benchmarks.traffic import PROXIED, Environ, StartResponse, WSGIApp, answer_wsgi, environ, run_wsgi
from netguard import Lockout, Policy, RateLimit, form, redirected
from netguard.passwords import Passwords
from netguard.wsgi import NetguardMiddleware

_MANY = 2000  # more than what any part remembers
_FORM = "application/x-www-form-urlencoded"
_TRIES = "50000/15 minutes; 100000/day"  # none of the default's two windows may lock here
_TIMED = 60  # verifications of each kind


def rows(rounds: int) -> Iterator[Row]:
    """All figures of this subject; logging is off, for every package writes lines of its own."""
    logging.disable()
    try:
        yield from _beside_a_limit(rounds)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as fresh:
            yield from fresh.submit(lockout_axes.rows, rounds).result()
        yield from _timing()
    finally:
        logging.disable(logging.NOTSET)


def _view(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The smallest login: it answers what the benchmark tells it."""
    start_response(environ["answer"], [("Content-Length", "2"), ("Location", "/home")])
    return [b"ok"]


def _beside_a_limit(rounds: int) -> Iterator[Row]:
    """The same POST of the same form, one account in a row and many in turn."""
    lockout = Lockout(
        on="POST /login", username=form("username"), success=redirected(), tries=_TRIES,
        client_tries="100000/15 minutes", cap=100_000,
    )  # fmt: skip
    apps = {
        "none": NetguardMiddleware(_view, _policy()),
        "limit": NetguardMiddleware(_view, _policy(RateLimit("100000000/hour", on="POST /login", by=form("username")))),
        "lockout": NetguardMiddleware(_view, _policy(lockout=lockout)),
    }
    runs: dict[str, Run] = {}
    for name, accounts in (("one", 1), ("many", _MANY)):
        runs |= {f"{app}, {name}": _run(apps[app], accounts, "200 OK") for app in ("none", "limit")}
        runs[f"failing, {name}"] = _run(apps["lockout"], accounts, "200 OK")
        runs[f"succeeding, {name}"] = _run(apps["lockout"], accounts, "303 See Other")
    measured = interleaved(runs, rounds=rounds, number=200)
    for name, shown in (("one", "one account"), ("many", f"{_MANY} accounts in turn")):
        limit = added(f"limit, {name}", f"none, {name}")
        yield measured.row(f"{shown}: netguard without either", cost(f"none, {name}"), "µs")
        yield measured.row(f"{shown}: + one limit by form('username')", limit, "µs")
        for what in ("failing", "succeeding"):
            ours = added(f"{what}, {name}", f"none, {name}")
            yield measured.row(f"{shown}: + a lockout, {what} login", ours, "µs")
            yield measured.row(f"{shown}: lockout, {what} login / one limit", ratio(ours, limit), "x", bar=3)


def _policy(*limits: RateLimit, lockout: Lockout | None = None) -> Policy:
    return Policy(
        hosts=["booking.example"],
        proxies=["10.0.0.0/8"],
        limits=limits,
        lockout=() if lockout is None else lockout,
        secrets=["of the benchmarks, and long enough for any check"],
    )


def _run(app: WSGIApp, accounts: int, answer: str) -> Run:
    status = answer_wsgi(app, next(_logins(accounts, answer)))[0]
    if not answer.startswith(str(status)):
        raise SystemExit(f"expected {answer}, got {status}")
    return run_wsgi(app, _logins(accounts, answer))


def _logins(accounts: int, answer: str) -> Iterator[Environ]:
    """Logins for ever, each account from an address of its own."""
    templates = []
    for number in range(accounts):
        body = b"username=user%d%%40club.example&password=wrong" % number
        fields = {
            **PROXIED, "sec-fetch-site": "same-origin", "x-forwarded-for": f"203.0.{number >> 8}.{number & 255}",
        }  # fmt: skip
        one = environ(fields, REQUEST_METHOD="POST", PATH_INFO="/login", RAW_URI="/login", CONTENT_TYPE=_FORM)
        templates.append(({**one, "CONTENT_LENGTH": str(len(body)), "answer": answer}, body))
    return ({**template, "wsgi.input": BytesIO(body)} for template, body in cycle(templates))


def _timing() -> Iterator[Row]:
    """Wall time of a wrong password for a name that exists, and for one that does not."""
    passwords = Passwords()
    stored = passwords.hash("the right password of somebody")
    times: dict[str, list[int]] = {"known": [], "unknown": []}
    for _ in range(_TIMED):
        for name, found in (("known", stored), ("unknown", None)):
            start = perf_counter_ns()
            passwords.verify(found, "a wrong one, of some length")
            times[name].append(perf_counter_ns() - start)
    known, unknown = median(times["known"]), median(times["unknown"])
    yield Row(what="argon2, wrong password of a known name", value=known / 1e6, unit="ms")
    yield Row(what="argon2, unknown name", value=unknown / 1e6, unit="ms")
    yield Row(what="argon2, unknown / known, medians", value=unknown / known, unit="x", note="1: no name is told")
