"""Tables already in memory: Polars, pandas, Arrow, PySpark and whatever else speaks Arrow or Narwhals.

This module owns bringing them into Polars. It refuses to import any of those libraries itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from foretell.core.errors import SourceError
from foretell.sources.table import SAMPLE_ROWS, Rows

__all__ = ["FrameTable", "from_arrow", "is_frame"]


def is_frame(source: object) -> bool:
    """True for a table in memory, or a handle on one that can be asked for it (Spark, DuckDB, a batch reader).

    Example:
        >>> is_frame(pl.DataFrame()), is_frame("events.csv")
        (True, False)
    """
    if isinstance(source, pl.LazyFrame) or nw.dependencies.is_into_dataframe(source):
        return True
    return not isinstance(source, type) and (hasattr(source, "__arrow_c_stream__") or _is_spark(source))


@dataclass(frozen=True)
class FrameTable:
    """A table in memory, as a Polars frame."""

    frame: pl.DataFrame

    @classmethod
    def open(cls, source: object) -> FrameTable:
        """Take over a pandas, Polars, Arrow or Spark table; columns of mixed types become text.

        A Spark frame is collected to this machine; a record batch reader is read to its end, and is empty
        afterwards.

        Raises:
            SourceError: If it cannot be converted.
        """
        try:
            return cls(_to_polars(source))
        except (Exception, pl.exceptions.PanicException) as error:  # whatever the other library raises
            raise SourceError(
                "The table in memory cannot be read.",
                received=f"{type(source).__name__}: {(str(error).splitlines() or ['no message'])[0]}",
                remedy="Give each column one plain type, or pass a Polars frame.",
            ) from error

    @property
    def where(self) -> str:
        """What a user would call it."""
        return "the table in memory"

    def columns(self) -> list[str]:
        """The column names."""
        return self.frame.columns

    def sample(self) -> pl.DataFrame:
        """The first rows."""
        return self.frame.head(SAMPLE_ROWS)

    def read(self, columns: Sequence[str]) -> Rows:
        """The named columns."""
        return Rows(self.frame.select(columns))

    def scan(self) -> pl.LazyFrame:
        """All columns, lazily."""
        return self.frame.lazy()


def from_arrow(source: Any) -> pl.DataFrame:  # noqa: ANN401 - whatever speaks Arrow's C stream interface
    """An Arrow table, or anything that streams Arrow record batches, as a Polars frame."""
    frame = pl.from_arrow(source) if hasattr(source, "column_names") else pl.DataFrame(source)
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def _is_spark(source: object) -> bool:
    """True for a PySpark frame, classic or connected."""
    return type(source).__module__.startswith("pyspark.sql") and hasattr(source, "toPandas")


def _to_polars(source: Any) -> pl.DataFrame:  # noqa: ANN401 - a table of any library
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if isinstance(source, pl.DataFrame):
        return source
    if _is_spark(source):
        # Since Spark 4 a frame gives Arrow itself; before, pandas is the way out.
        return _to_polars(source.toArrow() if hasattr(source, "toArrow") else source.toPandas())
    if not nw.dependencies.is_into_dataframe(source):
        return from_arrow(source)
    frame = nw.from_native(source, eager_only=True)
    columns = [_column(frame[name], str(name)) for name in frame.columns]
    return pl.DataFrame(columns)


def _column(series: nw.Series[Any], name: str) -> pl.Series:
    """One column; where its values have no common type, their text."""
    try:
        return series.to_polars().alias(name)
    except (Exception, pl.exceptions.PanicException):  # pandas and Arrow raise a dozen kinds for an object column
        values = [None if value is None or value != value else str(value) for value in series.to_list()]
        return pl.Series(name, values, dtype=pl.String)
