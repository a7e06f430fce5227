"""A table of users, from wherever ``sources`` can read one.

This module owns that a table is read whole, all columns. It refuses to guess what columns mean (``recognise``).
Lines that cannot be read come back counted, never lost in silence.
"""

from __future__ import annotations

from collections.abc import Sequence

from foretell.core.errors import SourceError
from foretell.sources.opening import open_place
from foretell.sources.reading import reading_of
from foretell.sources.table import Rows

__all__ = ["read_table"]


def read_table(source: object, *, columns: Sequence[str] | None = None) -> Rows:
    """All rows of a table: CSV, TSV, JSON lines, Parquet, Arrow, a database's table, or a frame in memory.

    Args:
        source: A path, an address or a frame.
        columns: The names of the columns of a delimited file without a line of names.

    Returns:
        The rows under their own names, the lines that could not be read, and notes.

    Raises:
        SourceError: If the file is missing, empty, damaged or of no known format.
        ConfigError: If names are repeated, or given where the file names its columns itself.

    Example:
        >>> import polars as pl
        >>> read_table(pl.DataFrame({"page_views": [3], "made_purchase": ["yes"]})).frame.shape
        (1, 2)
    """
    table = open_place(source, reading_of(columns=None if columns is None else list(columns))).events
    rows = table.read(table.columns())
    if rows.frame.is_empty():
        raise SourceError("The table has no rows.", received=table.where, remedy="Check the export that wrote it.")
    return rows
