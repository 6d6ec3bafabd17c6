"""Networks in files: one a line, or the JSON of a published list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from netguard.errors import ConfigError
from netguard.intervals import Pause
from netguard.published_lists import published

_EMPTY: Final = "# empty"


def networks_in(path: Path, part: str, pause: Pause) -> Iterator[tuple[int, str]]:
    """The networks of a file, each with its line, or with 0 where the file is JSON; read as they are asked for.

    A file without a network is refused, for it may have been cut off: an allow list would let nobody in, a deny list
    everybody. The line ``# empty`` says that it is meant.
    """
    try:
        if path.is_fifo():  # opening it would wait for a writer, and a reload with it
            raise ConfigError("this is a pipe: a file is meant")
        with open(path, encoding="utf-8-sig") as file:
            yield from _published(file, part, pause) if _is_json(file) else _lines(file, part)
    except OSError as error:
        raise ConfigError(f"the file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the file is no UTF-8 text: {error}") from error
    except ValueError as error:
        raise ConfigError(f"no file is called so: {error}") from error


def _is_json(file: TextIO) -> bool:
    first = next((line.strip() for line in file if not line.isspace()), "")
    file.seek(0)
    return first.startswith(("{", "["))


def _published(file: TextIO, part: str, pause: Pause) -> Iterator[tuple[int, str]]:
    nothing = True
    for network in published(file.read(), part, pause):
        nothing = False
        yield 0, network
    if nothing:
        raise ConfigError("this published list has no network: it may have been cut off")


def _lines(file: TextIO, part: str) -> Iterator[tuple[int, str]]:
    if part:
        raise ConfigError(f"'#{part}' names a part, and a plain list has none")
    nothing = True
    for number, line in enumerate(file, 1):
        network = line.partition("#")[0].partition(";")[0].strip()
        if network:
            nothing = False
            yield number, network
        elif line.strip() == _EMPTY:
            nothing = False
    if nothing:
        raise ConfigError(
            "an allow list without a network would let nobody in, a deny list everybody: "
            f"if that is meant, write the line {_EMPTY!r}"
        )
