"""``netguard unlock`` and ``netguard locks``, on a real Redis and where there is none."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netguard import Logins, Policy
from netguard.cli.main import main
from scenarios.rows.lockout import SECRET
from support.logins import ELSEWHERE, HERE, fail, passes
from support.redis import PATIENT, redis_server, uri

LOCKOUT = '[lockout]\non = []\ntries = "2/15 minutes"\ndevices = false\n'
LISTED = 'name = "listed"\nclient_tries = "4/2 hours"\nsecond_factor_tries = "3/15 minutes"\n'


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with redis_server() as server:
        yield uri(server) + PATIENT


def written(folder: Path, store: str, lockout: str = LOCKOUT) -> str:
    """A policy file."""
    file = folder / "policy.toml"
    file.write_text(f'store = "{store}"\nsecrets = ["{SECRET}"]\n{lockout}')
    return str(file)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_unlock_lets_an_account_try_again(store: str, tmp_path: Path) -> None:
    policy = written(tmp_path, store)
    logins = fail(Logins(Policy.from_toml(policy)), "unlocked")
    assert not passes(logins, "unlocked")
    done = run("unlock", policy, " UNLOCKED")
    assert (done.exit_code, logins.pseudonym("unlocked") in done.output) == (0, True)
    assert passes(Logins(Policy.from_toml(policy)), "unlocked")


def test_unlock_of_a_pair(store: str, tmp_path: Path) -> None:
    policy = written(tmp_path, store, LOCKOUT + 'per = "account+client"\nname = "pairs"\n')
    logins = fail(fail(Logins(Policy.from_toml(policy)), "ann", HERE), "ann", ELSEWHERE)
    assert run("unlock", policy, "ann").exit_code == 2
    assert run("unlock", policy, "ann", "--client", HERE).exit_code == 0
    fresh = Logins(Policy.from_toml(policy))
    assert (passes(fresh, "ann", HERE), passes(fresh, "ann", ELSEWHERE)) == (True, False)
    assert not passes(logins, "ann", ELSEWHERE)


def test_locks_are_listed_the_longest_first(store: str, tmp_path: Path) -> None:
    policy = written(tmp_path, store, LOCKOUT + LISTED)
    assert (run("locks", policy).stdout, run("locks", policy).stderr) == ("", "0 locked\n")
    logins = Logins(Policy.from_toml(policy))
    fail(fail(logins, "ann"), "eve")
    for _ in range(3):
        with logins.second_factor("bob", client=ELSEWHERE):
            pass
    done = run("locks", policy, "--name", "ann", "--name", "nobody", "--client", HERE)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows[0][:2] + rows[0][3:] == ["client", logins.client_pseudonym(HERE), HERE]
    assert re.fullmatch(r"2h 0m|1h 59m", rows[0][2])
    assert sorted(row[:2] + row[3:] for row in rows[1:]) == sorted(
        [
            ["account", logins.pseudonym("ann"), "ann"],
            ["account", logins.pseudonym("eve")],
            ["account (second factor)", logins.pseudonym("bob")],
        ]
    )
    assert all(re.fullmatch(r"1[45]m \d+s", row[2]) for row in rows[1:])
    assert (done.exit_code, done.stderr) == (0, "4 locked\n")


def test_unlock_of_one_of_several_lockouts(store: str, tmp_path: Path) -> None:
    several = '[[lockout]]\non = []\nname = "staff"\ndevices = false\n[[lockout]]\non = []\nname = "api"\n'
    policy = written(tmp_path, store, several)
    assert "say which" in run("unlock", policy, "ann").output
    assert run("unlock", policy, "ann", "--lockout", "staff").exit_code == 0


@pytest.mark.parametrize("command", [["unlock", "ann"], ["locks"]], ids=["unlock", "locks"])
def test_memory_is_another_processs(command: list[str], tmp_path: Path) -> None:
    done = run(command[0], written(tmp_path, "memory://"), *command[1:])
    assert done.exit_code == 2
    assert "in the process that serves" in done.output
    assert "redis://" in done.output


@pytest.mark.parametrize("command", [["unlock", "ann"], ["locks"]], ids=["unlock", "locks"])
def test_a_store_that_does_not_answer_is_one_line(command: list[str], tmp_path: Path) -> None:
    """In a process of its own: nobody else handles the events there."""
    words = [command[0], written(tmp_path, "redis://127.0.0.1:1"), *command[1:]]
    done = subprocess.run(
        [sys.executable, "-c", "import netguard.cli; netguard.cli.run()", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, len(done.stderr.splitlines()), done.stdout) == (2, 1, "")
    assert done.stderr.startswith("Error: ")
    assert SECRET not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["ann", "--client", "host"], "IP address", id="no-address"),
        pytest.param(["ann", "--lockout", "logn"], "did you mean 'login'", id="misspelt"),
    ],
)
def test_mistakes(words: list[str], said: str, store: str, tmp_path: Path) -> None:
    done = run("unlock", written(tmp_path, store), *words)
    assert (done.exit_code, said in done.stderr) == (2, True)


def test_a_policy_without_lockout(store: str, tmp_path: Path) -> None:
    done = run("locks", written(tmp_path, store, ""))
    assert (done.exit_code, "no lockout" in done.stderr) == (2, True)
