"""The request token: what an unsafe request must bring where its browser says neither who asked nor from where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from netguard.bodies import Body, is_form
from netguard.errors import Unreadable
from netguard.messages import Count, RawHeaders, Refusal, Request
from netguard.rules import Mode
from netguard.rules.origin import Origin

Fits = Callable[[Request, str], bool]

HEADER: Final = b"x-csrf-token"
FIELD: Final = "csrf_token"

_MISSING: Final = Refusal(
    "token",
    "token.missing",
    403,
    "neither Sec-Fetch-Site nor Origin, and no token: write {{ csrf_field }} into the form, send X-CSRF-Token, "
    "or list a program in Origin(bypass=...)",
)
_INVALID: Final = Refusal(
    "token",
    "token.invalid",
    403,
    "the token is not for this browser's cookie and session: another site sent it, or the form was made before the "
    "cookie or the session changed, and must be loaded anew",
)


@dataclass(frozen=True, slots=True)
class TokenShare:
    """One request that must bring a token: in the header, which then decides alone, or in a field of a form."""

    request: Request
    fits: Fits
    mode: Mode
    reads_body: bool
    rule: str = "token"

    def ops(self, body: Body, user: object = None) -> tuple[()] | Refusal:
        """Nothing to count, or a refusal."""
        try:
            token = body.form(FIELD) if self.reads_body else (self.request.headers.get(HEADER) or b"").decode("latin-1")
        except Unreadable as error:
            return Refusal("token", "token.unreadable", 400, f"no token can be read: {error}")
        if not token:
            return _MISSING
        return () if self.fits(self.request, token) else _INVALID

    def judge(self, counts: Sequence[Count]) -> Refusal | None:
        """Nothing was counted."""
        return None

    def told(self, counts: Sequence[Count]) -> RawHeaders:
        """Nothing to tell."""
        return []

    def again(self, counts: Sequence[Count]) -> bool:
        """Never."""
        return False

    def tried(self, counts: Sequence[Count]) -> None:
        """Nothing to settle."""


class TokenRule:
    """Refuses requests without a token of ours, where the origin rule finds nothing to judge them by."""

    __slots__ = ("_fits", "_mode", "_unproved")

    def __init__(self, origin: Origin, fits: Fits) -> None:
        self._mode = origin.mode
        self._unproved = origin.unproved()
        self._fits = fits

    def shares(self, request: Request) -> tuple[TokenShare, ...]:
        """The request's part, where it must bring a token; the body is read where only a form can have it."""
        if not self._unproved(request):
            return ()
        get = request.headers.get
        in_body = not get(HEADER) and is_form(get(b"content-type"))
        return (TokenShare(request, self._fits, self._mode, in_body),)
