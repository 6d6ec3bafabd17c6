"""Letters to members, which this demo writes to its log and sends to nobody."""

import logging

RESET_ASKED = "If there is an account with this address, we have written to it."
UNLOCK_ASKED = "If there is an account with this address, we have sent it a link. It works once, for half an hour."
UNLOCKED = "Unlocked: you can log in again now."

_outbox = logging.getLogger("booking.outbox")


def write_reset(email: str) -> None:
    """Answer who forgot a password; a real letter has a link with a token that is random, short-lived and used once."""
    _outbox.info("to %s: somebody asked for a new password (this demo makes no link)", email)


def write_unlock(email: str, link: str) -> None:
    """Answer who is locked out."""
    _outbox.info("to %s: somebody asked to unlock your login; if it was you, open %s", email, link)
