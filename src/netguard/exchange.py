"""The one owner of what belongs to one request: its nonce, its moment of no return, its outcome."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from os import urandom

from netguard.cookie_rewriting import CookieRewriter, deletion
from netguard.errors import NetguardError, NonceError
from netguard.headers import Headers
from netguard.headers.csp import CSP
from netguard.headers.merge import HeaderMerge, secures
from netguard.headers.override import Override
from netguard.messages import Continue, Page, RawHeaders, Refusal, Request, Respond, TextHeaders
from netguard.refusals import UNJUDGED, Pages
from netguard.rules.users import UserRule, judge_user

Tell = Callable[[Request, Refusal], None]


class Exchange:
    """What the app may ask of netguard while it answers one request."""

    __slots__ = ("_extra", "_merge", "_nonce", "_pages", "_tell", "pending", "request", "started", "verdict")

    def __init__(self, request: Request, merge: HeaderMerge, pages: Pages, tell: Tell | None = None) -> None:
        self.request = request
        self.started = False
        self._merge = merge
        self._pages = pages
        self._tell = tell
        self._nonce: str | None = None
        self._extra: RawHeaders = []
        self.pending: tuple[UserRule, ...] = ()  # rules that need the user
        self.verdict: Continue | Respond | None = None  # what they said

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

        Each is deleted with the Domain, Path and prefix that the policy gives it; the browser clears its cache and
        storage for this origin (W3C Clear Site Data, 3.1). ``cookies=True`` clears all cookies too, those of sister
        sites and of known devices included. Raises NetguardError where the headers have left.
        """
        if self.started:
            raise NetguardError("forget: the headers have left: call it before the response starts")
        sent = self.cookies(self.request.headers.get(b"cookie") or b"").split(b";")
        brought = [part.partition(b"=")[0].strip() for part in sent if b"=" in part]
        for name in [name.encode("latin-1") for name in names] or brought:
            self._extra.append((b"set-cookie", deletion(self._merge.rewriter, name)))
        kinds = b'"cache", "storage", "cookies"' if cookies else b'"cache", "storage"'
        self._extra.append((b"clear-site-data", kinds))

    def admit(self, user: object) -> Continue | Respond:
        """Let the rules that need the user judge this one; until then no response of a route that they guard leaves."""
        self.verdict = judge_user(self.request, self.pending, user)
        return self.verdict

    def withheld(self) -> Respond | None:
        """The answer that must leave instead of the app's, as long as nobody proved that its user may have it."""
        if not self.pending or type(self.verdict) is Continue:
            return None
        return self.verdict if isinstance(self.verdict, Respond) else Respond(UNJUDGED)

    def page(self, decided: Respond) -> Page:
        """What the client gets in the app's place; its headers still pass ``start``."""
        return self._pages.page(self.request, decided.refusal)

    def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The headers that leave with this status; drivers call it once for each response head."""
        self.started = True
        if self._extra:
            headers = [*headers, *self._extra]
        merged = self._merge.merged(self.request, status, headers, self._nonce)
        rewriter = self._merge.rewriter
        if rewriter is not None and rewriter.news:
            self._tell_of(rewriter)
        return merged

    def start_text(self, status: int, headers: Iterable[tuple[str, str]]) -> TextHeaders:
        """The same where headers are text."""
        self.started = True
        own = headers if type(headers) is list else list(headers)
        if self._extra:
            own = own + [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._extra]
        merged = self._merge.merged_text(self.request, status, own, self._nonce)
        rewriter = self._merge.rewriter
        if rewriter is not None and rewriter.news:
            self._tell_of(rewriter)
        return merged

    def _tell_of(self, rewriter: CookieRewriter) -> None:
        while rewriter.news:
            news = rewriter.news.popleft()
            if self._tell is not None:
                self._tell(self.request, news)

    def cookies(self, value: bytes) -> bytes:
        """A Cookie field as the app reads it: under its own names where the policy keeps them under a prefix."""
        rewriter = self._merge.rewriter
        return rewriter.incoming(value) if rewriter is not None and self.renames else value

    @property
    def renames(self) -> bool:
        """Whether the app's cookies have other names at the browser than in the app."""
        rewriter = self._merge.rewriter
        return rewriter is not None and rewriter.renames and secures(self.request)

    def accept(self, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The headers of an accepted WebSocket handshake: its cookies are hardened, nothing is added."""
        self.started = True
        return self._merge.cookies(self.request, headers)
