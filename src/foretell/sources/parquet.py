"""Parquet files.

This module owns opening them and explaining what is wrong with one. It refuses to read columns nobody asked
for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from foretell.core.errors import SourceError
from foretell.sources.raw_bytes import readable
from foretell.sources.table import SAMPLE_ROWS, Rows

__all__ = ["ParquetFile"]


@dataclass(frozen=True)
class ParquetFile:
    """One Parquet file."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> ParquetFile:
        """Check that the file is there and its footer is sound.

        Raises:
            SourceError: If it is missing, empty or damaged.
        """
        table = cls(readable(path))
        table.columns()
        return table

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    def columns(self) -> list[str]:
        """The names in the footer."""
        return list(self._collect(pl.scan_parquet(self.path).head(0)).columns)

    def sample(self) -> pl.DataFrame:
        """The first rows."""
        return self._collect(pl.scan_parquet(self.path).head(SAMPLE_ROWS))

    def read(self, columns: Sequence[str]) -> Rows:
        """The named columns."""
        return Rows(self._collect(pl.scan_parquet(self.path).select(columns)))

    def _collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        try:
            return frame.collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise SourceError(
                "The Parquet file is damaged or cut short.",
                received=f"{self.path}: {(str(error).splitlines() or ['no message'])[0]}",
                remedy="Copy or export it again; nothing of it was used.",
            ) from error
