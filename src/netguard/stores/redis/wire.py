"""What goes to the script and what comes of it: operations as packed bytes, verdicts as packed doubles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha1
from importlib.resources import files
from itertools import islice
from struct import Struct, unpack
from typing import Any, Final, NamedTuple

from netguard.counters import Clear, GiveBack, Op, Revoke, Settlement
from netguard.counters.rates import Distinct, Gcra, Log
from netguard.counters.tries import Revocation, Streak, Windows
from netguard.errors import StoreError
from netguard.messages import Taken

_FOLDER: Final = files("netguard.stores.redis")
_SCRIPT: Final = b"\n".join((_FOLDER / name).read_bytes() for name in ("judge.lua", "give_back.lua", "run.lua"))

TAKE: Final = 0
PEEK: Final = 1
_SETTLE: Final = 2
_SINGLE: Final = 4  # of one operation: no number of them follows
_CLEAR: Final = b"\x06"
_REVOCATION: Final = 7
_REPORT: Final = 0x80

_THREE: Final = Struct("<B3d").pack
_TWO: Final = Struct("<B2d").pack
_MEMBER: Final = Struct("<B2dB").pack
_ISSUED: Final = Struct("<Bd").pack
_PAIR: Final = Struct("<2d").pack
_DOUBLE: Final = Struct("<d").pack
_HEAD: Final = Struct("<BI").pack
_ONE: Final = (bytes((_SINGLE | TAKE,)), bytes((_SINGLE | PEEK,)))
_FEW: Final = 512  # operations that settle in a call: about a millisecond of the server's time

Name = Callable[[Any], bytes]  # the key that Redis knows an operation's by, as a `bulk` string
Group = tuple[int, bytes, bytes]  # one step: the number of its keys, the keys, and what the script reads of it


class Arguments(NamedTuple):
    """What follows the script in a call of it, packed."""

    number: int
    keys: bytes
    rest: bytes


def group(mode: int, ops: Sequence[Op], name: Name) -> Group:
    """Operations to take or to peek, all or nothing."""
    if len(ops) == 1:  # as most have
        (op,) = ops
        return 1, name(op), _ONE[mode] + _PACK[type(op)](op, _REPORT if op.report else 0)
    packed = [_PACK[type(op)](op, _REPORT if op.report else 0) for op in ops]
    return len(ops), b"".join(map(name, ops)), _HEAD(mode, len(ops)) + b"".join(packed)


def settling(ops: Sequence[Settlement], name: Name) -> Iterator[Group]:
    """What settles, each by itself, for as many calls; the script answers nothing."""
    ops = [op for op in ops if not isinstance(op, GiveBack) or type(op.op) is not Revocation]  # which takes nothing
    for start in range(0, len(ops), _FEW):
        few = ops[start : start + _FEW]
        packed = b"".join(map(_settled, few))
        yield len(few), b"".join(map(name, few)), _HEAD(_SETTLE, len(few)) + packed


def arguments(groups: Sequence[Group], clock: Callable[[], int] | None) -> Arguments:
    """What follows the script; ``clock`` gives nanoseconds, in tests, in place of the server's."""
    number = sum([number for number, _, _ in groups])
    keys = b"".join([keys for _, keys, _ in groups])
    rest = bulk(b"".join([request for _, _, request in groups]))
    if clock is None:
        return Arguments(number + 2, bulk(b"%d" % number) + keys, rest)
    return Arguments(number + 3, bulk(b"%d" % number) + keys, rest + bulk(b"%d" % (clock() // 1000)))


def bulk(text: bytes) -> bytes:
    """A bulk string as Redis reads it (RESP2)."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


def command(*parts: bytes) -> bytes:
    """A command as Redis reads it."""
    return b"*%d\r\n%b" % (len(parts), b"".join(map(bulk, parts)))


def script(asked: Arguments, *, whole: bool = False) -> bytes:
    """The call of the script: by its hash, or ``whole``, for a server that does not have it."""
    return b"*%d\r\n%b%b%b" % (2 + asked.number, _WHOLE if whole else _BY_HASH, asked.keys, asked.rest)


ASKING: Final = command(b"ASKING")
SLOTS: Final = command(b"CLUSTER", b"SLOTS")
_BY_HASH: Final = bulk(b"EVALSHA") + bulk(sha1(_SCRIPT, usedforsecurity=False).hexdigest().encode())
_WHOLE: Final = bulk(b"EVAL") + bulk(_SCRIPT)


def verdicts(groups: Sequence[Group], answer: object) -> list[Taken]:
    """What the script said of each group. Raises StoreError where something else answered."""
    size = sum([1 + 4 * number for number, _, _ in groups])
    if type(answer) is not bytes or len(answer) != 8 * size:
        raise StoreError(f"not what the script answers: {answer!r:.80}")
    told = list(map(int, unpack(f"<{size}d", answer)))
    if size == 5 * len(groups):  # of one operation each, as most are
        counts = zip(told[1::5], told[2::5], told[3::5], told[4::5], strict=True)
        return [Taken(ok == 1, (count,)) for ok, count in zip(told[::5], counts, strict=True)]
    found, numbers = [], iter(told)
    for number, _, _ in groups:
        ok, each = next(numbers) == 1, islice(numbers, 4 * number)
        found.append(Taken(ok, tuple(zip(each, each, each, each, strict=True))))
    return found


def _settled(op: Settlement) -> bytes:
    if isinstance(op, Clear):
        return _CLEAR
    packed = _PACK[type(op.op)](op.op, 0)
    return packed[:1] + _DOUBLE(op.op.keep if isinstance(op, Revoke) else op.generation) + packed[1:]


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


def _revocation(op: Revocation, report: int) -> bytes:
    return _ISSUED(_REVOCATION | report, op.issued)


_PACK: Final[dict[type, Callable[[Any, int], bytes]]] = {
    Gcra: _gcra,
    Log: _log,
    Distinct: _distinct,
    Windows: _windows,
    Streak: _streak,
    Revocation: _revocation,
}
