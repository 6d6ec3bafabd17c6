"""The logins of one request, from the try that was taken until its answer settles it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netguard.counters import Settlement
from netguard.login_attempts import Said, Tried
from netguard.messages import Refusal


class OpenLogins:
    """Tries whose outcome the head of the answer tells; what it tells is settled once.

    An app may give a second head in the first one's place: the last before ``settlement`` counts.
    """

    __slots__ = ("_notes", "_settlement", "_tries", "cookies")

    def __init__(self, tries: Sequence[Tried]) -> None:
        self._tries = tries
        self._settlement: list[Settlement] = []
        self._notes: list[Refusal] = []
        self.cookies: list[bytes] = []  # that make this browser known

    def say(self, said: Said, last: bool | None = None) -> None:
        """What the app says of them; its last word counts. ``last`` says whether no further factor follows."""
        for tried in self._tries:
            tried.said = said
            if last is not None:
                tried.last = last

    def skip(self) -> None:
        """The view ends before it could check a password, unless it said that one was wrong."""
        for tried in self._tries:
            if tried.said != "failed":
                tried.said = "not checked"

    def answered(self, status: int, headers: Iterable[tuple[bytes, bytes]] | Iterable[tuple[str, str]]) -> None:
        """Take in what an answer with this head proves, for ``cookies`` and ``settlement``."""
        found = _mapped(headers)
        outcomes = [(tried, tried.outcome(status, found)) for tried in self._tries]
        self._settlement = [op for tried, outcome in outcomes for op in tried.settlement(outcome)]
        self._notes = [note for tried, outcome in outcomes for note in tried.notes(outcome)]
        self.cookies = [cookie for tried, outcome in outcomes if (cookie := tried.cookie(outcome))][:1]

    def settlement(self) -> tuple[list[Settlement], list[Refusal]]:
        """What to settle and what to tell; nothing at a second call."""
        found = self._settlement, self._notes
        self._settlement, self._notes, self._tries = [], [], ()
        return found


def _mapped(headers: Iterable[tuple[bytes, bytes]] | Iterable[tuple[str, str]]) -> Mapping[str, str]:
    return {_text(name).lower(): _text(value) for name, value in headers}


def _text(part: bytes | str) -> str:
    return part if isinstance(part, str) else part.decode("latin-1")
