"""Lists of networks as a policy names them: in code, in files, by a function, by a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from netguard.checks import nearest
from netguard.errors import ConfigError
from netguard.intervals import Pause, no_pause
from netguard.network_files import networks_in
from netguard.networks import LOOPBACK, PRIVATE, NetworkSet

Entry = str | Path
Given = Sequence[Entry] | Set[Entry] | str | Path | NetworkSet | Callable[[], Iterable[Entry]]

_WORDS: Final = {"private": PRIVATE, "loopback": LOOPBACK}
_FILE: Final = "file:"
_MOST: Final = 500  # characters of an error, which a line of a file may be part of
_MEANT: Final = "a list of networks, 'private', 'loopback', 'file:PATH', a Path, a NetworkSet or a function"


class NetworkList:
    """Where networks come from, to be read again and again.

    ``given`` is a list of networks, addresses, ``"private"``, ``"loopback"`` and ``"file:PATH"``, one of those three
    words alone, a Path, a NetworkSet, or a function without arguments that returns such a list. What is written in
    code is checked when the list is made, files and functions when it is read. ``files`` are the paths among it.
    """

    __slots__ = ("_entries", "_where", "files")

    def __init__(self, where: str, given: Given) -> None:
        self._where = where
        self._entries = _given(where, given)
        self.files: tuple[Path, ...] = ()
        if isinstance(self._entries, tuple):
            with _told(where, _Place()):
                self.files = tuple(_file(entry)[0] for entry in self._entries if _is_file(entry))
                NetworkSet.gathered(cast(str, entry) for entry in self._entries if _is_plain(entry))

    def read(self, pause: Pause = no_pause) -> NetworkSet:
        """The networks now; ConfigError names the file, the line and the value.

        With ``pause`` that may be done beside an event loop, as ``NetworkSet.gathered`` says.
        """
        if isinstance(self._entries, NetworkSet):
            return self._entries
        place = _Place()
        with _told(self._where, place):
            entries = self._entries if isinstance(self._entries, tuple) else _returned(self._entries())
            return NetworkSet.gathered(_networks(entries, place, pause), pause)


@dataclass(slots=True)
class _Place:
    """Where the entry stands that is being read: nothing in code, a file and a line elsewhere."""

    file: Path | None = None
    line: int = 0  # 0: the file as a whole

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line else ""
        return "" if self.file is None else f" {self.file}{line}:"


@contextmanager
def _told(where: str, place: _Place) -> Iterator[None]:
    """Errors that say whose networks these are and where they stand."""
    try:
        yield
    except ConfigError as error:
        said = str(error).removeprefix("networks: ")
        raise ConfigError(f"{where}:{place} {said[:_MOST]}{'...' if said[_MOST:] else ''}") from error.__cause__


def _networks(entries: Iterable[Entry], place: _Place, pause: Pause) -> Iterator[str]:
    """Networks one by one, with the place of the present one."""
    for entry in entries:
        if _is_plain(entry):
            yield cast(str, entry)  # or it is refused like any other that is no network
        elif not _is_file(entry):
            yield from _WORDS[cast(str, entry)]
        else:
            (place.file, part), place.line = _file(entry), 0
            for line, network in networks_in(place.file, part, pause):
                place.line = line
                yield network
            place.file = None


def _is_plain(entry: object) -> bool:
    return not _is_file(entry) and not (isinstance(entry, str) and entry in _WORDS)


def _is_file(entry: object) -> bool:
    return isinstance(entry, Path) or (isinstance(entry, str) and entry.startswith(_FILE))


def _file(entry: Entry) -> tuple[Path, str]:
    """The path and the part of ``file:PATH#PART``."""
    if isinstance(entry, Path):
        return entry, ""
    path, _, part = entry.removeprefix(_FILE).partition("#")
    if not path:
        raise ConfigError(f"{entry!r} lacks the path: write 'file:/etc/networks.txt'")
    return Path(path), part


def _given(where: str, given: object) -> tuple[Entry, ...] | NetworkSet | Callable[[], object]:
    if isinstance(given, NetworkSet) or callable(given):
        return given
    if isinstance(given, Path):
        return (given,)
    if isinstance(given, str):
        return (_word(where, given),)
    if not isinstance(given, Sequence | Set) or isinstance(given, bytes | bytearray | memoryview):
        raise ConfigError(f"{where}: {_MEANT} is meant, not {given!r}")
    return tuple(given)


def _word(where: str, given: str) -> str:
    if _is_plain(given):
        raise ConfigError(f"{where}: write a list, [{given!r}], not the bare string {given!r}{nearest(given, _WORDS)}")
    return given


def _returned(entries: object) -> Iterable[Entry]:
    if not isinstance(entries, Iterable) or isinstance(entries, str | bytes):
        raise ConfigError(f"the function must return a list of networks, not {entries!r}")
    return entries
