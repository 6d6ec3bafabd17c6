"""Policies from TOML files mean what they mean in Python, and mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from netguard import (
    CSP,
    HTTPS,
    NONCE,
    SELF,
    ConfigError,
    Headers,
    Policy,
    Proxies,
    RateLimit,
    client,
    form,
    header,
    json_field,
)
from netguard.events import SecurityEvent
from netguard.messages import Request

WRITTEN = """
preset = "strict"
hosts = ["booking.example"]
exempt = ["GET /healthz"]
events = ["unit_sink:hear"]
cookies = false

[proxies]
trusted = ["10.0.0.0/8"]
family = "forwarded"

[https]
refuse = ["/api/*"]
ports = { 8080 = 8443 }

[headers]
x_frame_options = "SAMEORIGIN"
permissions_policy = { camera = ["'self'"], usb = false }

[headers.csp]
script_src = ["'self'", "'nonce'"]

[on_refusal]
403 = "<h1>$title</h1>"

[texts.de]
403 = "Das ist nicht erlaubt."
"""


def hear(event: SecurityEvent) -> None:
    """A sink that a file can name."""


def account(request: Request) -> str:
    """What a limit counts by."""
    return request.path


def cost(request: Request) -> int:
    """And what a request takes."""
    return 2


@pytest.fixture(autouse=True)
def _sink_module(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"hear": staticmethod(hear), "account": staticmethod(account), "cost": staticmethod(cost)}
    module = type("unit_sink", (), names)
    monkeypatch.setitem(__import__("sys").modules, "unit_sink", module)


def test_a_file_says_what_python_says(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(WRITTEN)
    assert Policy.from_toml(file) == Policy.strict(
        hosts=["booking.example"],
        exempt=["GET /healthz"],
        events=[hear],
        cookies=False,
        proxies=Proxies(trusted=["10.0.0.0/8"], family="forwarded"),
        https=HTTPS(refuse=["/api/*"], ports={8080: 8443}),
        headers=Headers(
            x_frame_options="SAMEORIGIN",
            permissions_policy={"camera": ["'self'"], "usb": False},
            csp=CSP(script_src=[SELF, NONCE]),
        ),
        on_refusal={403: "<h1>$title</h1>"},
        texts={"de": {403: "Das ist nicht erlaubt."}},
    )


LIMITS = """
[[limits]]
rate = "5/hour"
on = "POST /mail"
by = "form:email"
name = "mail"

[[limits]]
rate = "100/minute; 2000/hour"
by = ["client", "json:user.name"]
distinct = "header:X-Court"
exempt_clients = ["10.0.0.0/8"]

[[limits]]
rate = "9/hour"
on = ["/a", "/b"]
by = "unit_sink:account"
cost = "unit_sink:cost"
"""


def test_limits_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(LIMITS)
    mail, names, called = Policy.from_toml(file).limits
    assert mail == RateLimit("5/hour", on="POST /mail", by="form:email", name="mail")
    assert mail.sources() == RateLimit("5/hour", by=form("email")).sources()
    assert names.sources() == (client, json_field("user.name"))
    assert names.distinct_sources() == (header("X-Court"),)
    assert (called.patterns(), called.cost) == (("/a", "/b"), cost)
    assert called.sources() == RateLimit("9/hour", by=account).sources()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("hots = []", ["hots", "'hosts'"], id="unknown-key"),
        pytest.param("[headers.csp]\nimg_scr = []", ["img_scr", "'img_src'"], id="unknown-key-below"),
        pytest.param("hosts = 3", ["hosts", "list", "3"], id="wrong-type"),
        pytest.param("https = true", ["https", "True", "False"], id="true-for-a-section"),
        pytest.param("[hosts]\na = 1", ["hosts", "table"], id="table-for-a-list"),
        pytest.param("[https.ports]\nhttp = 1", ["ports", "'http'", "number"], id="key-that-is-no-number"),
        pytest.param("x = [", ["TOML"], id="no-toml"),
        pytest.param("events = ['nowhere:x']", ["'nowhere:x'", "imported"], id="no-such-module"),
        pytest.param("events = ['json:nothing']", ["'json:nothing'", "imported"], id="no-such-name"),
        pytest.param("events = ['no name']", ["events", "'no name'"], id="no-name"),
        pytest.param("[[limits]]\nrat = '5/hour'", ["'rat'", "'rate'"], id="unknown-key-of-a-limit"),
        pytest.param("[[limits]]\nby = 'client'", ["RateLimit", "'rate' is missing"], id="no-rate"),
        pytest.param("[limits]\nrate = '5/hour'", ["Policy.limits", "write [[limits]]"], id="one-table"),
        pytest.param("limits = ['5/hour']", ["Policy.limits", "RateLimit", "'5/hour'"], id="a-rate-alone"),
        pytest.param("[[limits]]\nrate = '5/fortnight'", ["'fortnight'", "no period"], id="no-period"),
        pytest.param("[[limits]]\nrate = '5/hour'\nby = 'from:email'", ["'from:email'", "'form'"], id="unknown-kind"),
        pytest.param("[[limits]]\nrate = '5/hour'\nby = 'clients'", ["'clients'", "'client'"], id="unknown-source"),
        pytest.param("[[limits]]\nrate = '5/hour'\nby = 'host'", ["'host'", "form:email"], id="nothing-like-it"),
        pytest.param("[[limits]]\nrate = '5/hour'\nby = 'math:pi'", ["3.14", "callable"], id="no-callable"),
        pytest.param("[[limits]]\nrate = '5/hour'\nby = 'nowhere:x'", ["'nowhere:x'", "imported"], id="no-source"),
    ],
)
def test_a_mistake_names_file_value_and_mend(tmp_path: Path, text: str, said: list[str]) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        Policy.from_toml(file)
    for word in [str(file), *said]:
        assert word in str(raised.value)


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Policy.from_toml(tmp_path / "none.toml")


def test_secrets_and_store_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = "n" * 32, "o" * 32
    monkeypatch.setenv("NETGUARD_SECRETS", f"{new} {old}")
    monkeypatch.setenv("NETGUARD_STORE", "memory://")
    assert Policy().secrets == (new, old)
    assert Policy().store == "memory://"
    assert Policy(secrets=[old]).secrets == (old,)


def test_a_short_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETGUARD_SECRETS", "hunter2")
    with pytest.raises(ConfigError, match="7 characters") as raised:
        Policy()
    assert "hunter2" not in str(raised.value)
