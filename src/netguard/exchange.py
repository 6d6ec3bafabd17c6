"""The one owner of what belongs to one request: its nonce, its moment of no return, its outcome."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from os import urandom

from netguard.errors import NonceError
from netguard.headers.merge import HeaderMerge
from netguard.messages import RawHeaders, Request


class Exchange:
    """What the app may ask of netguard while it answers one request."""

    __slots__ = ("_merge", "_nonce", "request", "started")

    def __init__(self, request: Request, merge: HeaderMerge) -> None:
        self.request = request
        self.started = False
        self._merge = merge
        self._nonce: str | None = None

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

    def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The headers that leave with this status; drivers call it once for each response head."""
        self.started = True
        return self._merge.merged(self.request, status, headers, self._nonce)

    def accept(self, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The headers of an accepted WebSocket handshake: its cookies are hardened, nothing is added."""
        self.started = True
        return self._merge.cookies(self.request, headers)
