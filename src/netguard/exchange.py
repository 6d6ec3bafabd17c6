"""The one owner of what belongs to one request: its nonce and token, its moment of no return, its outcome."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from os import urandom
from typing import TYPE_CHECKING, Protocol

from netguard.cookie_rewriting import CookieRewriter
from netguard.counters import Op
from netguard.errors import NetguardError, NonceError, TokenError
from netguard.forgetting import Forgetting, asked, brought
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.merge import HeaderMerge, private
from netguard.headers.override import Override
from netguard.messages import (
    CONTINUE,
    Continue,
    Decision,
    NeedCounts,
    Page,
    Pending,
    RawHeaders,
    Refusal,
    Request,
    Respond,
    Taken,
    TextHeaders,
)
from netguard.refusals import UNJUDGED, Pages, proved

if TYPE_CHECKING:
    from netguard.csrf import Csrf

Tell = Callable[[Request, Refusal], None]


class Taking(Protocol):
    """What takes counters, as ``Store.take`` does."""

    def take(self, ops: Sequence[Op]) -> Taken: ...
    async def atake(self, ops: Sequence[Op]) -> Taken: ...


class Exchange:
    """What the app may ask of netguard while it answers one request."""

    __slots__ = (
        "_bound", "_csrf", "_extra", "_forgetting", "_issued", "_merge", "_nonce", "_pages", "_tell", "instead",
        "pending", "request", "started", "store", "verdict",
    )  # fmt: skip

    def __init__(
        self, request: Request, merge: HeaderMerge, pages: Pages, tell: Tell | None = None, csrf: Csrf | None = None
    ) -> None:
        self.request = request
        self.started = False
        self._merge = merge
        self._pages = pages
        self._tell = tell
        self._csrf = csrf
        self._nonce: str | None = None
        self._bound: bytes | None = None  # what the tokens of this response are bound to
        self._issued = b""  # the Set-Cookie that they need, where the browser has none
        self._extra: RawHeaders = []
        self._forgetting: Forgetting | None = None
        self.pending: Pending | None = None  # what needs the user
        self.store: Taking | None = None  # where that is counted
        self.verdict: Continue | Respond | None = None  # what they said
        self.instead: Respond | None = None  # what leaves in place of whatever an ASGI app answers

    @property
    def client(self) -> str | None:
        """The resolved client's address; None where it cannot be known."""
        return self.request.client

    @property
    def peer(self) -> str | None:
        """The address at the other end of the socket; None for a unix socket."""
        return self.request.peer

    @property
    def nonce(self) -> str:
        """The CSP nonce of this response: 128 random bits (CSP3, 7.1), made when it is first read.

        Raises NonceError where it is first read after the headers left, since no browser would accept it.
        """
        if self._nonce is None:
            if self.started:
                raise NonceError(
                    "the CSP nonce was first read after the headers left: read it before the response starts"
                )
            self._nonce = b64encode(urandom(16)).decode("ascii")
        return self._nonce

    @property
    def csrf_token(self) -> str:
        """A token for a form or a script of this response, masked anew at each reading (``Origin(token=True)``).

        The first reading sets the cookie where the browser has none, and makes the response private. Raises TokenError
        where that comes after the headers left, or where the policy makes no tokens.
        """
        if self._csrf is None:
            raise TokenError("csrf_token: this policy makes no tokens: write Origin(token=True), or do without")
        if self._bound is None:
            if self.started:
                raise TokenError("csrf_token was first read after the headers left: read it before the response starts")
            self._bound, self._issued = self._csrf.bound(self.request)
        return self._csrf.token(self.request, self._bound)

    def override(self, headers: Headers | None = None, *, append: CSP | None = None) -> None:
        """Replace headers of the policy, or append to its CSP, for this response alone; several calls stack.

        Raises NetguardError where the headers have left, ConfigError where there is no CSP to append to.
        """
        self.apply(Override(headers, append), remember=False)

    def apply(self, override: Override, *, remember: bool = True) -> None:
        """The same with an ``Override`` made at start-up, whose compiled form is remembered."""
        if self.started:
            raise NetguardError("override: the headers have left: call it before the response starts")
        self._merge = self._merge.overridden(override, remember=remember)

    def forget(self, *names: str, cookies: bool = False) -> None:
        """Log the browser out: expire these cookies of the app (by default all that the request brought) and storage.

        Each is deleted with the Domain, Path and prefix that the policy gives it, but for those that this response sets
        itself in the same place; of what the request brought at most 64, those that the policy names first. The browser
        clears its cache and storage for this origin (W3C Clear Site Data, 3.1). ``cookies=True`` clears all cookies
        too, those of sister sites and of known devices included. Raises NetguardError where the headers have left, and
        for what is no cookie's name.
        """
        if self.started:
            raise NetguardError("forget: the headers have left: call it before the response starts")
        spared = self._csrf.names if self._csrf else ()  # not the app's, and the forms that are open need it
        sent = self.cookies(self.request.headers.get(b"cookie") or b"")
        found = asked(names) or brought(sent, self._merge.rewriter, spared)
        self._forgetting = self._forgetting or Forgetting()
        self._forgetting.add(found, cookies=cookies)

    @property
    def adds(self) -> bool:
        """Whether netguard sets headers of its own for this response, cookies among them."""
        return bool(self._extra or self._issued or self._forgetting)

    def admit(self, user: object) -> Continue | Respond:
        """Let the rules that need the user judge this one; until then no response of a route that they guard leaves."""
        decision: Decision = self.pending.judge(user) if self.pending else CONTINUE
        while isinstance(decision, NeedCounts) and self.store is not None:
            decision = decision.supply(self.store.take(decision.ops))
        return self._judged(decision)

    async def aadmit(self, user: object) -> Continue | Respond:
        """The same where the counters are awaited."""
        decision: Decision = self.pending.judge(user) if self.pending else CONTINUE
        while isinstance(decision, NeedCounts) and self.store is not None:
            decision = decision.supply(await self.store.atake(decision.ops))
        return self._judged(decision)

    def _judged(self, decision: Decision) -> Continue | Respond:
        self.verdict = proved(decision)
        if isinstance(self.verdict, Continue):
            self.add(self.verdict.headers)
        return self.verdict

    def wait_for(self, pending: Pending, store: Taking | None) -> None:
        """Hold the answer back until ``admit`` has heard who the user is; ``store`` is where that is counted."""
        self.pending = pending
        self.store = store

    def add(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Headers of netguard's own that leave with the answer, whatever the policy says of headers."""
        self._extra.extend(headers)

    def withheld(self) -> Respond | None:
        """The answer that must leave instead of the app's, as long as nobody proved that its user may have it."""
        if not self.pending or type(self.verdict) is Continue:
            return None
        return self.verdict if isinstance(self.verdict, Respond) else Respond(UNJUDGED)

    def page(self, decided: Respond) -> Page:
        """What the client gets in the app's place; its headers still pass ``start``."""
        return self._pages.page(self.request, decided.refusal)

    def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The headers that leave with this status; drivers call it once for each response head.

        Where it raises, nothing has started, and the page for 500 may still leave.
        """
        if self._extra:
            headers = [*headers, *self._extra]
        merged = self._merge.merged(self.request, status, headers, self._nonce)
        if self._forgetting is not None:
            merged = self._forgetting.cleared(self._with_deletions(merged))
        if self._bound is not None:
            merged = self._with_token(merged)
        rewriter = self._merge.rewriter
        if rewriter is not None and rewriter.news:
            self._tell_of(rewriter)
        self.started = True
        return merged

    def start_text(self, status: int, headers: Iterable[tuple[str, str]]) -> TextHeaders:
        """The same where headers are text."""
        own = headers if type(headers) is list else list(headers)
        if self._extra:
            own = own + [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._extra]
        merged = self._merge.merged_text(self.request, status, own, self._nonce)
        if self._bound is not None or self._forgetting is not None:
            raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in merged]
            if self._forgetting is not None:
                raw = self._forgetting.cleared(self._with_deletions(raw))
            if self._bound is not None:
                raw = self._with_token(raw)
            merged = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
        rewriter = self._merge.rewriter
        if rewriter is not None and rewriter.news:
            self._tell_of(rewriter)
        self.started = True
        return merged

    def _with_deletions(self, merged: RawHeaders) -> RawHeaders:
        """The headers with the cookies that the browser must forget, as they leave: the app set none of them."""
        if self._forgetting is None:
            return merged
        request, secure = self.request, self._merge.secures(self.request)
        return merged + self._forgetting.cookies(merged, self._merge.rewriter, request.host, secure=secure)

    def _with_token(self, merged: RawHeaders) -> RawHeaders:
        """The headers of a response with a token: its cookie comes last and as it is, and no shared cache keeps it."""
        return private([*merged, (b"set-cookie", self._issued)] if self._issued else merged)

    def _tell_of(self, rewriter: CookieRewriter) -> None:
        while rewriter.news:
            try:
                news = rewriter.news.popleft()
            except IndexError:  # another thread told the last of them
                return
            if self._tell is not None:
                self._tell(self.request, news)

    def cookies(self, value: bytes) -> bytes:
        """A Cookie field as the app reads it: under its own names where the policy keeps them under a prefix."""
        rewriter = self._merge.rewriter
        return rewriter.incoming(value) if rewriter is not None and self.renames else value

    def own_name(self, name: str) -> str:
        """The app's name for a cookie that leaves under this one."""
        rewriter = self._merge.rewriter
        plain = (
            rewriter.reader.plain(name.encode("latin-1", "replace")) if rewriter is not None and self.renames else None
        )
        return name if plain is None else plain.decode("latin-1")

    @property
    def renames(self) -> bool:
        """Whether the app's cookies have other names at the browser than in the app."""
        rewriter = self._merge.rewriter
        return rewriter is not None and rewriter.renames and self._merge.secures(self.request)

    def accept(self, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The headers of an accepted WebSocket handshake: cookies are hardened, and nothing but cookies is added."""
        extra = [field for field in self._extra if field[0] == b"set-cookie"]
        accepted = self._with_deletions(self._merge.cookies(self.request, [*headers, *extra]))
        if self._issued:
            accepted.append((b"set-cookie", self._issued))
        rewriter = self._merge.rewriter
        if rewriter is not None and rewriter.news:
            self._tell_of(rewriter)
        self.started = True
        return accepted
