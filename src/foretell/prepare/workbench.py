"""What cleaning asks of the engine that holds the rows: to compute a step, to leave rows out, to find crowded ones.

This module owns that protocol and how Polars serves it. It refuses rules, and engines of other rooms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import narwhals as nw
import numpy as np
import polars as pl

from foretell.prepare.group_rule import ROW, Rows

__all__ = ["PolarsWorkbench", "Workbench"]

_STAYS: Final = "_stays"
_HASH: Final = "_hash"


class Workbench(Protocol):
    """Computes the steps of a plan of cleaning."""

    def keep(self, rows: Rows) -> Rows:
        """The result of a plan, computed once, as a new plan."""
        ...

    def without(self, rows: Rows, claims: Sequence[Rows]) -> Rows:
        """Rows that were kept, less those whose number stands in one of the claims, which were kept too."""
        ...

    def crowded(self, rows: Rows, keys: Sequence[str]) -> Rows:
        """The rows whose keys, none of them null, stand in several rows; it may give a few others beside them."""
        ...


@dataclass(frozen=True)
class PolarsWorkbench:
    """Polars in memory.

    Attributes:
        engine: Which of Polars' engines computes.

    Example:
        >>> bench = PolarsWorkbench()
        >>> rows = nw.from_native(pl.LazyFrame({ROW: [0, 1, 2], "user_id": ["a", "b", "a"]}))
        >>> bench.crowded(rows, ["user_id"]).collect().to_native()[ROW].to_list()
        [0, 2]
    """

    engine: Literal["in-memory", "streaming"] = "in-memory"

    def collect(self, rows: Rows) -> pl.DataFrame:
        """Compute."""
        plan: pl.LazyFrame = nw.to_native(rows)
        return plan.collect(engine=self.engine)

    def keep(self, rows: Rows) -> Rows:
        """Compute and start anew."""
        return nw.from_native(self.collect(rows).lazy())

    def without(self, rows: Rows, claims: Sequence[Rows]) -> Rows:
        """A mask beside the rows: they are not copied."""
        if not claims:
            return rows
        plan: pl.LazyFrame = nw.to_native(rows)
        frame = plan.collect(engine="in-memory")  # the kept table itself; streaming it would copy it
        left = np.ones(frame.height, dtype=np.bool_)
        numbers = frame[ROW].to_numpy()
        rising = bool((numbers[1:] > numbers[:-1]).all())
        for part in claims:
            claimed = self.collect(part.select(ROW))[ROW].to_numpy()
            if rising:  # nearly always: a few places instead of a look at every row
                places = np.searchsorted(numbers, claimed).clip(0, max(len(numbers) - 1, 0))
                left[places[numbers[places] == claimed]] = False
            else:
                left &= ~np.isin(numbers, claimed)
        masked = frame.with_columns(pl.Series(_STAYS, left)).lazy()
        return nw.from_native(masked.filter(_STAYS).drop(_STAYS))

    def crowded(self, rows: Rows, keys: Sequence[str]) -> Rows:
        """By sorting one hash a row, which takes a fraction of the time and memory of a table of all keys.

        Different keys may share a hash: their rows come along, and the caller compares values anyway.
        """
        plan: pl.LazyFrame = nw.to_native(rows)
        hashes = pl.lit(0, dtype=pl.UInt64)
        for number, key in enumerate(keys):
            hashes = hashes ^ pl.col(key).hash(number + 1)
        known = plan.filter(pl.all_horizontal(pl.col(key).is_not_null() for key in keys))
        # Polars sorts with all threads, NumPy with one.
        ordered = known.select(hashes.alias(_HASH)).collect(engine=self.engine)[_HASH].sort().to_numpy()
        twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        return nw.from_native(known.filter(hashes.is_in(pl.Series(twice, dtype=pl.UInt64).implode())))
