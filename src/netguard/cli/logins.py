"""``netguard unlock`` and ``netguard locks``: whom a lockout keeps out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from logging import NullHandler
from typing import Any, Final, TypeVar

import click

from netguard.cli.policies import Problem, read_policy
from netguard.errors import NetguardError
from netguard.events import logger
from netguard.logins import Logins

F = TypeVar("F", bound=Callable[..., None])

_MEND: Final = (
    "the counters of memory:// live in the process that serves, where no command can reach them: "
    "ask Logins(policy).%s there, or write Policy(store='redis://...')"
)
_LOCKOUT: Final = click.option("--lockout", "name", default="", help="Which lockout, if the policy has several.")


def _in_one_line(command: F) -> F:
    """A command whose errors are problems, such as a store that does not answer."""

    @wraps(command)
    def run(*args: Any, **keywords: Any) -> None:
        try:
            command(*args, **keywords)
        except NetguardError as error:
            cause = f": {error.__cause__}" if error.__cause__ else ""
            raise Problem(" ".join(f"{error}{cause}".split())) from error

    return run  # type: ignore[return-value]  # with the same arguments


@click.command()
@click.argument("policy")
@click.argument("username", metavar="NAME")
@click.option("--client", help="Whose pair with the account it is, where the lockout counts pairs.")
@_LOCKOUT
@_in_one_line
def unlock(policy: str, username: str, client: str | None, name: str) -> None:
    """Let the account NAME try to log in again, under POLICY (a TOML file, or module:name)."""
    logins = _logins(policy, name, "unlock(...)")
    logins.unlock(username, client=client)
    click.echo(f"{username} may try again (account {logins.pseudonym(username)})")


@click.command()
@click.argument("policy")
@click.option("--name", "names", multiple=True, help="An account to name in the list; repeatable.")
@click.option("--client", "clients", multiple=True, help="A client's address to name in the list; repeatable.")
@_LOCKOUT
@_in_one_line
def locks(policy: str, names: Sequence[str], clients: Sequence[str], name: str) -> None:
    """List who may not try to log in now, under POLICY (a TOML file, or module:name), the longest first.

    The store knows pseudonyms, as events tell them; the names and addresses that are given are looked up among them.
    """
    logins = _logins(policy, name, "locks()")
    known = {logins.pseudonym(one): one for one in names} | {logins.client_pseudonym(one): one for one in clients}
    found = sorted(logins.locks(), key=lambda lock: -lock.wait)
    for lock in found:
        what = lock.what if lock.factor == "first" else f"{lock.what} (second factor)"
        click.echo("\t".join([what, lock.pseudonym, _span(lock.wait), known.get(lock.pseudonym, "")]).rstrip())
    click.echo(f"{len(found)} locked", err=True)


def _logins(policy: str, name: str, mend: str) -> Logins:
    loaded = read_policy(policy)
    if loaded.store.startswith("memory:"):
        raise Problem(_MEND % mend)
    logger.addHandler(NullHandler())  # else events that nobody handles are further lines
    return Logins(loaded, name)


def _span(wait: float) -> str:
    """A time that is left, as ``12d 3h``, ``2h 5m`` or ``0m 59s``: never too short."""
    left = -int(-wait // 1)
    minutes, hours, days = left // 60, left // 3600, left // 86_400
    if days:
        return f"{days}d {hours % 24}h"
    return f"{hours}h {minutes % 60}m" if hours else f"{minutes}m {left % 60}s"
