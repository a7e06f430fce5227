"""Sources: a shop's log in any shape becomes an ``EventLog``.

This room owns files, folders, frames and dialects. It refuses to clean (``prepare``).
"""

from __future__ import annotations

from pathlib import Path

from foretell.core.events import EventLog
from foretell.sources.complete_journey import NAME, read_complete_journey


def read_events(source, *, dialect=None, mapping=None) -> EventLog:  # type: ignore
    if str(source) == NAME:
        return read_complete_journey()
    return read_complete_journey(Path(source))
