"""One table in several files.

This module owns the stacking of part files. It refuses to stack files that have little in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core.errors import SchemaError, SourceError
from foretell.sources.formats.declared import NOTHING, Declared
from foretell.sources.formats.files import FORMATS, format_of, open_file
from foretell.sources.table import HeaderlessTable, Rows, Table, notes_of, scan_of, stacked

__all__ = ["Parts", "listed", "open_parts"]

_MOST_NAMED: Final = 5


@dataclass(frozen=True)
class Parts:
    """One table in several files.

    Attributes:
        place: The folder or pattern the files were found by.
        tables: The files, in the order of their names.
    """

    place: str
    tables: Sequence[Table]

    @property
    def where(self) -> str:
        """The folder or pattern."""
        return self.place

    def columns(self) -> list[str]:
        """The columns of the first part, and those that parts like it have besides."""
        return list(self._columns)

    @cached_property
    def _columns(self) -> list[str]:
        first = self.tables[0].columns()
        more = (names for table in self.tables[1:] if _are_alike(names := table.columns(), first))
        return list(dict.fromkeys([*first, *(name for names in more for name in names)]))

    def sample(self) -> pl.DataFrame:
        """The first rows of the first part that has any, with every column."""
        return self._sample

    @cached_property
    def _sample(self) -> pl.DataFrame:
        samples = (table.sample() for table in self.tables)
        sample = next((sample for sample in samples if not sample.is_empty()), self.tables[0].sample())
        absent = [name for name in self._columns if name not in sample.columns]
        return sample.with_columns(pl.lit(None).alias(name) for name in absent)

    def read(self, columns: Sequence[str]) -> Rows:
        """All parts under one another; a column that a part lacks is empty there, and that is said.

        Raises:
            SchemaError: If a part shares less than half of the columns with the others.
        """
        rows, lacking = [], dict.fromkeys(columns, 0)
        for table in self.tables:
            own = table.columns()
            absent = [name for name in columns if name not in own]
            if absent and not _are_alike(own, self.tables[0].columns()):
                raise SchemaError(
                    "The files of the folder do not have the same columns.",
                    received=f"{table.where} lacks {listed(absent)}",
                    remedy="Keep files of one kind in a folder.",
                )
            part = table.read([name for name in columns if name in own])
            empty = [pl.lit(None).alias(name) for name in absent]
            rows.append(replace(part, frame=part.frame.with_columns(empty).select(columns)))
            for name in absent:
                lacking[name] += 1
        notes = dict.fromkeys(note for part in rows for note in part.notes)
        gaps = [f"{name} in {count:,}" for name, count in lacking.items() if count]
        if gaps:
            notes[f"Of {len(self.tables):,} files some lack columns, which are empty there: {listed(gaps)}."] = None
        return Rows(
            stacked([part.frame for part in rows]),
            pl.concat([part.rejected for part in rows]),
            tuple(notes),
        )

    def notes(self) -> tuple[str, ...]:
        """What any of the parts says."""
        return tuple(dict.fromkeys(note for table in self.tables for note in notes_of(table)))

    def scan(self) -> pl.LazyFrame | None:
        """All parts lazily, one under another; None where a part cannot be read that way."""
        frames = [frame for table in self.tables if (frame := scan_of(table)) is not None]
        return pl.concat(frames, how="diagonal_relaxed") if len(frames) == len(self.tables) else None

    def without_header(self, columns: Sequence[str]) -> Parts:
        """The same files with ``columns`` for names, their first lines rows like every other."""
        tables = [
            table.without_header(columns) if isinstance(table, HeaderlessTable) else table for table in self.tables
        ]
        return replace(self, tables=tables)


def open_parts(files: Sequence[Path], *, place: str, declared: Declared = NOTHING) -> Table:
    """The table in several files of one format; in a single one that file's.

    Raises:
        SourceError: If they are of several formats, or one is damaged.
    """
    kinds = sorted({FORMATS[ending].name for path in files if (ending := format_of(path)) is not None})
    if len(kinds) > 1 and not declared.is_delimited and declared.access_log is None:
        raise SourceError(
            "The folder mixes formats, so it is unclear which files are the log.",
            received=f"{place} with {', '.join(kinds)}",
            remedy="Name the log 'events' or keep files of one format in the folder.",
        )
    return Parts(place, [open_file(path, declared=declared) for path in files])


def listed(names: Sequence[str]) -> str:
    """The names, at most five of them."""
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _are_alike(names: Sequence[str], first: Sequence[str]) -> bool:
    """True if two files share at least half of the columns of the narrower one."""
    shared = len(set(names) & set(first))
    return shared * 2 >= min(len(names), len(first)) > 0
