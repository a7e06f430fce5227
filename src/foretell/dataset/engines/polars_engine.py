"""Polars: the default engine, one machine, streaming.

This module owns the calls. It refuses clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import narwhals as nw
import polars as pl

from foretell.core.errors import ConfigError
from foretell.dataset.engines.engine import Rows

__all__ = ["PolarsEngine"]

_STREAMING: Final = "streaming"


@dataclass(frozen=True)
class PolarsEngine:
    """Runs plans with Polars' streaming engine.

    Example:
        >>> engine = PolarsEngine()
        >>> engine.collect(engine.from_frame(pl.DataFrame({"a": [1]}))).item()
        1
    """

    @classmethod
    def open(cls, master: str | None) -> PolarsEngine:
        """The engine; it has no master.

        Raises:
            ConfigError: If one is given.
        """
        if master is not None:
            raise ConfigError(
                "The engine 'polars' runs on this machine and has no master.",
                received=master,
                remedy="Leave the master out, or take the engine 'spark'.",
            )
        return cls()

    @property
    def name(self) -> str:
        """``polars``."""
        return "polars"

    def scan(self, files: Sequence[Path], *, row_number: str) -> Rows:
        """The rows of Parquet files, read while they are needed."""
        rows = pl.scan_parquet(list(files), row_index_name=row_number)
        return nw.from_native(rows.with_columns(pl.col(row_number).cast(pl.Int64)))

    def from_frame(self, frame: pl.DataFrame) -> Rows:
        """The table as a plan."""
        return nw.from_native(frame.lazy())

    def keep(self, rows: Rows) -> Rows:
        """Compute and start anew."""
        return self.from_frame(self.collect(rows))

    def shorten(self, rows: Rows) -> Rows:
        """Nothing: long plans are no trouble here, and what is not computed yet takes no memory."""
        return rows

    def collect(self, rows: Rows) -> pl.DataFrame:
        """Compute, in batches where the plan allows it."""
        plan: pl.LazyFrame = nw.to_native(rows)
        return plan.collect(engine=_STREAMING)

    def write(self, rows: Rows, folder: Path) -> None:
        """Write the rows as one Parquet file while they are computed."""
        folder.mkdir(parents=True, exist_ok=True)
        plan: pl.LazyFrame = nw.to_native(rows)
        plan.sink_parquet(folder / "part-0.parquet", engine=_STREAMING)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
