"""How Redis knows an operation's key: ``prefix:key``, and ``prefix:{tag}:key`` on a Cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from netguard.errors import ConfigError
from netguard.memo import Memo
from netguard.stores.redis.wire import Name, bulk, command

_KEY: Final = 16  # bytes: by these, names of a longer prefix are told from those of this one
_COUNT: Final = b"1000"  # names that the server looks at in a call: about half a millisecond of its time
_SPECIAL: Final = re.compile(rb"[*?\[\]\\]")


def namer(prefix: str, *, cluster: bool) -> Name:
    """From an operation to its name in Redis, packed."""
    if not prefix or not prefix.isascii() or not prefix.isprintable() or set("{} ") & set(prefix):
        raise ConfigError(f"store: prefix={prefix!r}: printable ASCII is meant, without blanks and braces")
    head = prefix.encode() + b":"
    if not cluster:
        starts: Memo[int, bytes] = Memo(lambda size: b"$%d\r\n%b" % (len(head) + size, head))  # by the key's size
        return lambda op: starts[len(op.key)] + op.key + b"\r\n"
    # As hex digits, for braces in a tag would change its slot; an empty tag would give each key its own.
    return lambda op: bulk(b"%b{%b}:%b" % (head, op.tag.hex().encode() or b"-", op.key))


class Listing(NamedTuple):
    """What to ask a server for its names, and how to read them."""

    pattern: bytes  # as Redis matches
    name: re.Pattern[bytes]

    def asked(self, cursor: bytes) -> bytes:
        """The call for the names from that place on."""
        return command(b"SCAN", cursor, b"MATCH", self.pattern, b"COUNT", _COUNT)

    def keys(self, names: Iterable[bytes]) -> Iterator[bytes]:
        """The keys of operations among them."""
        return (found[1] for found in map(self.name.fullmatch, names) if found)


def listing(prefix: str, *, cluster: bool) -> Listing:
    """For the names that ``namer`` gives."""
    head = prefix.encode() + b":"
    glob = _SPECIAL.sub(rb"\\\g<0>", head) + (b"{*}:" if cluster else b"") + b"?" * _KEY
    tag = rb"\{[0-9a-f-]+\}:" if cluster else b""
    return Listing(glob, re.compile(re.escape(head) + tag + b"(.{%d})" % _KEY, re.DOTALL))
