"""A large log read a piece at a time, where its columns have only to be renamed.

This module owns when that can be done: where a piece means the same alone as among the others. It refuses everything
else (dialects of their own, anonymous ids to be merged, times and amounts in words), which ``read_events`` reads whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.sources.dialects import choose_dialect
from foretell.sources.dialects.canonical import CANONICAL
from foretell.sources.formats.arrow_ipc import ArrowFile
from foretell.sources.formats.parquet import ParquetFile
from foretell.sources.formats.parts import Parts
from foretell.sources.opening import Access, open_place
from foretell.sources.side_tables import read_side_table
from foretell.sources.table import Table, scan_of
from foretell.sources.times import check_zone
from foretell.sources.translation import Translation

__all__ = ["PIECE_ROWS", "Pieces", "open_pieces"]

PIECE_ROWS: Final = 1_000_000
_UNKNOWN: Final = "unknown"
_FLOAT_ID: Final = r"\.0$"


@dataclass(frozen=True)
class Pieces:
    """A log to be read piece by piece.

    Attributes:
        rows: All rows, lazily.
        where: The place, as a user would name it.
        mapping: From canonical column to the shop's.
        zone: Where clocks stood that name no zone.
        tables: Side tables by name.
        notes: What was left aside, in plain sentences.
    """

    rows: pl.LazyFrame
    where: str
    mapping: Mapping[str, str]
    zone: str | None
    tables: Mapping[str, pl.DataFrame]
    notes: tuple[str, ...]

    def read(self, *, piece_rows: int = PIECE_ROWS) -> Iterator[Translation]:
        """The pieces in order, each translated as the whole log would be.

        Raises:
            SchemaError: If the unit of times changes on the way.
        """
        unit = _UNKNOWN
        own = list(dict.fromkeys(self.mapping.values()))
        for frame in self.rows.select(own).collect_batches(chunk_size=piece_rows, maintain_order=True):
            translation = CANONICAL.translate(frame, self.mapping, self.zone)
            found = translation.time_unit
            if _UNKNOWN not in (unit, found) and unit != found:
                raise SchemaError(
                    "The unit of times changes within the log.",
                    received=f"{self.where}: {unit}, then {found}",
                    remedy="Export it again with one unit throughout.",
                )
            unit = found if unit == _UNKNOWN else unit
            yield translation


def open_pieces(
    source: object,
    *,
    dialect: str | None = None,
    mapping: Mapping[str, str] | None = None,
    zone: str | None = None,
    side_tables: Mapping[str, object] | None = None,
    **settings: Any,  # noqa: ANN401 - as of read_events
) -> Pieces | None:
    """The log as pieces; None where it has to be read whole (``read_events``, whose arguments these are).

    Raises:
        SourceError: If there is nothing to read or it is damaged.
        SchemaError: If the columns are not understood.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "log.parquet"
        >>> pl.DataFrame({"customer": [7], "timestamp": [1483225200], "event": ["add_to_cart"]}).write_parquet(path)
        >>> [piece.frame.row(0) for piece in open_pieces(path).read()]
        [('7', 1483225200000000, 'cart')]
    """
    if {"identities", "stitch"} & set(settings):
        return None
    access = Access.of(source, side_tables, settings)
    opened = open_place(source, access.reading)
    if not _is_columnar(opened.events) or opened.others:
        return None
    chosen, _, table = choose_dialect(opened.events, dialect=dialect, mapping=mapping)
    rows = scan_of(table)
    if chosen is not CANONICAL or rows is None:
        return None
    plan = CANONICAL.plan(table.columns(), mapping or {})
    if columns.ANONYMOUS_ID in plan.mapping or not _is_plain(rows, plan.mapping):
        return None
    beside: dict[str, tuple[Table, Mapping[str, str]]]
    beside = {name: (other, {}) for name, other in opened.side_tables.items()} | access.open_side_tables()
    tables, notes = {}, [*opened.notes]
    for name, (other, renaming) in beside.items():
        tables[name], remarks = read_side_table(name, other, mapping=renaming)
        notes += remarks
    return Pieces(rows, table.where, plan.mapping, check_zone(zone), tables, tuple(dict.fromkeys(notes)))


def _is_columnar(table: Table) -> bool:
    """True for formats with types of their own."""
    if isinstance(table, Parts):
        return all(_is_columnar(part) for part in table.tables)
    return isinstance(table, (ParquetFile, ArrowFile))


def _is_plain(rows: pl.LazyFrame, mapping: Mapping[str, str]) -> bool:
    """True if every column says the same of a cell whichever cells are beside it."""
    schema = rows.collect_schema()
    kinds = {name: schema[own] for name, own in mapping.items()}
    words = [own for name, own in mapping.items() if name in columns.IDENTIFIERS and kinds[name] == pl.String]
    for name, kind in kinds.items():
        if kind == pl.Null:
            continue
        if name == columns.TIME:
            fits = kind.is_integer() or isinstance(kind, pl.Datetime)
        elif name in columns.IDENTIFIERS:
            fits = kind.is_integer() or kind == pl.String
        elif name in columns.NUMBERS:
            fits = kind.is_numeric()
        else:
            fits = isinstance(kind, (pl.String, pl.Categorical, pl.Enum))
        if not fits:
            return False
    if not words:
        return True
    # "17850.0" is a number that passed through a float column, but only if all of them are.
    odd = rows.select(pl.any_horizontal(pl.col(words).str.contains(_FLOAT_ID).any())).collect(engine="streaming")
    return not odd.item()
