"""Interleaved rounds of CPU time, and the figures that are read from them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import process_time_ns
from typing import Literal

Run = Callable[[int], object]  # handles that many requests
Samples = Mapping[str, Sequence[float]]  # microseconds of CPU per request: for each variant one value a round
Figure = Callable[[Samples], float]
Unit = Literal["µs", "ms", "x", "%", "entries", "modules", "bytes", "calls"]

_BLOCKS = 5  # parts of a run; what differs between them is noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the result: a value, what it may be at most, and how far it moved within the run."""

    what: str
    value: float
    unit: Unit
    bar: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the value is within its bar; None without a bar."""
        return None if self.bar is None else self.value <= self.bar


class Rounds:
    """The samples of one interleaved run, and rows made from them."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def row(self, what: str, figure: Figure, unit: Unit, *, bar: float | None = None, note: str = "") -> Row:
        """A figure over all rounds, with its lowest and highest value over the parts of the run as the spread."""
        parts = [figure(part) for part in self._parts()]
        value = figure(self._samples)
        return Row(what=what, value=value, unit=unit, bar=bar, low=min(parts), high=max(parts), note=note)

    def _parts(self) -> Iterator[Samples]:
        rounds = len(next(iter(self._samples.values())))
        size = max(rounds // _BLOCKS, 1)
        for start in range(0, rounds - size + 1, size):
            yield {name: values[start : start + size] for name, values in self._samples.items()}


def interleaved(variants: Mapping[str, Run], *, rounds: int, number: int) -> Rounds:
    """Run A B C A B C ...: each round gives ``number`` requests to every variant, and nothing is collected inside."""
    samples: dict[str, list[float]] = {name: [] for name in variants}
    for run in variants.values():
        run(number)  # caches filled, code specialised
    with _quiet():
        for _ in range(rounds):
            for name, run in variants.items():
                gc.collect()
                start = process_time_ns()
                run(number)
                samples[name].append((process_time_ns() - start) / number / 1000)
    return Rounds(samples)


@contextmanager
def _quiet() -> Iterator[None]:
    """No collection but the explicit one, which skips what was there before."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def cost(name: str) -> Figure:
    """What a request of this variant takes."""
    return lambda samples: median(samples[name])


def added(name: str, base: str = "bare") -> Figure:
    """What a variant adds to its base: the median of the differences within a round."""
    return lambda samples: median(mine - bare for mine, bare in zip(samples[name], samples[base], strict=True))


def ratio(over: Figure, under: Figure, scale: float = 1) -> Figure:
    """One figure as a multiple of another."""
    return lambda samples: scale * over(samples) / under(samples)


def minus(figure: Figure, other: Figure) -> Figure:
    """What one figure is above another."""
    return lambda samples: figure(samples) - other(samples)
