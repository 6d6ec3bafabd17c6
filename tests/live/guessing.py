"""Who tries passwords at a site of ``login_apps``, and what the site evaluated of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from netguard.counters import OnOutage

from .crowd import MANY, Crowd, status
from .login_terms import WRONG
from .race_sites import Site

_NUMBERS: Final = count(1)


def fresh_name() -> str:
    """An account that nobody tried before."""
    return f"account-{next(_NUMBERS)}"


def fresh_client() -> str:
    """A client that nobody met before: an address as the trusted proxy on loopback tells it."""
    number = next(_NUMBERS)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def login(name: str, client: str, password: str = WRONG, cookie: str = "") -> bytes:
    """One request that tries a password."""
    body = f"username={name}&password={password.replace(' ', '+')}".encode()
    lines = [
        "POST /login HTTP/1.1",
        "Host: localhost:1",
        f"X-Forwarded-For: {client}",
        "Sec-Fetch-Site: same-origin",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        *([f"Cookie: {cookie}"] if cookie else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def of_one_client(name: str) -> list[bytes]:
    return [login(name, fresh_client())] * MANY


def of_many_clients(name: str) -> list[bytes]:
    return [login(name, fresh_client()) for _ in range(MANY)]


class Guessed:
    """A site and what it wrote: each evaluated password, and what happened to its store."""

    def __init__(self, clients: Crowd, folder: Path) -> None:
        self._clients = clients
        self._folder = folder

    def all_at_once(self, requests: Sequence[bytes]) -> Counter[int]:
        """The statuses of these."""
        return Counter(status(head) for head in self.heads(requests))

    def heads(self, requests: Sequence[bytes]) -> list[bytes]:
        return self._clients.heads(requests)

    def one(self, request: bytes) -> int:
        """The status of this one."""
        return status(self.heads([request])[0])

    def evaluated(self, *names: str, password: str = WRONG) -> int:
        """How many such passwords of these accounts a view evaluated so far."""
        lines = Counter((self._folder / "evaluated").read_text().splitlines())
        return sum(lines[f"{name} {password}"] for name in names)

    def events(self) -> list[str]:
        """What the store of any process did, in the order in which it was told."""
        return (self._folder / "events").read_text().split()


@contextmanager
def guessed(site: Site, store: str, folder: Path, *, on_outage: OnOutage = "refuse") -> Iterator[Guessed]:
    """A site for the time of a block. By default nothing counts in a process of its own."""
    with site.clients("live.login_apps", store, LOGIN_FOLDER=str(folder), LOGIN_OUTAGE=on_outage) as clients:
        yield Guessed(clients, folder)
