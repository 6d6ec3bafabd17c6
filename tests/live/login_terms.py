"""What the apps of ``login_apps`` and those who try passwords there agree on."""

from __future__ import annotations

from typing import Final

TRIES: Final = 5  # for an account
CLIENT_TRIES: Final = 100  # of a client, over all accounts
RIGHT: Final = "right"  # the password of every account but the unknown one
WRONG: Final = "wrong"
HELD: Final = "right, but held"  # the same, with an answer that waits until somebody writes into the pipe ``held``
UNKNOWN: Final = "nobody"  # no account has this name
