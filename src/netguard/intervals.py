"""Many networks of one family, sorted and merged in small steps into flat arrays."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from itertools import chain
from struct import Struct
from typing import Final

Pause = Callable[[], object]

STEP: Final = 256  # networks between two pauses: some 0.3 ms
_LEAF: Final = 1024  # networks that one call sorts: some 0.4 ms
_PART: Final = 512  # networks meant between two pivots
_PIVOTS: Final = 2048
_TOPS: Final = 8192  # boundaries that are searched as bytes; more are searched among numbers
_HALVES: Final = Struct(">QQ")


def no_pause() -> None:
    """What is called where nothing waits."""


class Boundaries:
    """Where merged networks begin and end, in turn: an address is inside if an odd number of them is not above it.

    Every ``step``-th one is kept as bytes, which are compared fastest. The others are numbers in arrays, which take no
    more than their bits, and which no garbage collection walks through.
    """

    __slots__ = ("_highs", "_lows", "_step", "_tops")

    def __init__(self, size: int) -> None:
        self._highs = array("I" if size == 4 else "Q")
        self._lows = array("Q")  # the second halves of IPv6 addresses
        self._tops: list[bytes] = []
        self._step = 1

    def not_above(self, raw: bytes) -> int:
        """How many boundaries are at or below packed bytes of this family."""
        index = bisect_right(self._tops, raw)
        if self._step == 1 or not index:
            return index
        end = index * self._step
        return self._between(raw, end - self._step, min(end, len(self._highs)))

    def _between(self, raw: bytes, start: int, end: int) -> int:
        highs = self._highs
        if len(raw) == 4:
            return bisect_right(highs, int.from_bytes(raw), start, end)
        high, low = _HALVES.unpack(raw)
        index = bisect_right(highs, high, start, end)
        if index == start or highs[index - 1] != high:
            return index
        return bisect_right(self._lows, low, bisect_left(highs, high, start, index), index)

    def append(self, number: int) -> None:
        """Add one above all others."""
        if self._highs.typecode == "I":
            self._highs.append(number)
        else:
            self._highs.append(number >> 64)
            self._lows.append(number & 0xFFFF_FFFF_FFFF_FFFF)

    def close(self, pause: Pause) -> None:
        """Make it ready to be searched; nothing is added any more."""
        self._step = max(1, 1 << (len(self._highs) // _TOPS).bit_length())
        for index in range(0, len(self._highs), self._step):
            self._tops.append(self._raw(index))
            if not len(self._tops) % STEP:
                pause()
        if self._step == 1:
            del self._highs[:], self._lows[:]

    def _raw(self, index: int) -> bytes:
        if self._highs.typecode == "I":
            return self._highs[index].to_bytes(4)
        return _HALVES.pack(self._highs[index], self._lows[index])


class Gathering:
    """Networks of one family in any order, each as the bytes of its first address and one of its prefix length.

    Sorting all of a million at once would hold the interpreter for half a second. So they are parted by pivots until
    a part is small: no step takes longer than a millisecond, however the networks lie.
    """

    __slots__ = ("_keys", "_size")

    def __init__(self, size: int) -> None:
        self._keys = bytearray()
        self._size = size  # bytes of an address

    def add(self, key: bytes) -> None:
        """Take in one network."""
        self._keys += key

    def merged(self, pause: Pause) -> Boundaries:
        """The boundaries of all of them; what overlaps or touches is one interval."""
        made, size = Boundaries(self._size), self._size
        bits = size * 8
        widths = [1 << (bits - length) for length in range(bits + 1)]
        end = -1
        for part in _ordered(self._keys, size + 1, pause):
            for key in part:
                start = int.from_bytes(key[:size])
                if start > end:
                    if end >= 0:
                        made.append(end)
                    made.append(start)
                end = max(end, start + widths[key[size]])
        if 0 <= end < 1 << bits:
            made.append(end)
        made.close(pause)
        return made


def _ordered(keys: bytearray, width: int, pause: Pause) -> Iterator[list[bytes]]:
    """All keys in ascending order, in short lists."""
    if len(keys) <= _LEAF * width:
        ordered = sorted(chain.from_iterable(_cut(keys, width)))
        for start in range(0, len(ordered), STEP):
            yield ordered[start : start + STEP]
            pause()
        return
    pivots = _pivots(keys, width)
    parts = _parted(keys, width, pivots, pause)
    for part, pivot in zip(parts, pivots, strict=False):
        yield from _ordered(part, width, pause)
        yield [pivot]
    yield from _ordered(parts[-1], width, pause)


def _pivots(keys: bytearray, width: int) -> list[bytes]:
    """Some of the keys, ascending."""
    number = len(keys) // width
    apart = max(_PART, number // _PIVOTS) * width
    return sorted({bytes(keys[at : at + width]) for at in range(0, len(keys), apart)})


def _parted(keys: bytearray, width: int, pivots: list[bytes], pause: Pause) -> list[bytearray]:
    """What lies below each pivot and above the one before, and at last what lies above all."""
    parts = [bytearray() for _ in range(len(pivots) + 1)]
    ends = [*pivots, b""]
    for part in _cut(keys, width):
        for key in part:
            index = bisect_left(pivots, key)
            if ends[index] != key:
                parts[index] += key
        pause()
    return parts


def _cut(keys: bytearray, width: int) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), STEP * width):
        part = bytes(keys[start : start + STEP * width])
        yield [part[at : at + width] for at in range(0, len(part), width)]
