"""Notes: what the library says of its answers, shown to a person and kept for the JSON of a command.

This module owns the way from the logger ``foretell`` to stderr and to a list. It refuses to write notes itself: whoever
knows something says it to the logger, where Python users find it too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["gathered_notes"]


class _Gatherer(logging.Handler):
    """Keeps each distinct message and passes it on at once.

    Args:
        notes: Where messages are kept.
        tell: Called with each.
    """

    def __init__(self, notes: list[str], tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._notes, self._tell = notes, tell

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message not in self._notes:
            self._notes.append(message)
            self._tell(message)


@contextmanager
def gathered_notes(tell: Callable[[str], None]) -> Iterator[list[str]]:
    """Gather what is said to the logger ``foretell`` meanwhile, warnings and worse.

    Args:
        tell: Called with each note as it comes.

    Example:
        >>> with gathered_notes(lambda note: print("Note:", note)) as notes:
        ...     logging.getLogger("foretell.predictor").warning("Users named again: %s.", 2)
        Note: Users named again: 2.
        >>> notes
        ['Users named again: 2.']
    """
    notes: list[str] = []
    logger, handler = logging.getLogger("foretell"), _Gatherer(notes, tell)
    logger.addHandler(handler)
    try:
        yield notes
    finally:
        logger.removeHandler(handler)
