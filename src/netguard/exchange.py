"""The one owner of what belongs to one request: its nonce and token, its moment of no return, its outcome."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from os import urandom
from typing import TYPE_CHECKING, Protocol

from netguard.counters import Op, Settlement
from netguard.errors import Busy, NetguardError, NonceError, Refused, TokenError
from netguard.forgetting import DEVICE_COOKIES, Forgetting, asked, brought
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.merge import HeaderMerge
from netguard.headers.override import Override
from netguard.messages import (
    CONTINUE,
    Continue,
    Decision,
    NeedCounts,
    Page,
    Pending,
    Refusal,
    Request,
    Respond,
    Taken,
)
from netguard.refusals import Pages, proved
from netguard.response_head import ResponseHead, Tell

if TYPE_CHECKING:
    from netguard.csrf import Csrf
    from netguard.login_attempts import Tried


class Taking(Protocol):
    """What takes and settles counters, as a ``Store`` does."""

    def take(self, ops: Sequence[Op]) -> Taken: ...
    async def atake(self, ops: Sequence[Op]) -> Taken: ...
    def settle(self, ops: Sequence[Settlement]) -> None: ...
    async def asettle(self, ops: Sequence[Settlement]) -> None: ...


class Exchange(ResponseHead):
    """What the app may ask of netguard while it answers one request."""

    __slots__ = ("_csrf", "_pages", "instead", "pending", "store", "verdict")

    def __init__(
        self, request: Request, merge: HeaderMerge, pages: Pages, tell: Tell | None = None, csrf: Csrf | None = None
    ) -> None:
        ResponseHead.__init__(self, request, merge, tell)  # ``super()`` takes longer, and this runs on every request
        self._pages = pages
        self._csrf = csrf
        self.pending: Pending | None = None  # what needs the user
        self.store: Taking | None = None  # where that is counted, and logins are settled
        self.verdict: Continue | Respond | None = None  # what ``pending`` said of the user; None until it was asked
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
            self._bound, cookie = self._csrf.bound(self.request)
            self._own += [cookie] if cookie else []
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
        spared = {*DEVICE_COOKIES, *(self._csrf.names if self._csrf else ())}  # not the app's; open forms need theirs
        sent = self.cookies(self.request.headers.get(b"cookie") or b"")
        found = asked(names) or brought(sent, self._merge.rewriter, spared)
        self._forgetting = self._forgetting or Forgetting()
        self._forgetting.add(found, cookies=cookies)

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
        else:
            self.skip_view()
        return self.verdict

    def skip_view(self) -> None:
        """Let the try of a login go back, as another answers in the view's place; a failure that was said stays one."""
        if self._logins is not None:
            self._logins.skip()

    def wait_for(self, pending: Pending, store: Taking | None) -> None:
        """Hold the answer back until ``admit`` has heard who the user is; ``store`` is where that is counted."""
        self.pending = pending
        self.store = store

    def expect_logins(self, tries: Sequence[Tried], store: Taking | None) -> None:
        """Let the head of the answer settle these tries, in that store."""
        from netguard.login_settling import OpenLogins  # only who counts logins waits for it

        self._logins = OpenLogins(tries)
        self.store = store

    @property
    def tries_login(self) -> bool:
        """Whether this request took a try that its answer has to settle."""
        return self._logins is not None

    def login_succeeded(self, *, last: bool | None = None) -> None:
        """The password of this request was right; ``last=False`` where a second factor follows.

        What the view says of a login counts before what its answer would prove, and what it says last. Without a
        lockout on this route, nothing happens.
        """
        if self._logins is not None:
            self._logins.say("succeeded", last)

    def login_failed(self) -> None:
        """It was wrong, whatever the answer looks like."""
        if self._logins is not None:
            self._logins.say("failed")

    def login_not_checked(self) -> None:
        """No password was checked: the try goes back."""
        if self._logins is not None:
            self._logins.say("not checked")

    def make_known(self, cookie: bytes) -> None:
        """Let the answer carry the cookie of a device. Raises NetguardError where the headers have left."""
        if self.started:
            raise NetguardError("a login was settled after the headers left: end its attempt before")
        self._own.append(cookie)

    def settle(self) -> None:
        """Settle what the head of the answer proved, once."""
        ops, notes = self._logins.settlement() if self._logins is not None else ((), ())
        if ops and self.store is not None:
            self.store.settle(ops)
        self._tell_of_logins(notes)

    async def asettle(self) -> None:
        """The same where the counters are awaited."""
        ops, notes = self._logins.settlement() if self._logins is not None else ((), ())
        if ops and self.store is not None:
            await self.store.asettle(ops)
        self._tell_of_logins(notes)

    def _tell_of_logins(self, notes: Sequence[Refusal]) -> None:
        if self._tell is not None:
            for note in notes:
                self._tell(self.request, note)

    def judged(self) -> Continue | Respond:
        """What the rules about the user said, or say where nobody told who it is."""
        if self.verdict is None and self.pending:
            return self.pending.unjudged()
        return self.verdict or CONTINUE

    def withheld(self) -> Respond | None:
        """The answer that must leave instead of the app's, as long as nobody proved that its user may have it."""
        decided = self.judged()
        return decided if isinstance(decided, Respond) else None

    def refused(self, error: Refused) -> Page:
        """What the client gets for an error that carries its refusal, and that no view caught."""
        if isinstance(error, Busy):
            self.skip_view()
        return self._pages.page(self.request, error.refusal)

    def page(self, decided: Respond) -> Page:
        """What the client gets in the app's place; its headers still pass ``start``."""
        return self._pages.page(self.request, decided.refusal)
