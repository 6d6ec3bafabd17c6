"""What a row is made of: a policy, a request, what the app does, and what must come of it. No framework here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from netguard import Policy
from netguard.events import SecurityEvent
from netguard.plan import Plan

Pair = tuple[bytes, bytes]

PEER = "198.51.100.9"  # nobody's proxy
PROXY = "10.0.0.2"
CLIENT = "203.0.113.7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request as it is on the wire, and the connection that it came on."""

    method: str = "GET"
    target: bytes = b"/"  # with the root path, percent-encoded
    host: str | None = "booking.example"
    fields: Sequence[str] = ()  # further header lines, "Name: value", characters below 256
    body: Sequence[bytes] = ()  # in the pieces in which they arrive
    length: Literal["known", "chunked", "unsaid"] | int = "known"  # what is said about the body's size
    leaves: bool = False  # disconnects after the last piece, before the body's end
    peer: str | None = PEER  # None: a unix socket
    scheme: Literal["http", "https"] = "https"  # of the transport
    kind: Literal["http", "websocket"] = "http"
    denial: bool = True  # whether the server can answer a handshake by a whole response
    root: str = ""
    http: str = "1.1"

    def pairs(self) -> list[Pair]:
        """The header lines as they were sent, Host first."""
        lines = [] if self.host is None else [f"Host: {self.host}"]
        lines += [*self.fields, *self._framing()]
        split = (line.partition(": ") for line in lines)
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, _, value in split]

    def _framing(self) -> list[str]:
        if self.length == "chunked":
            return ["Transfer-Encoding: chunked"]
        if isinstance(self.length, int):
            return [f"Content-Length: {self.length}"]
        return [f"Content-Length: {sum(map(len, self.body))}"] if self.body and self.length == "known" else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the app does; ``{nonce}`` and ``{token}`` in a chunk are replaced by what was read last."""

    status: int = 200
    fields: Sequence[str] = ("Content-Type: text/plain",)
    chunks: Sequence[bytes] = (b"ok",)
    nonce: Literal["unread", "early", "late"] = "unread"  # before the start; first between the chunks
    token: Literal["unread", "early", "late"] = "unread"  # the request token, likewise
    logs_in: bool = False  # says of a login what the request's X-Login says: right, wrong or unchecked
    raises: Literal["never", "at once", "amid"] = "never"  # amid: after the first chunk
    reads: bool = False  # the whole body
    shared: bool = False  # one module-level response object for all requests
    tuples: bool = False  # headers as a tuple
    socket: Literal["accept", "close", "deny"] = "accept"  # of a handshake

    def pairs(self) -> list[Pair]:
        """The response's own header lines."""
        split = (line.partition(": ") for line in self.fields)
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, _, value in split]


class AppError(Exception):
    """What the app raises."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the app found."""

    client: str | None
    scheme: str
    host: bytes | None
    path: str  # below the root path
    headers: list[Pair]  # names in lower case
    resolved: str | None  # Exchange.client
    peer: str | None  # Exchange.peer
    body: bytes = b""
    nonces: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    error: Exception | None = None  # of reading one of them late


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a request, in whatever way the driver speaks."""

    status: int = 0  # 0: no response head at all; 101: an accepted handshake
    headers: list[Pair] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    heads: int = 0  # how many response heads were sent
    seen: list[Seen] = field(default_factory=list)  # one for each time that the app was reached
    raised: Exception | None = None  # what left the middleware
    events: list[SecurityEvent] = field(default_factory=list)
    earlier: list[Outcome] = field(default_factory=list)  # where the request was repeated

    def values(self, name: str) -> list[str]:
        """Every value of a response header."""
        key = name.lower().encode("ascii")
        return [value.decode("latin-1") for found, value in self.headers if found.lower() == key]

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)


Check = Callable[[Outcome], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What must come of it; what is left unsaid here is held by ``check.invariants``."""

    status: int = 200
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)  # a string: exactly one, with that value
    absent: Sequence[str] = ()
    body: bytes | None = None
    reached: bool = True  # whether the app ran
    runs: int | None = None  # how often it ran, where the row repeats its request; -1: each time but the last
    seen: Mapping[str, Any] = field(default_factory=dict)  # attributes of Seen
    hidden: Sequence[str] = ()  # request headers that the app must not find
    shown: Mapping[str, str] = field(default_factory=dict)  # and those that it must
    events: Sequence[str] = ()  # the reason codes, all of them
    enforced: bool = True  # of all those events
    raises: type[Exception] | None = None
    that: Sequence[Check] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One behaviour, in every driver; ``needs`` names what a driver must be able to express (see drivers.LACKS)."""

    id: str
    policy: Policy | Plan | Callable[[], Policy | Plan]
    ask: Ask = Ask()
    answer: Answer = Answer()
    expect: Expect = Expect()
    first: Sequence[Ask] = ()  # what is asked before, through one middleware
    times: int = 1  # how often the request is made
    knows_user: bool = False  # whether somebody tells who asks, by the field X-User
    needs: Sequence[str] = ()

    def asks(self) -> list[Ask]:
        """All that is asked, in order."""
        return [*self.first, *[self.ask] * self.times]

    def made_policy(self) -> Policy | Plan:
        """The policy, or the plan, of this row alone."""
        return self.policy() if callable(self.policy) else self.policy


def refused(status: int, *codes: str, headers: Mapping[str, str | list[str]] | None = None) -> Expect:
    """The expectation of a request that must not reach the app."""
    return Expect(status=status, events=codes, reached=False, headers=headers or {})
