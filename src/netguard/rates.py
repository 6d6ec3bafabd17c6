"""The notation of rates: ``"100/minute; 2000/hour"``, as the library ``limits`` reads it, with weeks besides."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from netguard.checks import nearest
from netguard.errors import ConfigError

_SECONDS: Final = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,  # 30 days, and 12 of those for a year, as in ``limits``
    "year": 31_104_000,
}
_LONGEST: Final = 10 * _SECONDS["year"]
_RATE: Final = re.compile(r"\s*(\d{1,9})\s*(?:/|\s+per\s)\s*(\d{1,9}\s*)?([a-z]+)\s*", re.IGNORECASE | re.ASCII)
_BETWEEN: Final = re.compile(r"[;,|]")


class Rate(NamedTuple):
    """``amount`` in ``seconds``."""

    amount: int
    seconds: int

    @property
    def period(self) -> int:
        """The same in microseconds."""
        return self.seconds * 1_000_000


def parse_rates(where: str, text: object) -> tuple[Rate, ...]:
    """The rates of a notation such as ``"5/15 minutes; 20 per day"``; nonsense raises ConfigError."""
    if not isinstance(text, str):
        raise ConfigError(f"{where}: a rate such as '100/minute' is meant, not {text!r}")
    rates = tuple(_rate(where, part) for part in _BETWEEN.split(text))
    seconds = [rate.seconds for rate in rates]
    if len(set(seconds)) < len(seconds):
        raise ConfigError(f"{where}: {text!r} names one period twice: leave the wider one out")
    return rates


def _rate(where: str, text: str) -> Rate:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ConfigError(f"{where}: {text!r} is no rate: write a number and a period, as in '5/15 minutes'")
    unit = match[3].lower()
    unit = unit.removesuffix("s")
    if unit not in _SECONDS:
        raise ConfigError(f"{where}: {match[3]!r} in {text!r} is no period{nearest(match[3].lower(), _SECONDS)}")
    amount, multiple = int(match[1]), int(match[2] or 1)
    if not amount or not multiple:
        raise ConfigError(f"{where}: {text!r} has a 0: a rate counts from 1; to close a route, take it out of the app")
    if multiple * _SECONDS[unit] > _LONGEST:
        raise ConfigError(f"{where}: {text!r} is longer than ten years")
    return Rate(amount, multiple * _SECONDS[unit])
