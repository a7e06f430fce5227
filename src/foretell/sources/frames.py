"""Tables already in memory: Polars, pandas, Arrow and whatever else Narwhals knows.

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

__all__ = ["FrameTable", "is_frame"]


def is_frame(source: object) -> bool:
    """True for a table in memory."""
    return isinstance(source, pl.LazyFrame) or nw.dependencies.is_into_dataframe(source)


@dataclass(frozen=True)
class FrameTable:
    """A table in memory, as a Polars frame."""

    frame: pl.DataFrame

    @classmethod
    def open(cls, source: object) -> FrameTable:
        """Take over a pandas, Polars or Arrow table; columns of mixed types become text.

        Raises:
            SourceError: If it cannot be converted.
        """
        try:
            return cls(_to_polars(source))
        except Exception as error:  # whatever the other library raises, the user hears what is wrong
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


def _to_polars(source: object) -> pl.DataFrame:
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    frame = nw.from_native(source, eager_only=True)  # type: ignore[call-overload]
    columns = [_column(frame[name], str(name)) for name in frame.columns]
    return pl.DataFrame(columns)


def _column(series: nw.Series[Any], name: str) -> pl.Series:
    """One column; where its values have no common type, their text."""
    try:
        return series.to_polars().alias(name)
    except Exception:  # pandas and Arrow raise a dozen kinds for an object column
        values = [None if value is None or value != value else str(value) for value in series.to_list()]
        return pl.Series(name, values, dtype=pl.String)
