"""Breached passwords: a sorted file agrees with a set, a client tells nobody what was asked, and both may fail."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netguard.errors import ConfigError, WeakPassword
from netguard.passwords import Passwords, breached

KNOWN = [f"a breached password {number}" for number in range(300)]
FRESH = "a password of nobody else"
CHEAP: dict[str, Any] = {"memory": 8, "iterations": 1}

Check = Callable[[Passwords, str], None]


def sync_check(passwords: Passwords, password: str) -> None:
    passwords.check(password)


def async_check(passwords: Passwords, password: str) -> None:
    asyncio.run(passwords.acheck(password))


@pytest.fixture(params=[pytest.param(sync_check, id="sync"), pytest.param(async_check, id="async")])
def check(request: pytest.FixtureRequest) -> Check:
    """Each test runs for both."""
    chosen: Check = request.param
    return chosen


def digest(password: str) -> str:
    return sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def written(path: Path, hashes: list[str], end: str = "\r\n", last: str = "\r\n") -> Path:
    """A file as the ordered lists are: counts of different lengths, so that lines are."""
    lines = [f"{each}:{7 ** (number % 12)}" for number, each in enumerate(hashes)]
    path.write_bytes((end.join(lines) + last).encode())
    return path


def is_breached(check: Check, passwords: Passwords, password: str) -> bool:
    try:
        check(passwords, password)
    except WeakPassword as error:
        return error.code == "breached"
    return False


@pytest.mark.parametrize("last", ["\r\n", "\n", ""], ids=["crlf", "lf", "none"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_every_line_is_found_and_nothing_else(tmp_path: Path, case: Callable[[str], str], last: str) -> None:
    path = written(tmp_path / "list.txt", sorted(map(case, map(digest, KNOWN))), last or "\r\n", last)
    passwords = Passwords(**CHEAP, breached=path)
    assert all(is_breached(sync_check, passwords, password) for password in KNOWN)
    assert not any(is_breached(sync_check, passwords, password + ".") for password in KNOWN)


@given(
    hashes=st.sets(st.integers(0, 2**160 - 1), min_size=1, max_size=40),
    asked=st.sets(st.integers(0, 2**160 - 1), max_size=10),
    end=st.sampled_from(["\r\n", "\n"]),
    ended=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_agrees_with_a_set(tmp_path: Path, hashes: set[int], asked: set[int], end: str, ended: bool) -> None:
    lines = [f"{each:040X}" for each in sorted(hashes)]
    source = breached.SortedFile(written(tmp_path / "list.txt", lines, end, end if ended else ""))
    near = {(each + step) % 2**160 for each in hashes for step in (-1, 1)}
    for each in hashes | asked | {0, 2**160 - 1} | near:
        assert source.ask(f"{each:040X}") == (each in hashes)


def test_a_look_up_reads_little_of_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{number << 140:040X}" for number in range(50_000)]
    source = breached.SortedFile(written(tmp_path / "list.txt", lines))
    reads: list[int] = []
    real = breached._line_at

    def counted(file: BinaryIO, offset: int) -> tuple[int, bytes]:
        reads.append(offset)
        return real(file, offset)

    monkeypatch.setattr(breached, "_line_at", counted)
    assert source.ask(lines[12_345])
    assert not source.ask("F" * 40)
    assert len(reads) <= 2 * 22  # the file has less than 2**22 bytes


def test_a_new_list_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = written(tmp_path / "list.txt", [digest(KNOWN[0])])
    passwords = Passwords(**CHEAP, breached=str(path))
    written(tmp_path / "new.txt", [digest(KNOWN[1])]).replace(path)
    assert [is_breached(sync_check, passwords, each) for each in KNOWN[:2]] == [False, True]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b"password\n123456\n", "no line HASH:COUNT"),
        (b"%040X:1\n%040X:2\n" % (2, 1), "do not ascend"),
        (b"".join(b"%040X:1\n" % number for number in (*range(500), 3)), "do not ascend"),
        (b"%032X:1\n" % 7, "no line HASH:COUNT"),
        (b"A" * 10_000, "no line HASH:COUNT"),
    ],
    ids=["empty", "plain", "two not sorted", "one not sorted", "NTLM", "one line"],
)
def test_what_is_no_sorted_list_is_named_at_start_up(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        Passwords(**CHEAP, breached=tmp_path / "list.txt")


def test_a_file_that_is_not_there_is_named_at_start_up(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        Passwords(**CHEAP, breached=tmp_path / "list.txt")


class Service:
    """A range of suffixes, as the protocol has it; sync or async."""

    def __init__(self, *known: str) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.threads: set[int] = set()
        self._known = [digest(each) for each in known]

    def __call__(self, prefix: str) -> str:
        self.asked.append(prefix)
        self.threads.add(threading.get_ident())
        if self.error:
            raise self.error
        suffixes = [f"{each[5:]}:12" for each in self._known if each.startswith(prefix)]
        return "\r\n".join(["0" * 35 + ":3", *suffixes, f"{digest(FRESH)[5:]}:0"])

    async def later(self, prefix: str) -> str:
        return self(prefix)


def test_a_client_is_told_five_characters(check: Check) -> None:
    service = Service(KNOWN[0])
    passwords = Passwords(**CHEAP, breached=service)
    assert is_breached(check, passwords, KNOWN[0])
    assert not is_breached(check, passwords, FRESH)  # which is there as padding, with the count 0
    assert service.asked == [digest(KNOWN[0])[:5], digest(FRESH)[:5]]


def test_an_async_client_is_awaited() -> None:
    passwords = Passwords(**CHEAP, breached=Service(KNOWN[0]).later)
    assert is_breached(async_check, passwords, KNOWN[0])
    assert not is_breached(async_check, passwords, FRESH)
    with pytest.raises(ConfigError, match=r"await passwords\.acheck"):
        passwords.check(FRESH)


def test_a_sync_client_does_not_block_the_loop() -> None:
    service = Service()
    asyncio.run(Passwords(**CHEAP, breached=service).acheck(FRESH))
    assert threading.get_ident() not in service.threads


@pytest.mark.parametrize("configured", ["accept", "refuse"])
def test_a_client_that_fails(check: Check, configured: Any, caplog: pytest.LogCaptureFixture) -> None:
    service = Service()
    service.error = TimeoutError("the service is out")
    passwords = Passwords(**CHEAP, breached=service, on_breached_failure=configured)
    if configured == "accept":
        check(passwords, FRESH)
    else:
        with pytest.raises(WeakPassword, match="try again later") as caught:
            check(passwords, FRESH)
        assert caught.value.code == "unchecked"
    assert sum("cannot be asked" in line for line in caplog.messages) == 1
    assert FRESH not in caplog.text


def test_a_file_that_went_away_fails_as_a_client_does(check: Check, tmp_path: Path) -> None:
    path = written(tmp_path / "list.txt", [digest(KNOWN[0])])
    passwords = Passwords(**CHEAP, breached=path, on_breached_failure="refuse")
    path.unlink()
    with pytest.raises(WeakPassword, match="try again later"):
        check(passwords, FRESH)


def test_what_is_too_short_is_not_looked_up(check: Check) -> None:
    service = Service()
    with pytest.raises(WeakPassword, match="at least 15"):
        check(Passwords(**CHEAP, breached=service), "short")
    assert not service.asked
