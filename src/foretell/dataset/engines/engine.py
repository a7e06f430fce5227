"""What every engine can do, and nothing more.

This module owns the protocol. It refuses to know any engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import narwhals as nw
import polars as pl

__all__ = ["Engine", "Rows"]

Rows = nw.LazyFrame[Any]


class Engine(Protocol):
    """Runs plans; a context manager, because a cluster's session ends."""

    @property
    def name(self) -> str:
        """How the engine is called in configs."""
        ...

    def scan(self, files: Sequence[Path], *, row_number: str) -> Rows:
        """The rows of Parquet files of one kind, numbered from 0 in the order of the files."""
        ...

    def from_frame(self, frame: pl.DataFrame) -> Rows:
        """A small table, such as the categories of items."""
        ...

    def keep(self, rows: Rows) -> Rows:
        """The result of a plan, computed once, as a new plan."""
        ...

    def without(self, rows: Rows, claims: Sequence[Rows]) -> Rows:
        """Rows that were kept, less those whose number stands in one of the claims."""
        ...

    def crowded(self, rows: Rows, keys: Sequence[str]) -> Rows:
        """The rows whose keys stand in several rows; it may give a few others beside them."""
        ...

    def gather(self, rows: Rows) -> Rows:
        """The same rows with those of each user together, where that makes grouping by user cheaper."""
        ...

    def shorten(self, rows: Rows) -> Rows:
        """The same plan, computed so far where the engine's planner is slow with long ones."""
        ...

    def shares(self, rows: Rows, *, n_rows: int) -> Sequence[Rows]:
        """The rows in parts that the engine can group by user one after another, all rows of a user in one of them.

        Args:
            rows: Rows with a user.
            n_rows: How many there are, about.
        """
        ...

    def collect(self, rows: Rows) -> pl.DataFrame:
        """The result of a plan, brought home."""
        ...

    def write(self, rows: Rows, folder: Path, *, part: int = 0) -> None:
        """The result of a plan as Parquet files in a folder, without bringing it home.

        Args:
            rows: The plan.
            folder: Made where it is not there.
            part: Which of the folder's parts this is; the first begins the folder anew.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
