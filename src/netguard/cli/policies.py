"""How commands find the policy that they are about."""

from __future__ import annotations

import click

from netguard.errors import ConfigError
from netguard.policy import Policy
from netguard.serving import is_live
from netguard.toml import named


class Problem(click.ClickException):
    """What went wrong, in one line, without a traceback."""

    exit_code = 2


def read_policy(where: str) -> Policy:
    """The policy of a TOML file or of ``module:name``."""
    try:
        if where.endswith(".toml"):
            return Policy.from_toml(where)
        found = named("policy", where)
    except ConfigError as error:
        raise Problem(str(error)) from error
    if is_live(found):
        return found.policy
    if not isinstance(found, Policy):
        raise Problem(f"{where} is no Policy, but {found!r}")
    return found
