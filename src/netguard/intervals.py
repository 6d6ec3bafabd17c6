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
_PIVOTS: Final = 2048
_FEW: Final = 8192  # boundaries that are kept as bytes; of more, one of each block is
_BLOCK: Final = 256  # boundaries
_HALVES: Final = Struct(">QQ")
_LOW_HALF: Final = (1 << 64) - 1


def no_pause() -> None:
    """What is called where nothing waits."""


class Boundaries:
    """Where merged networks begin and end, in turn: an address is inside if an odd number of them is not above it.

    The first of each block is kept as bytes, which are compared fastest. Blocks are arrays of numbers, which take no
    more than their bits, which no garbage collection walks through, and which are never moved as a whole.
    """

    __slots__ = ("_highs", "_lows", "_size", "_tops")

    def __init__(self, size: int) -> None:
        self._size = size  # bytes of an address
        self._tops: list[bytes] = []
        self._highs: list[array[int]] = []  # empty where all boundaries are among the tops
        self._lows: list[array[int]] = []  # the second halves of IPv6 addresses

    def not_above(self, raw: bytes) -> int:
        """How many boundaries are at or below packed bytes of this family."""
        index = bisect_right(self._tops, raw)
        if not index or not self._highs:
            return index
        return (index - 1) * _BLOCK + self._in_block(raw, index - 1)

    def _in_block(self, raw: bytes, block: int) -> int:
        highs = self._highs[block]
        if self._size == 4:
            return bisect_right(highs, int.from_bytes(raw))
        high, low = _HALVES.unpack(raw)
        index = bisect_right(highs, high)
        if not index or highs[index - 1] != high:
            return index
        return bisect_right(self._lows[block], low, bisect_left(highs, high, 0, index), index)

    def extend(self, numbers: list[int]) -> None:
        """Add a block above all others; only the last may be shorter than a block."""
        self._tops.append(numbers[0].to_bytes(self._size))
        if self._size == 4:
            self._highs.append(array("I", numbers))
            return
        self._highs.append(array("Q", [number >> 64 for number in numbers]))
        self._lows.append(array("Q", [number & _LOW_HALF for number in numbers]))

    def keep(self, numbers: list[int]) -> None:
        """Have few boundaries, and these alone."""
        self._tops = [number.to_bytes(self._size) for number in numbers]
        self._highs, self._lows = [], []


class Gathering:
    """Networks of one family in any order, each as the bytes of its first address and one of its prefix length.

    Sorting a million at once would hold the interpreter for half a second. So they are parted by pivots until a part
    is small, and nothing large is in one piece: no step takes longer than a millisecond, however the networks lie.
    """

    __slots__ = ("_block", "_blocks", "_full", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._full = STEP * (size + 1)
        self._block = bytearray()
        self._blocks = [self._block]

    def add(self, key: bytes) -> None:
        """Take in one network."""
        if len(self._block) == self._full:
            self._block = bytearray()
            self._blocks.append(self._block)
        self._block += key

    def merged(self, pause: Pause) -> Boundaries:
        """The boundaries of all of them; what overlaps or touches is one interval."""
        made, few, block = Boundaries(self._size), list[int](), list[int]()
        for number in self._boundaries(pause):
            block.append(number)
            if len(block) == _BLOCK:
                made.extend(block)
                few = few + block if len(few) < _FEW else few
                block = []
        if block:
            made.extend(block)
        if len(few) < _FEW:
            made.keep(few + block)
        return made

    def _boundaries(self, pause: Pause) -> Iterator[int]:
        size, bits, end = self._size, self._size * 8, -1
        widths = [1 << (bits - length) for length in range(bits + 1)]
        for key in chain.from_iterable(_ordered(self._blocks, size + 1, pause)):
            start = int.from_bytes(key[:size])
            if start > end:
                if end >= 0:
                    yield end
                yield start
            end = max(end, start + widths[key[size]])
        if 0 <= end < 1 << bits:
            yield end


def _ordered(blocks: list[bytearray], width: int, pause: Pause) -> Iterator[list[bytes]]:
    """All keys in ascending order, in short lists; takes the blocks away."""
    pause()
    if sum(map(len, blocks)) <= _LEAF * width:
        ordered = sorted(chain.from_iterable(_keys(block, width) for block in blocks))
        for start in range(0, len(ordered), STEP):
            yield ordered[start : start + STEP]
            pause()
        return
    pivots = sorted({bytes(block[:width]) for block in blocks[:: max(2, len(blocks) // _PIVOTS)]})
    parts = _parted(blocks, width, pivots, pause)
    for part, pivot in zip(parts, pivots, strict=False):
        yield from _ordered(_cut(part, STEP * width), width, pause)
        yield [pivot]
    yield from _ordered(_cut(parts[-1], STEP * width), width, pause)


def _parted(blocks: list[bytearray], width: int, pivots: list[bytes], pause: Pause) -> list[bytearray]:
    """What lies below each pivot and above the one before, and at last what lies above all."""
    parts = [bytearray() for _ in range(len(pivots) + 1)]
    ends = [*pivots, b""]
    while blocks:
        for key in _keys(blocks.pop(), width):
            index = bisect_left(pivots, key)
            if ends[index] != key:
                parts[index] += key
        pause()
    return parts


def _cut(part: bytearray, length: int) -> list[bytearray]:
    blocks = [part[start : start + length] for start in range(0, len(part), length)]
    part.clear()  # or all parts are given back at once in the end, which takes milliseconds
    return blocks


def _keys(block: bytearray, width: int) -> list[bytes]:
    plain = bytes(block)
    return [plain[start : start + width] for start in range(0, len(plain), width)]
