"""What goes to the script and what comes of it: operations as packed bytes, verdicts as packed doubles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha1
from importlib.resources import files
from struct import Struct
from typing import Any, Final, NamedTuple

from netguard.counters import Clear, GiveBack, Op
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Streak, Windows
from netguard.errors import StoreError
from netguard.memo import Memo
from netguard.messages import Taken

_FOLDER: Final = files("netguard.stores.redis")
SCRIPT: Final = b"\n".join((_FOLDER / name).read_bytes() for name in ("judge.lua", "give_back.lua", "run.lua"))
SHA: Final = sha1(SCRIPT, usedforsecurity=False).hexdigest().encode()  # as EVALSHA names it

TAKE: Final = 0
PEEK: Final = 1
_SETTLE: Final = 2
_CLEAR: Final = b"\x06"
_REPORT: Final = 0x80

_THREE: Final = Struct("<B3d").pack
_TWO: Final = Struct("<B2d").pack
_MEMBER: Final = Struct("<B2dB").pack
_PAIR: Final = Struct("<2d").pack
_DOUBLE: Final = Struct("<d").pack
_VERDICT: Final[Memo[int, Callable[[bytes, int], tuple[Any, ...]]]] = Memo(
    lambda size: Struct(f"<B{size // 8}d").unpack_from
)  # by its bytes

Name = Callable[[Any], bytes]  # the key that Redis knows an operation's by


class Group(NamedTuple):
    """Operations that are one step: their keys, what the script reads of them, and the bytes that it answers."""

    keys: list[bytes]
    request: bytes
    size: int


def group(mode: int, ops: Sequence[Op], name: Name) -> Group:
    """Operations to take or to peek, all or nothing."""
    count = len(ops)
    packed = [_PACK[type(op)](op, _REPORT if op.report else 0) for op in ops]
    return Group([name(op) for op in ops], b"%c%c%b" % (mode, count, b"".join(packed)), 1 + 32 * count)


def settling(ops: Sequence[Clear | GiveBack], name: Name) -> Group:
    """Operations to undo, each by itself; the script answers nothing."""
    packed = [_CLEAR if isinstance(op, Clear) else _give_back(op) for op in ops]
    keys = [name(op if isinstance(op, Clear) else op.op) for op in ops]
    return Group(keys, b"%c%c%b" % (_SETTLE, len(ops), b"".join(packed)), 0)


def arguments(groups: Iterable[Group], clock: Callable[[], int] | None) -> list[bytes]:
    """What follows the script in a call of it; ``clock`` gives nanoseconds, in tests, in place of the server's."""
    keys = [key for group in groups for key in group.keys]
    request = b"".join([group.request for group in groups])
    fixed = () if clock is None else (b"%d" % (clock() // 1000),)
    return [b"%d" % len(keys), *keys, request, *fixed]


def verdicts(groups: Sequence[Group], answer: object) -> list[Taken]:
    """What the script said of each group. Raises StoreError where something else answered."""
    sizes = [group.size for group in groups]
    if type(answer) is not bytes or len(answer) != sum(sizes):
        raise StoreError(f"not what the script answers: {answer!r:.80}")
    found, at = [], 0
    for size in sizes:
        found.append(_taken(_VERDICT[size](answer, at)))
        at += size
    return found


def _taken(read: tuple[Any, ...]) -> Taken:
    whole = list(map(int, read))
    if len(whole) == 5:  # most have one operation
        return Taken(whole[0] == 1, (tuple(whole[1:]),))  # type: ignore[arg-type]
    counts = zip(*(iter(whole[1:]),) * 4, strict=True)
    return Taken(whole[0] == 1, tuple(counts))


def _give_back(op: GiveBack) -> bytes:
    packed = _PACK[type(op.op)](op.op, 0)
    return packed[:1] + _DOUBLE(op.generation) + packed[1:]


def _gcra(op: Gcra, report: int) -> bytes:
    return _THREE(1 | report, op.adds, op.most, op.step)


def _log(op: Log, report: int) -> bytes:
    return _THREE(2 | report, op.limit, op.period, op.cost)


def _distinct(op: Distinct, report: int) -> bytes:
    return _MEMBER(3 | report, op.limit, op.period, len(op.member)) + op.member


def _windows(op: Windows, report: int) -> bytes:
    return bytes((4 | report, len(op.windows))) + b"".join([_PAIR(*window) for window in op.windows])


def _streak(op: Streak, report: int) -> bytes:
    return _TWO(5 | report, op.limit, op.keep)


_PACK: Final[dict[type, Callable[[Any, int], bytes]]] = {
    Gcra: _gcra,
    Log: _log,
    Distinct: _distinct,
    Windows: _windows,
    Streak: _streak,
}
