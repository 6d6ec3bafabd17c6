"""``python -m benchmarks.races``: how many passwords are evaluated where five are allowed, and 200 come at once.

Each package guards the same Django project (``login_site``) under gunicorn, in threads of one process with what it
keeps in memory where it can, and in four processes on a Redis.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.login_crowd import Crowd
from benchmarks.login_server import login_server
from benchmarks.login_site import MEMORY, PACKAGES, TRIES
from benchmarks.redis_server import redis_server
from benchmarks.report import commit

_MANY = 200
_GUESSES = 40  # of an attacker who logs in to an account of their own in between
_WRONG, _RIGHT = "wrong", "right"
_NEEDS_REDIS = {"django-defender"}
_HEAD = [
    "package", "kept in", "processes", "one account, one client", "one account, 200 clients",
    "200 accounts, one client", "own successes between 40 guesses", "the owner's known browser", "errors",
]  # fmt: skip
_numbers = count(1)


@dataclass(slots=True)
class Race:
    """A site that is raced: what it evaluated so far, and the errors that it answered."""

    crowd: Crowd
    folder: Path
    errors: int = 0

    def evaluated(self, requests: Sequence[bytes], clients: Sequence[str], *names: str) -> int:
        """How many passwords of these accounts were evaluated where these requests came at once."""
        self.errors += sum(answer.status >= 500 for answer in asyncio.run(self.crowd.all_at_once(requests, clients)))
        return self.count(*names)

    def count(self, *names: str) -> int:
        lines = (self.folder / "evaluated").read_text().splitlines()
        return sum(line in names for line in lines)

    def one(self, request: bytes, client: str) -> bool:
        """Whether this one logs in."""
        (answer,) = asyncio.run(self.crowd.all_at_once([request], [client]))
        self.errors += answer.status >= 500
        return answer.logged_in


def main() -> None:
    """Race, print the table as Markdown."""
    options = _options()
    rows = [_HEAD, ["---"] * len(_HEAD)]
    rows += [row for name in options.names or PACKAGES for row in _rows(name, options.times)]
    print(
        "|"
        + "|\n|".join("|".join(f" {cell} " for cell in row) for row in [rows[0], ["---"] * len(_HEAD), *rows[1:]])
        + "|"
    )
    print(f"\nDjango {version('django')}, gunicorn {version('gunicorn')}, {platform.python_implementation()} "
          f"{platform.python_version()}, commit {commit()}; each race {options.times} times")  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.races", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"packages (default: all): {', '.join(PACKAGES)}")
    parser.add_argument("--times", type=int, default=3, help="how often each race is run (default: 3)")
    return parser.parse_args()


def _rows(package: str, times: int) -> Iterator[list[str]]:
    with redis_server() as redis:
        if redis is None:
            raise SystemExit("no redis-server here; to get it: apt-get install redis-server")
        for processes in (1, 4):
            store = redis.uri if processes > 1 or package in _NEEDS_REDIS else MEMORY
            with (
                TemporaryDirectory(prefix="netguard-") as folder,
                login_server(package, Path(folder), store, processes=processes) as port,
            ):
                race = Race(Crowd(port), Path(folder))
                cells = [_span(run(race) for _ in range(times)) for run in _RACES]
                known = {_known_browser(race) for _ in range(times)}
            said = {frozenset({True}): "gets in", frozenset({False}): "is locked out"}.get(frozenset(known), "at times")
            kept = "SQLite" if package.endswith("database") else "memory" if store == MEMORY else "Redis"
            print(f"raced {package}, {processes} processes", flush=True)
            yield [_with_version(package), kept, str(processes), *cells, said, str(race.errors)]


def _with_version(package: str) -> str:
    name = package.partition(",")[0]
    return f"{name} {version(name)}"


def _span(values: Iterator[int]) -> str:
    found = sorted(values)
    return str(found[0]) if found[0] == found[-1] else f"{found[0]} to {found[-1]}"


def _one_client(race: Race) -> int:
    name, client = _name(), _client()
    return race.evaluated([_login(name)] * _MANY, [client] * _MANY, name)


def _many_clients(race: Race) -> int:
    name = _name()
    return race.evaluated([_login(name)] * _MANY, [_client() for _ in range(_MANY)], name)


def _many_accounts(race: Race) -> int:
    names, client = [_name() for _ in range(_MANY)], _client()
    return race.evaluated(list(map(_login, names)), [client] * _MANY, *names)


def _own_successes(race: Race) -> int:
    """One after the other, with a success of the attacker before each guess that would lock."""
    victim, own, client = _name(), _name(), _client()
    for number in range(_GUESSES):
        if number % (TRIES - 1) == 0:
            race.one(_login(own, _RIGHT), client)
        race.one(_login(victim), client)
    return race.count(victim)


_RACES = (_one_client, _many_clients, _many_accounts, _own_successes)


def _known_browser(race: Race) -> bool:
    """Whether its owner, who logged in before, logs in while others keep guessing from elsewhere."""
    name, home = _name(), _client()
    (before,) = asyncio.run(race.crowd.all_at_once([_login(name, _RIGHT)], [home]))
    if not before.logged_in:
        raise SystemExit(f"expected a login by the right password, got {before}")
    race.evaluated([_login(name)] * _MANY, [_client() for _ in range(_MANY)], name)
    return race.one(_login(name, _RIGHT, before.cookies), home)


def _login(name: str, password: str = _WRONG, cookies: str = "") -> bytes:
    body = f"username={name}&login={name}&password={password}".encode()
    lines = ["POST /login HTTP/1.1", "Host: localhost", "Sec-Fetch-Site: same-origin", "Connection: close",
             "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]  # fmt: skip
    lines += [f"Cookie: {cookies}"] if cookies else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def _name() -> str:
    return f"account-{next(_numbers)}"


def _client() -> str:
    """An address that nobody came from before: all of 127/8 is this machine."""
    number = next(_numbers)
    return f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


if __name__ == "__main__":
    main()
