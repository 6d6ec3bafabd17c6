"""Exactly the allowed number of passwords is evaluated, on real servers, however many are tried at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from re import search

import pytest

from support.load import until
from support.redis import redis_server
from support.servers import Process

from .crowd import MANY
from .guessing import Guessed, fresh_client, fresh_name, guessed, login, of_many_clients, of_one_client
from .login_terms import CLIENT_TRIES, RIGHT, TRIES
from .race_sites import SITES, address

TIMES = 5
EXACTLY = {200: TRIES, 429: MANY - TRIES}


@pytest.fixture(scope="module")
def redis() -> Iterator[Process]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module", params=SITES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guessed]:
    served = SITES[request.param]
    store = address(request.getfixturevalue("redis").port) if served.redis else "memory://"
    with guessed(served, store, tmp_path_factory.mktemp("logins")) as found:
        yield found


def test_one_account_from_one_client(site: Guessed) -> None:
    for name in [fresh_name() for _ in range(TIMES)]:
        assert site.all_at_once(of_one_client(name)) == EXACTLY
        assert site.all_at_once(of_one_client(name)) == {429: MANY}
        assert site.evaluated(name) == TRIES


def test_one_account_from_many_clients(site: Guessed) -> None:
    for name in [fresh_name() for _ in range(TIMES)]:
        assert site.all_at_once(of_many_clients(name)) == EXACTLY
        assert site.all_at_once(of_many_clients(name)) == {429: MANY}
        assert site.evaluated(name) == TRIES


def test_many_accounts_from_one_client(site: Guessed) -> None:
    for client in [fresh_client() for _ in range(TIMES)]:
        names = [fresh_name() for _ in range(MANY)]
        statuses = site.all_at_once([login(name, client) for name in names])
        assert statuses == {200: CLIENT_TRIES, 429: MANY - CLIENT_TRIES}
        assert site.evaluated(*names) == CLIENT_TRIES


def test_successes_of_the_attacker_free_nothing_of_the_victim(site: Guessed) -> None:
    """Between guesses, one after the other and all at once, from the same client."""
    for victim in [fresh_name() for _ in range(TIMES)]:
        own, client = fresh_name(), fresh_client()
        guess, success = login(victim, client), login(own, client, RIGHT)
        for _ in range(TRIES - 1):
            assert [site.one(guess), site.one(success)] == [200, 303]
        site.all_at_once([guess, success, guess, guess] * (MANY // 4))
        until(partial(passes, site, success))  # a process remembers a lock for a second
        assert site.all_at_once([guess] * MANY) == {429: MANY}
        assert site.evaluated(victim) == TRIES


def test_the_known_device_of_the_owner_gets_in(site: Guessed) -> None:
    """While its account is locked by others, from an address that is locked too."""
    for name in [fresh_name() for _ in range(TIMES)]:
        client = fresh_client()
        cookie = device(site.heads([login(name, client, RIGHT)])[0])
        everybody = [login(name, client), *of_many_clients(name)[1:]]
        everybody[MANY // 2] = login(name, client, RIGHT, cookie)
        assert site.all_at_once(everybody) == {200: TRIES, 303: 1, 429: MANY - TRIES - 1}
        assert site.one(login(name, fresh_client(), RIGHT)) == 429
        assert site.one(login(name, client, RIGHT, cookie)) == 303
        assert site.evaluated(name) == TRIES


def test_a_success_gives_as_many_anew(site: Guessed) -> None:
    for name in [fresh_name() for _ in range(TIMES)]:
        for _ in range(TRIES - 1):
            assert site.one(login(name, fresh_client())) == 200
        assert site.one(login(name, fresh_client(), RIGHT)) == 303
        assert site.all_at_once(of_many_clients(name)) == EXACTLY
        assert site.evaluated(name) == TRIES - 1 + TRIES


def test_a_success_among_failures_gives_as_many_anew(site: Guessed) -> None:
    """What was in flight when it came counts before it: at most the others' share of one period, and one anew."""
    succeeded = 0
    for name in [fresh_name() for _ in range(TIMES)]:
        guesses = of_many_clients(name)
        statuses = site.all_at_once([login(name, fresh_client(), RIGHT), *guesses[1:]])
        until(partial(are_used_up, site, name, guesses))
        assert site.evaluated(name) <= (TRIES - 1) * statuses[303] + TRIES
        succeeded += statuses[303]
    assert succeeded


def passes(site: Guessed, request: bytes) -> bool:
    return site.one(request) == 303


def are_used_up(site: Guessed, name: str, guesses: list[bytes]) -> bool:
    """Whether these get nothing more, and had what there was after a success."""
    before = site.evaluated(name)
    site.all_at_once(guesses)
    return site.evaluated(name) == before >= TRIES


def device(head: bytes) -> str:
    """The Cookie by which a browser that logged in is known."""
    found = search(rb"(?i)set-cookie: (netguard-device=[^;\r]+)", head)
    assert found, head
    return found[1].decode()
