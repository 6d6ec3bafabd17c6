"""Every configuration error of a lockout comes at start-up and names the value and the mend; lockouts from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netguard import ConfigError, Lockout, Policy, basic, client, form, json_field, redirected, reported, status, user

SECRET = "the secret of the rows, and long enough"
GOOD: dict[str, Any] = {"on": "POST /login", "username": form("username"), "success": reported()}


def lockout(**keywords: Any) -> Callable[[], object]:
    return lambda: Lockout(**{**GOOD, **keywords})


def without(name: str) -> Callable[[], object]:
    return lambda: Lockout(**{key: value for key, value in GOOD.items() if key != name})


def policy(*lockouts: Any, **keywords: Any) -> Callable[[], object]:
    return lambda: Policy(lockout=lockouts[0] if len(lockouts) == 1 else lockouts, **keywords)


def made(**keywords: Any) -> Lockout:
    return Lockout(**{**GOOD, **keywords})


async def later(request: object) -> str:
    return ""


# what is written -> what the message must say: the value, then the mend
CASES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "on-missing": (without("on"), ["Lockout.on", "on='POST /login'", "on=[]"]),
    "on-number": (lockout(on=3), ["Lockout.on", "3", "list"]),
    "on-no-path": (lockout(on="login"), ["Lockout.on", "'login'", "'/'"]),
    "on-method": (lockout(on="post /login"), ["Lockout.on", "'post'", "capitals"]),
    "username-missing": (without("username"), ["Lockout.username", "form('username')", "basic"]),
    "username-user": (lockout(username=user), ["Lockout.username", "nobody yet", "form('username')"]),
    "username-word": (lockout(username="username"), ["Lockout.username", "'username'"]),
    "username-uncalled": (lockout(username=form), ["Lockout.username", "form(name)"]),
    "username-async": (lockout(username=later), ["Lockout.username", "must not be async"]),
    "username-none": (lockout(username=None), ["Lockout.username", "None"]),
    "username-empty": (lockout(username=[]), ["Lockout.username"]),
    "success-missing": (
        without("success"),
        ["Lockout.success", "redirected()", "status(200)", "reported()", "callable", "Flask-Login"],
    ),
    "success-uncalled": (lockout(success=redirected), ["Lockout.success", "call it", "redirected()"]),
    "success-status-uncalled": (lockout(success=status), ["Lockout.success", "status(200)"]),
    "success-number": (lockout(success=200), ["Lockout.success", "200", "status(200)"]),
    "success-true": (lockout(success=True), ["Lockout.success", "True"]),
    "success-word": (lockout(success="redirect"), ["Lockout.success", "'redirect'", "'redirected'"]),
    "success-no-module": (lockout(success="nowhere:proof"), ["Lockout.success", "'nowhere:proof'", "imported"]),
    "status-none": (lambda: status(), ["status(...)", "status(200)"]),
    "status-500": (lambda: status(500), ["status(...)", "500", "499"]),
    "redirected-string": (lambda: redirected(away_from="/help"), ["away_from", "'/help'", "list"]),
    "redirected-no-path": (lambda: redirected(away_from=["help"]), ["away_from", "'help'", "'/'"]),
    "tries-words": (lockout(tries="five an hour"), ["Lockout.tries", "five an hour"]),
    "tries-number": (lockout(tries=5), ["Lockout.tries", "5"]),
    "tries-none": (lockout(tries="0/hour"), ["tries", "0"]),
    "tries-too-many": (lockout(tries="1000000/hour"), ["Lockout.tries", "1000000", "100000"]),
    "client-tries": (lockout(client_tries="100 per"), ["Lockout.client_tries", "100 per"]),
    "second-factor-tries": (lockout(second_factor_tries=""), ["Lockout.second_factor_tries", "''"]),
    "per": (lockout(per="client"), ["Lockout.per", "'client'", "'account+client'"]),
    "cap": (lockout(cap=-1), ["Lockout.cap", "-1", "from 0"]),
    "cap-true": (lockout(cap=True), ["Lockout.cap", "True"]),
    "cap-days": (lockout(cap_days=0), ["Lockout.cap_days", "0", "from 1"]),
    "device-days": (lockout(device_days="180"), ["Lockout.device_days", "'180'"]),
    "devices": (lockout(devices="yes"), ["Lockout.devices", "'yes'", "True"]),
    "factor": (lockout(factor="frist"), ["Lockout.factor", "'frist'", "did you mean 'first'"]),
    "distinct-names": (lockout(distinct_names="many"), ["Lockout.distinct_names", "many"]),
    "distinct-clients": (lockout(distinct_clients="5000/hour"), ["Lockout.distinct_clients", "5000", "1000"]),
    "distinct-mode": (lockout(distinct_mode="shadow"), ["Lockout.distinct_mode", "'shadow'", "'report'"]),
    "show-names": (lockout(show_names=1), ["Lockout.show_names", "1", "True"]),
    "name": (lockout(name="Log in!"), ["Lockout.name", "'Log in!'", "'login'"]),
    "name-none": (lockout(name=None), ["Lockout.name", "None"]),
    "mode": (lockout(mode="off"), ["Lockout.mode", "'off'", "'enforce'"]),
    "on-outage": (lockout(on_outage="fail"), ["Lockout.on_outage", "'fail'", "'refuse'"]),
    "misspelt": (lockout(sucess=reported()), ["'sucess'", "did you mean 'success'"]),
    "positional": (lambda: Lockout("POST /login"), ["'POST /login'", "name each argument"]),  # type: ignore[call-arg]
    "policy-word": (policy("POST /login"), ["Policy.lockout", "'POST /login'", "list"]),
    "policy-true": (policy(True), ["Policy.lockout", "True"]),
    "policy-two-of-a-name": (
        policy(made(), made(on="POST /api/login"), secrets=[SECRET]), ["Policy.lockout", "'login'", "name="]
    ),
    "policy-no-secrets": (policy(made()), ["Lockout.devices", "secrets=[...]", "NETGUARD_SECRETS", "devices=False"]),
    "policy-no-key": (
        policy(made(devices=False), store="redis://localhost"), ["Policy.store", "counter_key", "secrets"]
    ),
}  # fmt: skip


@pytest.mark.parametrize(("write", "said"), [pytest.param(*case, id=key) for key, case in CASES.items()])
def test_wrong_configuration_names_value_and_mend(write: Callable[[], object], said: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        write()
    assert [part for part in said if part not in str(raised.value)] == [], str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(policy(made(devices=False)), id="no-devices-no-secrets"),
        pytest.param(policy(made(), preset="development"), id="development"),
        pytest.param(policy(made(), made(factor="second", on="POST /code"), secrets=[SECRET]), id="two-factors"),
        pytest.param(lambda: Lockout(on=[]), id="for-code-alone"),
        pytest.param(lockout(username=[form("username"), json_field("name"), basic]), id="several-places"),
        pytest.param(lockout(username=client), id="callable-source"),
        pytest.param(lockout(distinct_names="", distinct_clients="", cap=0), id="nothing-watched"),
    ],
)
def test_what_is_well(write: Callable[[], object]) -> None:
    assert write()


def proof(request: object, answer: object) -> bool:
    return True


ONE = """
[lockout]
on = "POST /login"
username = "form:username"
success = "redirected"
tries = "3/hour"
"""
SEVERAL = f"""
[[lockout]]
on = ["POST /login", "POST /fr/login"]
username = ["form:username", "json:user.name", "basic"]
success = "status:204"

[[lockout]]
on = []
name = "api"

[[lockout]]
on = "POST /sso"
username = "form:login"
success = "{__name__}:proof"
name = "sso"
"""


def read(folder: Path, text: str) -> Policy:
    file = folder / "policy.toml"
    file.write_text(f'secrets = ["{SECRET}"]\n{text}')
    return Policy.from_toml(file)


def test_a_lockout_of_a_file_is_that_of_python(tmp_path: Path) -> None:
    (found,) = read(tmp_path, ONE).lockouts()
    assert found.sources == (form("username"),)
    written = Lockout(on="POST /login", username="form:username", success="redirected", tries="3/hour")
    assert found == written


def test_several_lockouts_of_a_file(tmp_path: Path) -> None:
    first, code, sso = read(tmp_path, SEVERAL).lockouts()
    assert first.patterns() == ("POST /login", "POST /fr/login")
    assert first.sources == made(username=[form("username"), json_field("user.name"), basic]).sources
    assert (code.name, code.patterns()) == ("api", ())
    assert sso.proof is proof


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param('success = "redirect"', ["policy.toml", "Lockout.success", "'redirect'"], id="misspelt"),
        pytest.param('success = "status:5xx"', ["'status:5xx'", "'status:200'"], id="no-status"),
        pytest.param("success = 200", ["Lockout.success", "200"], id="number"),
        pytest.param('success = "reported"\ntires = "5/hour"', ["'tires'", "did you mean 'tries'"], id="unknown"),
    ],
)
def test_mistakes_in_files(line: str, said: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, f'[lockout]\non = "POST /login"\nusername = "form:username"\n{line}\n')
    assert [part for part in said if part not in str(raised.value)] == [], str(raised.value)
