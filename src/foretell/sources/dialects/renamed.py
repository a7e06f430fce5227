"""A table under other column names: what a table in memory without names of its own needs.

This module owns that view. It refuses files, whose first line would have to become a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from foretell.sources.table import Rows, Table

__all__ = ["Renamed"]


@dataclass(frozen=True)
class Renamed:
    """A table whose columns are called otherwise.

    Attributes:
        table: The table.
        names: Its columns' new names, in their order.

    Example:
        >>> from foretell.sources.frames import FrameTable
        >>> Renamed(FrameTable(pl.DataFrame({"0": [1]})), ("user_id",)).read(["user_id"]).frame.columns
        ['user_id']
    """

    table: Table
    names: tuple[str, ...]

    @property
    def where(self) -> str:
        """The place, as the table names it."""
        return self.table.where

    def columns(self) -> list[str]:
        """The new names."""
        return list(self.names)

    def sample(self) -> pl.DataFrame:
        """The first rows."""
        sample = self.table.sample()
        return sample.rename(dict(zip(sample.columns, self.names, strict=True)))

    def read(self, columns: Sequence[str]) -> Rows:
        """All rows of the named columns."""
        own = dict(zip(self.names, self.table.columns(), strict=True))
        rows = self.table.read([own[name] for name in columns])
        return replace(rows, frame=rows.frame.rename({own[name]: name for name in columns}))
