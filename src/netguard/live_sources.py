"""Where a policy that changes is read from, and how it is seen that it changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from netguard.checks import listing
from netguard.errors import ConfigError
from netguard.policy import Policy

_LONGEST: Final = 366 * 86_400  # seconds; no thread waits for infinity

Stamp = tuple[int, int, int] | None  # of a file: modified, size, inode


@contextmanager
def failures(name: str) -> Iterator[None]:
    """Turn whatever the app's callables raise into a ConfigError: a thread that died of it would look no more.

    ``name`` is what the error calls their source.
    """
    try:
        yield
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # sys.exit() would end the thread without a word
        raise ConfigError(f"LivePolicy: {name} failed: {type(error).__name__}: {error}") from error


def check_source(source: object) -> None:
    """Refuse what no policy can be read from."""
    if isinstance(source, Policy) or not (callable(source) or isinstance(source, str | Path)):
        raise ConfigError(f"LivePolicy: a TOML file or a callable that returns a Policy is meant, not {source!r}")


def check_seconds(every: object) -> None:
    """Refuse what is no time to wait between two looks."""
    if isinstance(every, bool) or not isinstance(every, int | float) or not 0 <= every <= _LONGEST:
        raise ConfigError(f"LivePolicy.every: seconds are meant, a year at most, 0 for never, not {every!r}")


def listed(watch: Sequence[str | Path]) -> tuple[str | Path, ...]:
    """The paths to watch. Raises ConfigError for a bare path, which would be read as a list of letters."""
    if isinstance(watch, str | Path):
        raise ConfigError(f"LivePolicy.watch: write a list, [{str(watch)!r}], not the bare path")
    for one in listing("LivePolicy.watch", watch, object):
        if not isinstance(one, str | Path):
            raise ConfigError(f"LivePolicy.watch: each entry is a path, not {one!r}")
    return tuple(watch)


def of_file(source: str | Path) -> Policy:
    """The policy of a TOML file; one that says nothing is refused, for it would let everybody in everywhere."""
    policy = Policy.from_toml(source)
    if policy == Policy():
        raise ConfigError(f"{source}: it says nothing: it may have been cut off")
    return policy


def lists_of(policy: Policy) -> Iterator[Path]:
    """The files that its networks are read from, and those of its tenants."""
    for area in policy.areas:
        yield from area.files()
    for tenant in policy.tenants.policies.values() if policy.tenants else ():
        yield from lists_of(tenant)


def stamp(path: Path) -> Stamp:
    """What changes where a file does; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in its name
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
