"""What goes to the script and what comes of it: operations as packed bytes, verdicts as packed doubles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha1
from importlib.resources import files
from struct import Struct
from typing import Any, Final

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
_ONE: Final = (bytes((TAKE, 1)), bytes((PEEK, 1)))
_SIZE_OF_ONE: Final = 33
_READ_ONE: Final = Struct("<B4d").unpack_from
_READ: Final[Memo[int, Callable[[bytes, int], tuple[Any, ...]]]] = Memo(  # by their size
    lambda size: Struct(f"<B{size // 8}d").unpack_from
)

Name = Callable[[Any], bytes]  # the key that Redis knows an operation's by
Group = tuple[list[bytes], bytes, int]  # one step: its keys, what the script reads of it, and the bytes that it answers


def group(mode: int, ops: Sequence[Op], name: Name) -> Group:
    """Operations to take or to peek, all or nothing."""
    if len(ops) == 1:  # as most have
        (op,) = ops
        return [name(op)], _ONE[mode] + _PACK[type(op)](op, _REPORT if op.report else 0), _SIZE_OF_ONE
    packed = [_PACK[type(op)](op, _REPORT if op.report else 0) for op in ops]
    return [name(op) for op in ops], bytes((mode, len(ops))) + b"".join(packed), 1 + 32 * len(ops)


def settling(ops: Sequence[Clear | GiveBack], name: Name) -> Group:
    """Operations to undo, each by itself; the script answers nothing."""
    packed = [_CLEAR if isinstance(op, Clear) else _give_back(op) for op in ops]
    keys = [name(op if isinstance(op, Clear) else op.op) for op in ops]
    return keys, bytes((_SETTLE, len(ops))) + b"".join(packed), 0


def arguments(groups: Iterable[Group], clock: Callable[[], int] | None) -> list[bytes]:
    """What follows the script in a call of it; ``clock`` gives nanoseconds, in tests, in place of the server's."""
    keys = [key for keys, _, _ in groups for key in keys]
    request = b"".join([request for _, request, _ in groups])
    fixed = () if clock is None else (b"%d" % (clock() // 1000),)
    return [b"%d" % len(keys), *keys, request, *fixed]


def command(*parts: bytes) -> bytes:
    """A command as Redis reads it (RESP2), in a quarter of redis-py's time."""
    return b"*%d\r\n%b" % (len(parts), b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]))


ASKING: Final = command(b"ASKING")
SLOTS: Final = command(b"CLUSTER", b"SLOTS")


def verdicts(groups: Sequence[Group], answer: object) -> list[Taken]:
    """What the script said of each group. Raises StoreError where something else answered."""
    if type(answer) is not bytes or len(answer) != sum([size for _, _, size in groups]):
        raise StoreError(f"not what the script answers: {answer!r:.80}")
    found, at = [], 0
    for _, _, size in groups:
        if size == _SIZE_OF_ONE:
            ok, left, wait, reset, generation = _READ_ONE(answer, at)
            found.append(Taken(ok == 1, ((int(left), int(wait), int(reset), int(generation)),)))
        else:
            found.append(_taken(_READ[size](answer, at)))
        at += size
    return found


def _taken(read: tuple[Any, ...]) -> Taken:
    numbers = map(int, read[1:])
    return Taken(read[0] == 1, tuple(zip(numbers, numbers, numbers, numbers, strict=True)))


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
