"""Folders: one table cut into part files, or a log ``events.*`` with its side tables beside it.

This module owns which files of a folder belong to the log and says which do not. It refuses to mix formats:
a folder of CSV and Parquet parts is more likely an accident than a log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core.errors import SchemaError, SourceError
from foretell.core.events import SIDE_TABLES
from foretell.sources.files import format_of, open_file
from foretell.sources.table import Rows, Table

__all__ = ["Opened", "Parts", "open_folder"]

EVENTS: Final = "events"
_MOST_NAMED: Final = 5


@dataclass(frozen=True)
class Opened:
    """A log that was found and not read yet.

    Attributes:
        events: The table of events.
        side_tables: The side tables beside it, by canonical name.
        notes: What was left aside, in plain sentences.
    """

    events: Table
    side_tables: Mapping[str, Table] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parts:
    """One table in several files."""

    folder: Path
    tables: Sequence[Table]

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.folder)

    def columns(self) -> list[str]:
        """The columns of the first part."""
        return self.tables[0].columns()

    def sample(self) -> pl.DataFrame:
        """The first rows of the first part."""
        return self.tables[0].sample()

    def read(self, columns: Sequence[str]) -> Rows:
        """All parts under one another; a part of other columns is an error, named."""
        rows = []
        for table in self.tables:
            absent = [name for name in columns if name not in table.columns()]
            if absent:
                raise SchemaError(
                    "The files of the folder do not have the same columns.",
                    received=f"{table.where} lacks {', '.join(absent[:_MOST_NAMED])}",
                    remedy="Keep files of one kind in a folder.",
                )
            rows.append(table.read(columns))
        notes = tuple(dict.fromkeys(note for part in rows for note in part.notes))
        return Rows(_stacked([part.frame for part in rows]), pl.concat([part.rejected for part in rows]), notes)


def open_folder(folder: Path) -> Opened:
    """The log in a folder.

    Raises:
        SourceError: If there is no event table in it, or parts of several formats.
    """
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith((".", "_")))
    events = [entry for entry in entries if _stem(entry) == EVENTS and _is_table(entry)]
    if not events:
        return _open_parts(folder)
    if len(events) > 1:
        raise SourceError(
            "The folder holds several event tables.",
            received=", ".join(entry.name for entry in events),
            remedy="Keep one of them.",
        )
    side_tables = {_stem(entry): entry for entry in entries if _stem(entry) in SIDE_TABLES and _is_table(entry)}
    used = {events[0], *side_tables.values()}
    return Opened(
        _open(events[0]),
        {name: _open(path) for name, path in side_tables.items()},
        _notes([entry for entry in entries if entry not in used]),
    )


def _open_parts(folder: Path) -> Opened:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder))
    tables = [path for path in files if format_of(path) is not None]
    data = [path for path in tables if format_of(path) not in (".json", ".txt")] or tables
    formats = sorted({ending for path in data if (ending := format_of(path)) is not None})
    if not data:
        raise SourceError(
            "The folder holds no events.",
            received=f"{folder} with {_listed([path.name for path in files]) or 'nothing in it'}",
            remedy="Put events.parquet, or CSV, JSON-lines or Parquet part files of one kind, into it.",
        )
    if len(formats) > 1:
        raise SourceError(
            "The folder mixes formats, so it is unclear which files are the log.",
            received=f"{folder} with {', '.join(formats)}",
            remedy="Name the log 'events' or keep files of one format in the folder.",
        )
    notes = _notes([path for path in files if path not in data])
    return Opened(Parts(folder, [open_file(path) for path in data]), notes=notes)


def _open(path: Path) -> Table:
    return _open_parts(path).events if path.is_dir() else open_file(path)


def _is_table(path: Path) -> bool:
    return path.is_dir() or format_of(path) is not None


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def _stem(path: Path) -> str:
    return path.name.split(".", 1)[0].lower()


def _notes(unused: Sequence[Path]) -> tuple[str, ...]:
    if not unused:
        return ()
    names = [entry.name + ("/" if entry.is_dir() else "") for entry in unused]
    return (f"Not part of the log and left aside: {_listed(names)}.",)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _stacked(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The frames under one another; where their types have nothing in common, as text."""
    try:
        return pl.concat(frames, how="vertical_relaxed")
    except pl.exceptions.PolarsError:
        return pl.concat([frame.cast(pl.String, strict=False) for frame in frames])
