"""The events of a block, as they reach the standard logger ``netguard``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from netguard.events import SecurityEvent


class _Ear(logging.Handler):
    def __init__(self, events: list[SecurityEvent]) -> None:
        super().__init__()
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "netguard", None)
        if isinstance(event, SecurityEvent):
            assert event.code in record.getMessage()
            assert "\n" not in record.getMessage(), "a client must not forge a log line"
            self._events.append(event)


@contextmanager
def listening() -> Iterator[list[SecurityEvent]]:
    """The events that are told while the block runs."""
    events: list[SecurityEvent] = []
    logger, ear = logging.getLogger("netguard"), _Ear(events)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(ear)
    try:
        yield events
    finally:
        logger.removeHandler(ear)
        logger.setLevel(before)
