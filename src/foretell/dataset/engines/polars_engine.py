"""Polars: the default engine, one machine, streaming.

This module owns the calls. It refuses clusters.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError
from foretell.dataset.engines.engine import Rows
from foretell.prepare.workbench import PolarsWorkbench

__all__ = ["PolarsEngine"]

_STREAMING: Final = "streaming"
_SHARE_ROWS: Final = 26_000_000
"""Rows whose features are computed at a time: they take 1.3 GiB beside the log itself."""
_BENCH: Final = PolarsWorkbench(_STREAMING)


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
        return _BENCH.keep(rows)

    def without(self, rows: Rows, claims: Sequence[Rows]) -> Rows:
        """A mask beside the rows: they are not copied."""
        return _BENCH.without(rows, claims)

    def crowded(self, rows: Rows, keys: Sequence[str]) -> Rows:
        """By one hash a row, sorted."""
        return _BENCH.crowded(rows, keys)

    def gather(self, rows: Rows) -> Rows:
        """Sorted by user: a group is then a run of rows, and no table of groups has to be kept.

        Actions are few words in many rows: as categories they are moved and compared faster.
        """
        plan: pl.LazyFrame = nw.to_native(rows)
        if columns.ACTION in plan.collect_schema():
            plan = plan.with_columns(pl.col(columns.ACTION).cast(pl.Categorical))
        return self.from_frame(plan.sort(columns.USER_ID).collect(engine=_STREAMING))

    def shorten(self, rows: Rows) -> Rows:
        """Nothing: long plans are no trouble here, and what is not computed yet takes no memory."""
        return rows

    def shares(self, rows: Rows, *, n_rows: int) -> Sequence[Rows]:
        """By a hash of the user, so many that grouping one of them takes a bounded amount of memory."""
        n_shares = max(-(-n_rows // _SHARE_ROWS), 1)
        if n_shares == 1:
            return (rows,)
        plan: pl.LazyFrame = nw.to_native(rows)
        share = pl.col(columns.USER_ID).hash() % n_shares
        return [nw.from_native(plan.filter(share == number)) for number in range(n_shares)]

    def collect(self, rows: Rows) -> pl.DataFrame:
        """Compute, in batches where the plan allows it."""
        return _BENCH.collect(rows)

    def write(self, rows: Rows, folder: Path, *, part: int = 0) -> None:
        """Write the rows as one Parquet file while they are computed."""
        if not part:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        plan: pl.LazyFrame = nw.to_native(rows)
        plan.sink_parquet(folder / f"part-{part}.parquet", engine=_STREAMING)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
