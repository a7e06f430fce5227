"""Parquet files.

This module owns opening them and explaining what is wrong with one. It refuses to read columns nobody asked
for.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from foretell.core.errors import SourceError
from foretell.sources.formats.compression import compression_of, guarded_read, opened
from foretell.sources.formats.printable import first_line
from foretell.sources.formats.raw_bytes import readable
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
        return list(self._collect(self.scan().head(0)).columns)

    def sample(self) -> pl.DataFrame:
        """The first rows."""
        return self._collect(self.scan().head(SAMPLE_ROWS))

    def read(self, columns: Sequence[str]) -> Rows:
        """The named columns."""
        return Rows(self._collect(self.scan().select(columns)))

    def scan(self) -> pl.LazyFrame:
        """All columns, lazily. A folder named ``day=1`` above the file is no column of it.

        A file that is compressed once more as a whole is decompressed into memory: its footer is at its end.
        """
        source = self.path if self._content is None else io.BytesIO(self._content)
        return pl.scan_parquet(source, glob=False, hive_partitioning=False)

    @cached_property
    def _content(self) -> bytes | None:
        if compression_of(self.path) is None:
            return None
        with opened(self.path) as stream:
            return guarded_read(self.path, stream)

    def _collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        try:
            return frame.collect()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise SourceError(
                "The Parquet file is damaged or cut short.",
                received=f"{self.path}: {first_line(error)}",
                remedy="Copy or export it again; nothing of it was used.",
            ) from error
