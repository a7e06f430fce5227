"""A table somewhere: its column names, a sample of it, and all of its rows once the columns wanted are known.

This module owns the shape that every reader has, and how unreadable rows are set aside. It refuses to know
formats and meanings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

import polars as pl

__all__ = [
    "RAW",
    "REASON",
    "SAMPLE_ROWS",
    "HeaderlessTable",
    "NotedTable",
    "Rows",
    "ScannableTable",
    "Table",
    "no_rejects",
    "notes_of",
    "rejects",
    "scan_of",
    "stacked",
]

REASON: Final = "reason"
RAW: Final = "raw"
SAMPLE_ROWS: Final = 200
"""How many rows are looked at to recognise a dialect."""


def no_rejects() -> pl.DataFrame:
    """The table of rows set aside, empty."""
    return pl.DataFrame(schema={REASON: pl.String, RAW: pl.String})


def rejects(rows: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """The table of rows set aside, from pairs of reason and raw text."""
    return pl.DataFrame(list(rows), schema={REASON: pl.String, RAW: pl.String}, orient="row")


def stacked(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The frames under one another; a column whose types have nothing in common becomes text.

    Example:
        >>> stacked([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": ["x"]})])["a"].to_list()
        ['1', 'x']
    """
    try:
        return pl.concat(frames, how="vertical_relaxed")
    except pl.exceptions.PolarsError:
        return pl.concat([frame.select(_text(column) for column in frame) for frame in frames])


def _text(column: pl.Series) -> pl.Series:
    """A column as text, nested values as JSON."""
    if column.dtype.is_nested():
        frame = pl.DataFrame({"value": column}).select(
            pl.when(pl.col("value").is_not_null()).then(pl.struct("value").struct.json_encode())
        )
        return frame.to_series().str.slice(len('{"value":')).str.head(-1).alias(column.name)
    return column.cast(pl.String, strict=False)


@dataclass(frozen=True)
class Rows:
    """What a reader read.

    Attributes:
        frame: The rows under the shop's own column names.
        rejected: Lines that could not be read: ``reason`` and ``raw``.
        notes: What a user should know about the reading, in plain sentences.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame = field(default_factory=no_rejects)
    notes: tuple[str, ...] = ()


class Table(Protocol):
    """Anything rows can be read from."""

    @property
    def where(self) -> str:
        """The place, as a user would name it."""
        ...

    def columns(self) -> list[str]:
        """The shop's own column names."""
        ...

    def sample(self) -> pl.DataFrame:
        """The first ``SAMPLE_ROWS`` rows or fewer, all columns."""
        ...

    def read(self, columns: Sequence[str]) -> Rows:
        """All rows of the named columns."""
        ...


@runtime_checkable
class ScannableTable(Protocol):
    """A table that can also be read in pieces, by Polars' streaming engine."""

    def scan(self) -> pl.LazyFrame | None:
        """All columns, lazily; None where this one cannot be read that way.

        Nothing has been parsed yet: if collecting raises a ``PolarsError`` the file is not sound, and ``read`` is
        the way that sets damaged rows aside.
        """
        ...


@runtime_checkable
class HeaderlessTable(Protocol):
    """A table that can be told that its first line holds a row and no names."""

    def without_header(self, columns: Sequence[str]) -> Table:
        """The same table with ``columns`` for names, its first line a row like every other."""
        ...


@runtime_checkable
class NotedTable(Protocol):
    """A table that can say what it assumed before its rows are asked for."""

    def notes(self) -> tuple[str, ...]:
        """What a user should know, in plain sentences."""
        ...


def notes_of(table: Table) -> tuple[str, ...]:
    """What the table says about itself; nothing where it has nothing to say."""
    return table.notes() if isinstance(table, NotedTable) else ()


def scan_of(table: Table) -> pl.LazyFrame | None:
    """The table as a lazy frame where it offers one, else None: then only ``read`` is left.

    Example:
        >>> from foretell.sources.frames import FrameTable
        >>> scan_of(FrameTable(pl.DataFrame({"a": [1, 2]}))).select(pl.len()).collect().item()
        2
    """
    return table.scan() if isinstance(table, ScannableTable) else None
