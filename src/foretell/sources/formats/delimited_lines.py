"""Delimited text that is not sound, line by line: what can be read is read, every other line is set aside.

This module owns recovery from lines with too many cells, quotes never closed and foreign encodings. It
refuses to drop anything: each line ends up in a row or among the rejected, with the reason.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core.errors import SourceError
from foretell.sources.formats.raw_bytes import lines_of
from foretell.sources.table import Rows, rejects

__all__ = ["read_lines"]

_MOST_LINES_IN_A_CELL: Final = 1000
"""A quote not closed within so many lines was opened by mistake."""
_LARGEST_CELL: Final = 1 << 28


def read_lines(
    path: Path,
    *,
    separator: str,
    columns: Sequence[str] | None,
    names: Sequence[str] | None = None,
    limit: int | None = None,
    skip: int = 0,
) -> Rows:
    """Read a damaged delimited file.

    Args:
        path: The file.
        separator: What stands between cells.
        columns: Which columns to keep; None keeps all.
        names: All columns, where no line names them; None takes the first line.
        limit: Stop after so many rows.
        skip: So many lines at the start are comments.

    Raises:
        SourceError: If the first line names no columns.
    """
    numbered = _Lines(path)
    for _ in range(skip):
        numbered.take()
    names = list(names) if names is not None else _names(numbered, separator, path)
    wanted = [index for index, name in enumerate(names) if columns is None or name in columns]
    cells: list[list[str | None]] = [[] for _ in wanted]
    bad: list[tuple[str, str]] = []
    n_rows = 0
    for record in _records(numbered, separator, width=len(names)):
        if isinstance(record, tuple):
            bad.append(record)
            continue
        for place, index in enumerate(wanted):
            cells[place].append((record[index] or None) if index < len(record) else None)
        n_rows += 1
        if limit is not None and n_rows >= limit:
            break
    frame = pl.DataFrame(
        {names[index]: column for index, column in zip(wanted, cells, strict=True)},
        schema={names[index]: pl.String for index in wanted},
    )
    notes = [f"{numbered.n_foreign:,} lines are not UTF-8 and were read as Windows-1252."] if numbered.n_foreign else []
    if numbered.n_longer:
        notes.append(
            f"{numbered.n_longer:,} lines end with a separator more than the columns need; there is nothing behind it."
        )
    return Rows(frame, rejects(bad), tuple(notes))


def _names(lines: _Lines, separator: str, path: Path) -> list[str]:
    header = next(_records(lines, separator, width=None), None)
    if header is None or not isinstance(header, list):
        raise SourceError("The file names no columns.", received=str(path), remedy="Put names in its first line.")
    return _distinct(header)


class _Lines:
    """The lines of a file, with a way to give some back and counts of the odd ones."""

    def __init__(self, path: Path) -> None:
        self._rest = lines_of(path)
        self._given_back: deque[str] = deque()
        self.n_foreign = 0
        self.n_longer = 0

    def take(self) -> str | None:
        if self._given_back:
            return self._given_back.popleft()
        line, is_utf_8 = next(self._rest, (None, True))
        self.n_foreign += not is_utf_8
        return line

    def give_back(self, lines: list[str]) -> None:
        self._given_back.extendleft(reversed(lines))


def _records(lines: _Lines, separator: str, *, width: int | None) -> Iterator[list[str] | tuple[str, str]]:
    """Rows as lists of cells, and lines set aside as pairs of reason and raw text."""
    while (line := lines.take()) is not None:
        if not line.strip():
            continue
        record, is_open = _parse(line, separator)
        parts = [line]
        while is_open and len(parts) < _MOST_LINES_IN_A_CELL and (more := lines.take()) is not None:
            parts.append(more)
            if more.count('"') % 2 == 1:
                record, is_open = _parse("".join(parts), separator)
                break
        if record is not None and width is not None and len(record) > width and not any(record[width:]):
            lines.n_longer += 1
            record = record[:width]
        if record is not None and (width is None or len(record) <= width):
            yield record
            continue
        # Only the first line is at fault for certain: the ones after it are tried on their own.
        lines.give_back(parts[1:])
        alone, never_closed = _parse(line, separator)
        raw = line.rstrip("\r\n")
        if never_closed or len(parts) > 1:
            yield ("A quote is opened and never closed.", raw)
        elif alone is None:
            yield ("The quotes of the line do not match.", raw)
        else:
            yield (f"The line has {len(alone)} cells where {width} are named.", raw)


def _parse(text: str, separator: str) -> tuple[list[str] | None, bool]:
    """The cells of one record, None if it is not one well-formed record; and whether a quote is still open."""
    before = csv.field_size_limit(_LARGEST_CELL)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        return None, "unexpected end of data" in str(error)
    finally:
        csv.field_size_limit(before)
    return (records[0] if len(records) == 1 else None), False


def _distinct(names: list[str]) -> list[str]:
    """The names as Polars would make them distinct, so that both ways of reading agree."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        count = seen.get(name, 0)
        distinct.append(name if count == 0 else f"{name}_duplicated_{count - 1}")
        seen[name] = count + 1
    return distinct
