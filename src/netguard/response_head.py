"""The head of one response, as it leaves: the policy's headers, netguard's own, cookies, token and deletions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from netguard.cookie_rewriting import CookieRewriter
from netguard.forgetting import Forgetting
from netguard.headers.merge import HeaderMerge, private
from netguard.messages import RawHeaders, Refusal, Request, TextHeaders

if TYPE_CHECKING:
    from netguard.login_settling import OpenLogins

Tell = Callable[[Request, Refusal], None]


class ResponseHead:
    """What leaves with the answer to one request; once it has ``started``, nothing can be added."""

    __slots__ = (
        "_bound", "_extra", "_forgetting", "_logins", "_merge", "_nonce", "_own", "_tell", "request", "started",
    )  # fmt: skip

    def __init__(self, request: Request, merge: HeaderMerge, tell: Tell | None = None) -> None:
        self.request = request
        self.started = False
        self._merge = merge
        self._tell = tell
        self._nonce: str | None = None
        self._bound: bytes | None = None  # what the tokens of this response are bound to
        self._own: list[bytes] = []  # each a Set-Cookie of netguard's own, as it leaves
        self._logins: OpenLogins | None = None  # what this head settles
        self._extra: RawHeaders = []  # netguard's own, but for ``_own``
        self._forgetting: Forgetting | None = None

    @property
    def adds(self) -> bool:
        """Whether netguard sets headers of its own for this response, cookies among them."""
        return bool(self._extra or self._own or self._forgetting or self._logins)

    def add(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Headers of netguard's own that leave with the answer, whatever the policy says of headers."""
        self._extra.extend(headers)

    def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The headers that leave with this status; drivers call it once for each response head.

        Where it raises, nothing has started, and the page for 500 may still leave.
        """
        if self._extra:
            headers = [*headers, *self._extra]
        if self._logins is not None:
            headers = list(headers)
            self._logins.answered(status, headers)
        merged = self._merge.merged(self.request, status, headers, self._nonce)
        if self._forgetting is not None:
            merged = self._forgetting.cleared(self._with_deletions(merged))
        if self._bound is not None or self._own or self._makes_known():
            merged = self._with_own(merged)
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
        if self._logins is not None:
            self._logins.answered(status, own)
        merged = self._merge.merged_text(self.request, status, own, self._nonce)
        if self._bound is not None or self._forgetting is not None or self._own or self._makes_known():
            raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in merged]
            if self._forgetting is not None:
                raw = self._forgetting.cleared(self._with_deletions(raw))
            raw = self._with_own(raw)
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

    def _with_own(self, merged: RawHeaders) -> RawHeaders:
        """The headers with netguard's own cookies, last and as they are; no shared cache keeps these, nor a token."""
        cookies = self._own_cookies()
        return private(merged + cookies) if cookies or self._bound is not None else merged

    def _makes_known(self) -> bool:
        """Whether a login succeeded, after which the browser is known."""
        return self._logins is not None and bool(self._logins.cookies)

    def _own_cookies(self) -> RawHeaders:
        made = self._logins.cookies if self._logins is not None else ()
        return [(b"set-cookie", cookie) for cookie in (*self._own, *made)]

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
        headers = [*headers, *extra]
        if self._logins is not None:
            self._logins.answered(101, headers)
        accepted = self._with_deletions(self._merge.cookies(self.request, headers)) + self._own_cookies()
        rewriter = self._merge.rewriter
        if rewriter is not None and rewriter.news:
            self._tell_of(rewriter)
        self.started = True
        return accepted
