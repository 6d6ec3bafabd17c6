"""One-time codes: which pass, that each does once, and in one direction only."""

from __future__ import annotations

import asyncio
import sys
from base64 import b32encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard import Policy
from netguard.errors import ConfigError, NetguardError
from netguard.plan import Plan
from netguard.stores.memory import MemoryStore
from netguard.stores.outage import Guarded
from netguard.totp import TOTP
from stores.doors import in_threads
from support.redis import PATIENT, redis_server, uri
from support.remote import SECOND, Clock, Remote
from support.servers import Process

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
KEY = "k" * 32

Verify = Callable[..., bool]


def sync_verify(totp: TOTP, *asked: Any) -> bool:
    return totp.verify(*asked)


def async_verify(totp: TOTP, *asked: Any) -> bool:
    async def verified() -> bool:
        return await totp.averify(*asked)

    return asyncio.run(verified())


@pytest.fixture(params=[pytest.param(sync_verify, id="sync"), pytest.param(async_verify, id="async")])
def verify(request: pytest.FixtureRequest) -> Verify:
    """Each test runs for both."""
    chosen: Verify = request.param
    return chosen


@pytest.fixture
def clock() -> Clock:
    return Clock()


def totp_of(clock: Clock, store: Any = None, **keywords: Any) -> TOTP:
    """Codes by a clock that is set by hand, for the store as well."""
    plan = Plan(Policy(hosts=["booking.example"]), store=MemoryStore(clock=clock) if store is None else store)
    return TOTP(plan, issuer="Booking", clock=lambda: clock.now / SECOND, **keywords)


def code(clock: Clock, steps: int = 0, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).generate_otp(clock.now // SECOND // 30 + steps)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(verify: Verify, clock: Clock, seconds: int, expected: str) -> None:
    clock.now = seconds * SECOND
    secret = b32encode(b"12345678901234567890").decode()
    assert verify(totp_of(clock, digits=8, drift=0), "ann", secret, expected)
    assert not verify(totp_of(clock, digits=8, drift=0), "ann", secret, f"{(int(expected) + 1) % 10**8:08}")


@pytest.mark.parametrize("drift", [0, 1, 2])
def test_codes_pass_within_the_drift(verify: Verify, clock: Clock, drift: int) -> None:
    passing = [
        steps for steps in range(-4, 5) if verify(totp_of(clock, drift=drift), "ann", SECRET, code(clock, steps))
    ]
    assert passing == list(range(-drift, drift + 1))


def test_a_code_works_once_and_so_do_its_spellings(verify: Verify, clock: Clock) -> None:
    totp = totp_of(clock)
    six = code(clock)
    assert verify(totp, "ann", SECRET, f" {six[:3]} {six[3:]}")
    assert not verify(totp, "ann", SECRET, six)
    assert not verify(totp, "ann", SECRET.lower() + "===", f"{six[:3]}-{six[3:]}")
    assert verify(totp, "bob", SECRET, six)
    assert not verify(totp, "ann", SECRET, code(clock, -1))  # older than what passed
    assert verify(totp, "ann", SECRET, code(clock, 1))
    for _ in range(4):
        clock.pass_seconds(30)
        assert not verify(totp, "ann", SECRET, six)
    assert verify(totp, "ann", SECRET, code(clock))


def test_another_secret_is_another_device(verify: Verify, clock: Clock) -> None:
    totp, other = totp_of(clock), "A" * 32
    assert verify(totp, "ann", SECRET, code(clock))
    assert verify(totp, "ann", other, code(clock, secret=other))


@given(
    drift=st.integers(0, 3),
    tries=st.lists(st.tuples(st.integers(0, 45), st.integers(-5, 5)), min_size=1, max_size=30),
)
def test_what_passes_is_within_the_drift_and_later_than_all_before(drift: int, tries: list[tuple[int, int]]) -> None:
    clock, last = Clock(), -1
    totp = totp_of(clock, drift=drift)
    for seconds, steps in tries:
        clock.pass_seconds(seconds)
        number = clock.now // SECOND // 30 + steps
        expected = abs(steps) <= drift and number > last
        assert totp.verify("ann", SECRET, code(clock, steps)) == expected
        last = number if expected else last


@pytest.mark.parametrize(
    "typed",
    [
        "", "12345", "1234567", "abcdef", "12345a", "\uff11\uff12\uff13\uff14\uff15\uff16", "١٢٣٤٥٦",
        "1" * 1_000_000, " " * 40,
        "-1234567", "+12345",
        "12.456", "\x00\x00\x00\x00\x00\x00", "\ud800", None, 123456, b"123456", ["1"],
    ],
    ids=range(18),
)  # fmt: skip
def test_what_is_no_code_is_false(verify: Verify, clock: Clock, typed: object) -> None:
    assert not verify(totp_of(clock), "ann", SECRET, typed)


def test_other_digits_are_not_those_of_the_code(verify: Verify, clock: Clock) -> None:
    wide = code(clock).translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    assert not verify(totp_of(clock), "ann", SECRET, wide)


@given(typed=st.text(max_size=40))
def test_no_text_raises(typed: str) -> None:
    clock = Clock()
    assert totp_of(clock).verify("ann", SECRET, typed) in (False, True)


@pytest.mark.parametrize("secret", [None, "", "short", "not base 32!" * 3, "1" * 32, b"bytes" * 8, "é" * 32])
def test_a_broken_secret_lets_nothing_pass(verify: Verify, clock: Clock, secret: Any) -> None:
    assert not verify(totp_of(clock), "ann", secret, code(clock))


def test_a_secret_that_is_broken_in_the_database_is_logged(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    assert not totp_of(clock).verify("ann", "1" * 32, code(clock))
    assert ["secret" in line for line in caplog.messages] == [True]
    assert "1" * 32 not in caplog.text


def test_of_two_hundred_at_once_one_passes(clock: Clock) -> None:
    totp = totp_of(clock)
    six = code(clock)
    assert sum(in_threads(200, lambda: totp.verify("ann", SECRET, six))) == 1


@pytest.fixture(scope="module")
def server() -> Iterator[Process]:
    with redis_server() as process:
        yield process


def test_on_redis_one_code_passes_once_for_all_processes(server: Process) -> None:
    clock = Clock()
    seven = [
        TOTP(Policy(store=uri(server) + PATIENT, counter_key=KEY), issuer="Booking", clock=lambda: clock.now / SECOND)
        for _ in range(7)
    ]
    secret = seven[0].secret()
    six = code(clock, secret=secret)
    numbers = iter(range(10**6))
    assert sum(in_threads(50, lambda: seven[next(numbers) % 7].verify("ann", secret, six))) == 1
    assert not seven[0].verify("ann", secret, code(clock, -1, secret))
    assert not async_verify(seven[3], "ann", secret, six)
    assert async_verify(seven[4], "ann", secret, code(clock, 1, secret))


def test_while_the_store_is_out_nothing_passes(verify: Verify, clock: Clock) -> None:
    remote = Remote(clock)
    totp = totp_of(clock, Guarded(remote, clock=clock, uniform=lambda low, high: low))
    remote.fail()
    assert not verify(totp, "ann", SECRET, code(clock))
    remote.recover()
    clock.pass_seconds(2)
    assert verify(totp, "ann", SECRET, code(clock))


def test_a_full_store_lets_nothing_pass_twice(verify: Verify, clock: Clock) -> None:
    totp = totp_of(clock, MemoryStore(keys=8, clock=clock))
    passed = [number for number in range(20) if verify(totp, number, SECRET, code(clock))]
    assert passed == passed[:2]
    assert not any(verify(totp, number, SECRET, code(clock)) for number in range(20))


def test_an_answer_that_was_not_awaited_is_no_answer(clock: Clock) -> None:
    with pytest.raises(NetguardError, match=r"await totp\.averify"):
        bool(totp_of(clock).averify("ann", SECRET, "123456"))


def test_enrolment_by_an_address_that_apps_read(clock: Clock) -> None:
    totp = totp_of(clock)
    secret = totp.secret()
    assert len(secret) == 32
    assert secret != totp.secret()
    address = urlsplit(totp.uri(secret, "ann@club.example"))
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/Booking:ann%40club.example")
    assert parse_qs(address.query) == {"secret": [secret], "issuer": ["Booking"]}
    read = pyotp.parse_uri(totp.uri(secret, "ann@club.example"))
    assert isinstance(read, pyotp.TOTP)
    assert totp.verify("ann", secret, read.at(clock.now // SECOND))


@pytest.mark.parametrize(
    ("keywords", "names"),
    [
        ({"issuer": ""}, "issuer"),
        ({"issuer": "a:b"}, "colon"),
        ({"digits": 5}, "digits"),
        ({"step": 5}, "step"),
        ({"drift": 9}, "drift"),
        ({"policy": None}, "TOTP\\(Policy"),
        ({"policy": Policy(store="redis://localhost")}, "counter_key"),
    ],
)
def test_a_wrong_value_is_named_at_start_up(keywords: dict[str, Any], names: str) -> None:
    policy, given_ = keywords.get("policy", Policy()), {"issuer": "Booking", **keywords}
    given_.pop("policy", None)
    with pytest.raises(ConfigError, match=names):
        TOTP(policy, **given_)


def test_without_pyotp_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyotp", None)
    with pytest.raises(ConfigError, match=r"pip install 'netguard\[passwords\]'"):
        TOTP(Policy(), issuer="Booking")
