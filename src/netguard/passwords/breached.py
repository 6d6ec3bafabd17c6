"""Whether a password is among those that became known: by a sorted file, or by a client that tells nobody which."""

from __future__ import annotations

import os
import re
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import sha1
from inspect import isawaitable, iscoroutine
from typing import Any, BinaryIO, Final, Protocol

from netguard.errors import ConfigError
from netguard.events import logger

Client = Callable[[str], str | Awaitable[str]]

_LINE: Final = re.compile(rb"[0-9A-Fa-f]{40}(?::[0-9]{1,20})?\r?\n?")
_LONGEST: Final = 96  # bytes of a line
_PROBES: Final = 16
_SORTED: Final = "download the list of SHA-1 hashes that is ordered by hash"


class Source(Protocol):
    """Where breached passwords are looked up, by upper-case SHA-1 digests."""

    def ask(self, digest: str) -> Any:
        """What is known of it, or what waits for that."""

    def tells(self, digest: str, answer: Any) -> bool:
        """Whether this answer means that it is breached."""


class Breaches:
    """A source that may fail: then nothing is known, which is logged."""

    __slots__ = ("_source",)

    def __init__(self, source: str | os.PathLike[str] | Client) -> None:
        self._source: Source = Range(source) if callable(source) else SortedFile(source)

    def hold(self, secret: bytes) -> bool | None:
        """Whether this password is known; None where the source failed. Raises ConfigError for an async client."""
        digest = _digest(secret)
        found: bool | None = None
        with _logged():
            answer = self._source.ask(digest)
            if isawaitable(answer):
                if iscoroutine(answer):
                    answer.close()
                raise ConfigError("Passwords.breached is async: write `await passwords.acheck(...)`")
            found = self._source.tells(digest, answer)
        return found

    async def ahold(self, secret: bytes) -> bool | None:
        """The same; files and sync clients are asked in a thread."""
        digest = _digest(secret)
        found: bool | None = None
        with _logged():
            answer = await to_thread(self._source.ask, digest)
            found = self._source.tells(digest, await answer if isawaitable(answer) else answer)
        return found


class SortedFile:
    """Lines ``SHA1:COUNT`` in the order of their hashes, of any size: read by some forty small reads a question.

    It is opened for each question, so that a new list may take its place, and no process shares its handle.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        try:
            with self._open() as file:
                self._check(file)
        except OSError as error:
            raise ConfigError(f"Passwords.breached: {self._path!r} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(f"Passwords.breached: {self._path!r} is no sorted list: {error}; {_SORTED}") from error

    def ask(self, digest: str) -> bool:
        with self._open() as file:
            return _holds(file, digest.encode("ascii"))

    def tells(self, digest: str, answer: bool) -> bool:
        return answer

    def _open(self) -> BinaryIO:
        return open(self._path, "rb", buffering=0)

    def _check(self, file: BinaryIO) -> None:
        """Look at a few lines from the first to the last, which must ascend."""
        size = _size(file)
        if not size:
            raise ValueError("it is empty")
        last = b""
        for probe in range(_PROBES + 1):
            _, line = _line_at(file, (size - 1) * probe // _PROBES)
            if line[:40].upper() < last:
                raise ValueError("its hashes do not ascend")
            last = line[:40].upper()


class Range:
    """A client of the k-anonymity protocol: five characters of a digest go out, all that may follow them come back.

    The lines are ``SUFFIX:COUNT``; padding has the count 0.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def ask(self, digest: str) -> str | Awaitable[str]:
        return self._client(digest[:5])

    def tells(self, digest: str, answer: str) -> bool:
        return any(_is_suffix(line, digest[5:]) for line in answer.splitlines())


def _is_suffix(line: str, suffix: str) -> bool:
    found, _, count = line.strip().partition(":")
    return found.upper() == suffix and count.strip() != "0"


def _holds(file: BinaryIO, digest: bytes) -> bool:
    low, high = 0, _size(file)  # bytes, each where a line begins
    while low < high:
        start, line = _line_at(file, (low + high) // 2)
        key = line[:40].upper()
        if key == digest:
            return True
        low, high = (start + len(line), high) if key < digest else (low, start)
    return False


def _line_at(file: BinaryIO, offset: int) -> tuple[int, bytes]:
    """Where the line begins that this byte belongs to, and the line with its end."""
    begin = max(0, offset - _LONGEST)
    file.seek(begin)
    part, at = file.read(2 * _LONGEST), offset - begin
    start, end = part.rfind(b"\n", 0, at) + 1, part.find(b"\n", at) + 1
    line = part[start : end or len(part)]
    if not _LINE.fullmatch(line):
        raise ValueError(f"byte {offset} is in no line HASH:COUNT")
    return begin + start, line


def _size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def _digest(secret: bytes) -> str:
    return sha1(secret, usedforsecurity=False).hexdigest().upper()


@contextmanager
def _logged() -> Iterator[None]:
    try:
        yield
    except ConfigError:
        raise
    except Exception:  # a client is the app's, and raises what it likes; the caller does what is configured
        logger.warning("the list of breached passwords cannot be asked", exc_info=True)
