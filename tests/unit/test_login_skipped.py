"""A limit of a view that refuses it: the try of a login goes back, unless its password was found wrong before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from starlette.testclient import TestClient

from netguard import Limiter, Lockout, Policy, RateLimit, client, header, reported
from netguard.fastapi import NetguardMiddleware, exchange_of, limited
from netguard.plan import Plan

SECRETS = ["of this test, and long enough for it"]


def check(request: Request) -> None:
    exchange_of(request).login_failed()


@pytest.fixture
def statuses() -> Callable[..., list[int]]:
    """The statuses of as many logins as are asked for, behind these dependencies, one a limit of once an hour."""
    plan = Plan(Policy(
        hosts=["testserver"], limits=[RateLimit("1/hour", on=[], by=client, name="mail")], secrets=SECRETS,
        lockout=Lockout(on="POST /login", username=header("x-name"), success=reported(), tries="3/15 minutes"),
    ))  # fmt: skip
    limit = limited(Limiter(plan), "mail")

    def made(*before: Callable[..., object], times: int) -> list[int]:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

        @app.post("/login", dependencies=[Depends(one) for one in (*before, limit)])
        def login() -> None:
            raise HTTPException(401)

        app.add_middleware(NetguardMiddleware, policy=plan)
        asking = TestClient(app, base_url="https://testserver")
        fields = {"x-name": "ann", "origin": "https://testserver"}
        return [asking.post("/login", headers=fields).status_code for _ in range(times)]

    return made


def test_what_is_refused_takes_no_try(statuses: Callable[..., list[int]], caplog: pytest.LogCaptureFixture) -> None:
    assert statuses(times=5) == [401, 429, 429, 429, 429]
    assert caplog.text.count("[lockout.failed]") == 1
    assert caplog.text.count("[limits.exceeded]") == 4


def test_what_failed_before_stays_a_failure(
    statuses: Callable[..., list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    assert statuses(check, times=5) == [401, 429, 429, 429, 429]
    assert caplog.text.count("[lockout.failed]") == 3
    assert caplog.text.count("[lockout.account]") == 2
