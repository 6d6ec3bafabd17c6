"""Tenants: counters apart wherever they live, tenants of a policy that changes, of a file, and mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netguard import ConfigError, Limiter, LivePolicy, Lockout, Logins, Policy, RateLimit, Tenants, form, reported
from netguard.explanation import asked, explain
from netguard.wsgi import NetguardMiddleware
from scenarios import wsgi_driver
from scenarios.drivers import DRIVERS
from scenarios.row import Answer, Ask, Outcome, Row
from support.redis import PATIENT, redis_server, uri

HOSTS = ["booking.example", "north.example", "*.south.example"]
KEY = "a key of these tests, and long enough"
LOGINS = Lockout(on="POST /login", username=form("name"), tries="2/hour", success=reported(), devices=False)
MAIL = RateLimit("1/hour", on="/mail", name="mail")


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with redis_server() as server:
        yield uri(server) + PATIENT


@pytest.fixture(params=["memory", "one policy for all", pytest.param("redis", marks=pytest.mark.needs("redis-server"))])
def tenants(request: pytest.FixtureRequest) -> Policy:
    """Two tenants whose limits have one name, in stores of their own or in one."""
    own: dict[str, Any] = {"limits": [MAIL], "lockout": LOGINS}
    if request.param == "redis":
        own |= {"store": request.getfixturevalue("redis"), "counter_key": KEY + request.node.name}
    one = Policy(**own)
    other = one if request.param == "one policy for all" else Policy(**own)
    return Policy(hosts=HOSTS, tenants=Tenants({"north.example": one, "*.south.example": other}))


def answers(app: NetguardMiddleware, *hosts: str, path: str = "/mail") -> list[int]:
    """What a client is answered at these hosts."""
    asks = [Ask(host=host, target=path.encode()) for host in hosts]
    return [wsgi_driver.exchanged(Row(id="", policy=Policy(), ask=ask), app, []).status for ask in asks]


def site(policy: Policy | LivePolicy) -> NetguardMiddleware:
    return NetguardMiddleware(wsgi_driver._app(Answer(), []), policy)


def test_counters_are_apart(tenants: Policy) -> None:
    seen = answers(site(tenants), "north.example", "north.example", "a.south.example", "b.south.example")
    assert seen == [200, 429, 200, 429]


def test_code_counts_for_one_tenant(tenants: Policy) -> None:
    made = tenants.tenants
    assert made
    north = Limiter(made.policies["north.example"])
    assert north.hit("mail", "198.51.100.9")
    assert answers(site(tenants), "north.example", "a.south.example") == [429, 200]


def test_locks_are_apart(tenants: Policy) -> None:
    made = tenants.tenants
    assert made
    north, south = (Logins(policy) for policy in made.policies.values())
    for _ in range(2):
        with north.attempt("ada", client="192.0.2.7") as attempt:
            attempt.failed()
    assert [bool(north.locked_for("ada")[0]), bool(south.locked_for("ada")[0])] == [True, False]


def test_counters_stay_over_a_reload(tmp_path: Path) -> None:
    wanted = {"north.example": "1/hour"}

    def made() -> Policy:
        policies = {name: Policy(limits=[RateLimit(rate, name="all")]) for name, rate in wanted.items()}
        return Policy(hosts=HOSTS, tenants=Tenants(policies))

    live = LivePolicy(made, every=0)
    app = site(live)
    assert answers(app, "north.example", "north.example", "a.south.example") == [200, 429, 200]
    wanted["*.south.example"] = "1/hour"
    live.reload()
    assert answers(app, "north.example", "a.south.example", "a.south.example") == [429, 200, 429]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    "by",
    [pytest.param(lambda request: "nroth", id="unknown"), pytest.param(lambda request: int("x"), id="raises")],
)
def test_a_callable_that_fails_is_answered_500(driver: str, by: Any) -> None:
    policy = Policy(hosts=["booking.example"], tenants=Tenants({"north": Policy()}, by=by))
    outcome: Outcome = DRIVERS[driver](Row(id="", policy=policy, ask=Ask()))
    assert (outcome.status, outcome.seen) == (500, [])
    assert outcome.values("x-content-type-options") == ["nosniff"]
    assert outcome.raised is None or isinstance(outcome.raised, ConfigError | ValueError)


def test_a_callable_that_fails_serves_nobody_that_the_outer_policy_refuses() -> None:
    policy = Policy(hosts=["booking.example"], tenants=Tenants({"north": Policy()}, by=lambda request: "nroth"))
    assert answers(site(policy), "evil.example", "booking.example") == [400, 500]


def test_tenants_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("""hosts = ["north.example", "south.example"]
hosts_mode = "report"
[tenants.policies."north.example"]
preset = "api"
[[tenants.policies."north.example".limits]]
rate = "1/hour"
[tenants.policies."south.example"]
https = false
""")
    policy = Policy.from_toml(file)
    assert policy.tenants
    north, south = policy.tenants.policies.values()
    assert (north.preset, north.hosts, north.hosts_mode, north.limits[0].rate, south.https) == (
        "api", policy.hosts, "report", "1/hour", False)  # fmt: skip


def test_a_callable_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[tenants]\nby = "netguard.explanation:explain"\n[tenants.policies.north]\n')
    made = Policy.from_toml(file).tenants
    assert made
    assert getattr(made.by, "__name__", "") == "explain"


def test_explain_names_the_tenant() -> None:
    policy = Policy(hosts=HOSTS, tenants=Tenants({"north.example": Policy(limits=[MAIL])}))
    told = [str(explain(policy, asked(policy, "/mail", {"Host": host}))) for host in HOSTS[:2]]
    assert "the outer policy" in told[0]
    assert "tenant north.example" in told[1]
    assert ["limit 'mail'" in one for one in told] == [False, True]


def test_a_development_tenant_and_a_replaced_outer_policy() -> None:
    policy = Policy(hosts=HOSTS, tenants=Tenants({"north.example": Policy.development(limits=[MAIL])}))
    again = replace(policy, exempt=["GET /healthz"])
    assert policy.tenants
    assert again.tenants
    before, after = (made.policies["north.example"] for made in (policy.tenants, again.tenants))
    assert after.exempt == ["GET /healthz"]
    assert before.key_of_counters() == after.key_of_counters()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: Tenants({}), "a mapping of names to policies", id="none"),
        pytest.param(lambda: Tenants(["north"]), "a mapping of names", id="list"),  # type: ignore[arg-type]
        pytest.param(lambda: Tenants({"north.example": 3}), "write Policy", id="no-policy"),  # type: ignore[dict-item]
        pytest.param(lambda: Tenants({"north.example": False}), "write Policy", id="off"),  # type: ignore[dict-item]
        pytest.param(lambda: Tenants({"a": Policy(hosts=["x.example"])}), "the outer policy's own", id="hosts"),
        pytest.param(lambda: Tenants({"a": Policy(proxies=["10.0.0.0/8"])}), "the outer policy's own", id="proxies"),
        pytest.param(lambda: Tenants({"a": Policy(exempt=["/x"])}), "the outer policy's own", id="exempt"),
        pytest.param(lambda: Tenants({"a": Policy(hosts_mode="report")}), "the outer policy's own", id="hosts-mode"),
        pytest.param(lambda: Tenants({"a": Policy(tenants=Tenants({"b": Policy()}))}), "outer policy's", id="nested"),
        pytest.param(lambda: Tenants({"North.example": Policy()}), "write 'north.example', not 'North", id="case"),
        pytest.param(lambda: Tenants({"*.n.example.": Policy()}), r"write '\*.n.example', not", id="dot"),
        pytest.param(lambda: Tenants({"n.example:8443": Policy()}), "without port", id="port"),
        pytest.param(lambda: Tenants({"https://n.example": Policy()}), "without scheme", id="scheme"),
        pytest.param(lambda: Tenants({"a": Policy()}, by="north"), "a callable of the request", id="by"),  # type: ignore[arg-type]
        pytest.param(lambda: Policy(tenants={"a": Policy()}), "write Tenants", id="no-tenants"),  # type: ignore[arg-type]
        pytest.param(lambda: Policy(hosts=["a.example"], tenants=Tenants({"b.example": Policy()})),
                     "nobody reaches 'b.example'", id="unlisted"),
        pytest.param(lambda: Limiter(Policy(tenants=Tenants({"b.example": Policy(limits=[MAIL])}))), "no limits",
                     id="outer-limits"),
    ],
)  # fmt: skip
def test_mistakes_end_the_start(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()
