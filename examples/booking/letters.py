"""Letters to members, which this demo writes to its log and sends to nobody."""

import logging

RESET_ASKED = "If there is an account with this address, we have written to it."

_outbox = logging.getLogger("booking.outbox")


def write_reset(email: str) -> None:
    """Answer who forgot a password; a real letter has a link with a token that is random, short-lived and used once."""
    _outbox.info("to %s: somebody asked for a new password (this demo makes no link)", email)
