"""What a report is called: the name of the log it is about.

This module owns that name. It refuses whatever could hold a secret: of a URL only the last part of its path is taken.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from foretell.sources import complete_journey
from foretell.sources.secrets import redacted

__all__ = ["title_of"]

_ENDINGS: Final = re.compile(
    r"(?i)(\.(csv|tsv|txt|log|jsonl?|ndjson|parquet|pq|arrow|feather|ipc|db|sqlite3?|toml|gz|gzip|zstd?))+$"
)
_UNFIT: Final = re.compile(r"[@*?\[\]${}]")
"""What patterns, variables and remains of logins are told by."""


def title_of(place: str | None, *, table: str | None, dialect: str, run: Path) -> str:
    """The name of the log, or of the run's folder where the log has none (a table in memory, say).

    Args:
        place: Where the log is, a path or a URL; None for a log in memory.
        table: The table it was read from, of a database.
        dialect: The dialect it was read in; the public demo log goes by its own name.
        run: The folder of the run.

    Example:
        >>> title_of("exports/my_shop.csv.gz", table=None, dialect="canonical", run=Path("runs/one"))
        'My shop'
        >>> title_of("mysql://me:secret@db/orders", table=None, dialect="canonical", run=Path("runs/one"))
        'Orders'
        >>> title_of(None, table=None, dialect="canonical", run=Path("runs/autumn"))
        'Autumn'
    """
    if dialect == complete_journey.NAME:
        return "Complete Journey"
    names = (table and table.rpartition(".")[2], _last_part(place), run.resolve().name)
    return next((words for name in names if name and (words := _words(name))), "")


def _last_part(place: str | None) -> str:
    """The name at the end of a path or URL, nothing of who logs in there."""
    if place is None:
        return ""
    if "://" not in place:
        return Path(place).name
    try:
        return PurePosixPath(urlsplit(redacted(place)).path).name
    except ValueError:  # no URL after all
        return ""


def _words(name: str) -> str:
    """A file's name as a title; nothing where it is a pattern or not sure to be free of secrets."""
    words = _ENDINGS.sub("", name).replace("_", " ").replace("-", " ").strip(" .")
    return "" if _UNFIT.search(name) else words[:1].upper() + words[1:]
