"""The notation of rates, and what a quota's fields say."""

from __future__ import annotations

from typing import Any

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import parse_many

from netguard import Policy, RateLimit
from netguard.errors import ConfigError
from netguard.rate_answers import Quota, legacy_fields, quota_fields, retry_after
from netguard.rates import parse_rates

UNITS = ["second", "minute", "hour", "day", "month", "year"]
RATES = st.builds(
    lambda amount, multiple, unit, form: form.format(amount=amount, multiple=multiple, unit=unit),
    st.integers(1, 10**6),
    st.integers(1, 9),
    st.sampled_from([*UNITS, *(unit + "s" for unit in UNITS), "MINUTE", "Hours"]),
    st.sampled_from(["{amount}/{multiple} {unit}", "{amount} per {multiple} {unit}", "{amount} / {unit}",
                     "{amount}/{unit}", "{amount} per {unit}", "{amount}/{multiple}{unit}"]),
)  # fmt: skip


@given(RATES)
def test_a_rate_is_what_limits_reads(text: str) -> None:
    [theirs] = parse_many(text)
    [ours] = parse_rates("limit", text)
    assert (ours.amount, ours.seconds) == (theirs.amount, theirs.get_expiry())


@given(st.lists(RATES, min_size=1, max_size=3), st.sampled_from([";", ",", "|", " ; "]))
def test_several_rates_are_what_limits_reads(texts: list[str], separator: str) -> None:
    text = separator.join(texts)
    theirs = [(item.amount, item.get_expiry()) for item in parse_many(text)]
    if len({seconds for _, seconds in theirs}) < len(theirs):
        with pytest.raises(ConfigError, match="one period twice"):
            parse_rates("limit", text)
    else:
        assert sorted((rate.amount, rate.seconds) for rate in parse_rates("limit", text)) == sorted(theirs)


def test_weeks_and_multiples() -> None:
    assert parse_rates("limit", "7/week; 5/15 minutes; 3 per 2 weeks") == ((7, 604_800), (5, 900), (3, 1_209_600))


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("5 per 0 minute", "has a 0"),
        ("0/minute", "has a 0"),
        ("5/fortnight", "no period"),
        ("5/minuts", "did you mean 'minute'"),
        ("five/minute", "is no rate"),
        ("", "is no rate"),
        ("5/minute;", "is no rate"),
        ("-5/minute", "is no rate"),
        ("5", "is no rate"),
        ("5/minute/hour", "is no rate"),
        ("\u0665/minute", "is no rate"),
        ("9999999999/minute", "is no rate"),
        ("5/minutex", "no period"),
        ("5/hourz", "no period"),
        ("5/999999999 years", "longer than ten years"),
        (5, "a rate such as"),
        (None, "a rate such as"),
    ],
)
def test_nonsense_is_refused_with_the_mend(text: Any, mend: str) -> None:
    with pytest.raises(ConfigError, match=mend):
        parse_rates("limit", text)


@given(st.text(max_size=30))
def test_any_text_is_a_rate_or_a_config_error(text: str) -> None:
    try:
        assert all(rate.amount > 0 and rate.seconds > 0 for rate in parse_rates("limit", text))
    except ConfigError:
        pass


def test_the_fields_are_structured_fields() -> None:
    told = [(Quota("burst", 100, 60), (50, 0, 30_000_000, 0)), (Quota("a day's", 1000, 86400), (0, 12_000_001, 1, 0))]
    fields = {name.decode(): http_sf.parse(value, tltype="list") for name, value in quota_fields(told)}
    assert fields["ratelimit-policy"] == [("burst", {"q": 100, "w": 60}), ("a day's", {"q": 1000, "w": 86400})]
    assert fields["ratelimit"] == [("burst", {"r": 50, "t": 30}), ("a day's", {"r": 0, "t": 13})]


def test_the_legacy_fields_tell_of_the_tightest() -> None:
    told = [(Quota("a", 100, 60), (50, 0, 30_000_000, 0)), (Quota("b", 1000, 86400), (3, 0, 1, 0))]
    assert legacy_fields(told) == [
        (b"x-ratelimit-limit", b"1000"), (b"x-ratelimit-remaining", b"3"), (b"x-ratelimit-reset", b"1"),
    ]  # fmt: skip


@given(st.integers(1, 10**13))
def test_nobody_is_told_to_come_too_early(wait: int) -> None:
    told = int(retry_after(wait)[1])
    assert told * 1_000_000 >= wait
    assert (told - 1) * 1_000_000 < wait


@pytest.mark.parametrize("name", [b"mail", 5, True, ["mail"], None, 0])
def test_a_name_is_text(name: Any) -> None:
    with pytest.raises(ConfigError, match=r"RateLimit\.name"):
        RateLimit("5/minute", name=name)


def test_what_cannot_be_told_apart_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"RateLimit\.distinct"):
        RateLimit("5/minute", distinct=5)


@pytest.mark.parametrize("share", ["half", None, True, [0.5]])
def test_a_share_is_a_number(share: Any) -> None:
    with pytest.raises(ConfigError, match=r"Policy\.outage_share"):
        Policy(outage_share=share)


def test_a_burst_that_no_store_can_time_is_refused() -> None:
    with pytest.raises(ConfigError, match="over a hundred years"):
        RateLimit("1/10 years", burst=11)
    RateLimit("999999999/second", burst=1_000_000_000)


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param([RateLimit("5/minute"), RateLimit("6/hour")], id="unnamed"),
        pytest.param([RateLimit("5/minute", name="a"), RateLimit("6/hour", name="a", on="/x")], id="named"),
        pytest.param([RateLimit("5/minute; 9/hour", name="a"), RateLimit("6/hour", name="a 60s")], id="told"),
    ],
)
def test_two_limits_of_one_name_are_refused(limits: list[RateLimit]) -> None:
    with pytest.raises(ConfigError, match="two limits"):
        Policy(limits=limits)
