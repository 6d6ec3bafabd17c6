"""The values that pass between the core, the rules and the drivers: what was asked, and what was decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

RawHeaders = list[tuple[bytes, bytes]]
TextHeaders = list[tuple[str, str]]  # latin-1, as WSGI has them
Kind = Literal["http", "websocket"]
NOT_FOUND: Final = "not-found"  # the code that a client is told of a path that hides
Count = tuple[int, int, int, int]  # left, wait, reset, generation; times in microseconds


class HeaderLookup(Protocol):
    """Request fields by lower-case name; repeated fields are joined by a comma, Cookie by a semicolon."""

    def get(self, name: bytes, /) -> bytes | None:
        """The value, or None where the field is absent."""


class Request:
    """What a rule may look at; made once by a driver and not changed by anybody."""

    __slots__ = (
        "authority", "client", "headers", "host", "kind", "method", "path", "peer", "port", "proxied", "query", "root",
        "scheme", "target",
    )  # fmt: skip

    def __init__(  # no frozen dataclass, and positional: this runs on every request
        self,
        method: str,
        path: str,
        headers: HeaderLookup,
        scheme: str = "https",
        host: str | None = None,
        port: int | None = None,
        client: str | None = None,
        peer: str | None = None,
        proxied: bool = False,
        authority: bytes | None = None,
        target: bytes = b"/",
        query: bytes = b"",
        root: str = "",
        kind: Kind = "http",
    ) -> None:
        self.method = method
        self.path = path  # decoded, below the root path
        self.headers = headers
        self.scheme = scheme  # "http" or "https", for WebSockets too
        self.host = host  # lower case, without port and final dot; None where missing or malformed
        self.port = port  # None for the scheme's own
        self.client = client  # canonical address, or None where it cannot be known
        self.peer = peer  # the other end of the socket; None for a unix socket
        self.proxied = proxied  # whether the peer is trusted to speak for others
        self.authority = authority  # the host field that counts, as it was sent
        self.target = target  # path as sent, percent-encoded, root path included
        self.query = query
        self.root = root  # where the app is mounted
        self.kind = kind


class Pending(Protocol):
    """What waits until somebody knows the user."""

    @property
    def rules(self) -> Sequence[object]:
        """The rules about the user among it, each of which may ask the app's database."""

    def judge(self, user: object) -> Decision:
        """What it says of this user; None for nobody."""

    def unjudged(self) -> Continue | Respond:
        """What it says where nobody tells the user."""


class Continue:
    """The one proof that lets a request reach the app.

    ``notes`` are refusals that shadow mode only reports; ``pending`` is what still needs the user; ``headers`` leave
    with the app's answer; ``tries`` are logins that the answer settles.
    """

    __slots__ = ("headers", "notes", "pending", "tries")

    def __init__(
        self,
        notes: tuple[Refusal, ...] = (),
        pending: Pending | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        tries: tuple[Any, ...] = (),  # login_attempts.Tried
    ) -> None:
        self.notes = notes
        self.pending = pending
        self.headers = headers
        self.tries = tries


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a rule refuses: its name, a stable reason code, and the sentence that names the mend."""

    rule: str
    code: str
    status: int
    detail: str = ""  # for the people who run the service
    headers: tuple[tuple[bytes, bytes], ...] = ()
    enforced: bool = True  # False in shadow mode
    wait: int = 0  # microseconds until the same would pass, where time mends it
    problem: Mapping[str, object] = field(default_factory=dict)  # further members of a JSON problem (RFC 9457, 3.2)
    told: str = ""  # the code that the client is told, where it must not know this one
    account: str = ""  # whose login it is about, as events show it


@dataclass(frozen=True, slots=True)
class Tally:
    """What may come in floods: ``count`` of the same, told the first time and whenever their number grew tenfold."""

    about: tuple[str, ...]  # what is counted together
    note: Refusal
    count: int
    report: Mapping[str, str | int]  # one of them, for the sinks


@dataclass(frozen=True, slots=True)
class Respond:
    """An answer in the app's place, for the reason in ``refusal``; the exchange makes the page.

    A 204 is an answer and no refusal: what it has to tell is in ``tallies``.
    """

    refusal: Refusal
    notes: tuple[Refusal, ...] = ()
    tallies: tuple[Tally, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What a refused client gets."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class NeedBody:
    """The rules that matched need the request's body, at most ``limit`` bytes of it.

    Answer with ``supply``, or with ``fail`` and the refusal where it cannot be had. ``first`` is what is counted
    without it: where the store can tell at once that it refuses, answer that one, and leave the body unread.
    """

    __slots__ = ("fail", "first", "limit", "supply")

    def __init__(
        self,
        limit: int,
        supply: Callable[[bytes], Decision],
        fail: Callable[[Refusal], Decision],
        first: NeedCounts | None = None,
    ) -> None:
        self.limit = limit
        self.supply = supply
        self.fail = fail
        self.first = first


class NeedCounts:
    """The rules that matched need one ``take`` of these operations; answer with ``supply``."""

    __slots__ = ("ops", "supply")

    def __init__(self, ops: Sequence[Any], supply: Callable[[Taken], Decision]) -> None:
        self.ops = ops
        self.supply = supply


class Taken:
    """What a store's ``take`` said: whether all passed, and the count of each operation."""

    __slots__ = ("_counts", "_ok")

    def __init__(self, ok: bool, counts: tuple[Count, ...]) -> None:
        self._ok = ok
        self._counts = counts

    @property
    def ok(self) -> bool:
        return self._ok

    @property
    def counts(self) -> tuple[Count, ...]:
        return self._counts


class Passed(Taken):
    """The same where every operation passed, in report mode too: the counts are made where somebody reads them."""

    __slots__ = ("now", "ops", "states")

    ops: Sequence[Any]
    states: Sequence[int]  # what each operation wrote
    now: int

    ok = True
    if TYPE_CHECKING:

        def __init__(self) -> None: ...
    else:
        __init__ = object.__init__  # who makes one fills it: this runs on every request that is counted

    @property
    def counts(self) -> tuple[Count, ...]:
        return tuple([op.count(state, self.now) for op, state in zip(self.ops, self.states, strict=True)])


Decision = Continue | Respond | NeedBody | NeedCounts
CONTINUE: Final = Continue()
