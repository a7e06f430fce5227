"""A reader that reads each point once: several tasks ask about the same users at the same moments.

This module owns what was read of one view. It refuses to keep anything of another view: live, where a view lasts one
question, there is nothing to keep.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.predictor.encoder import EncodedPoints
from foretell.predictor.reader import PointInputs, Reader
from foretell.predictor.view import ShopView

__all__ = ["RememberingReader"]


@dataclass(frozen=True)
class RememberingReader(Reader):
    """A ``Reader`` of one view that keeps what it read.

    Points are looked for in each reading of the past as a whole, never pieced together of several: what is read in
    one pass does not depend on what was asked before, to the last bit.

    Attributes:
        view: The view whose points are kept; others are read as by any reader.
    """

    view: ShopView | None = None
    _readings: list[PointInputs] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def of(cls, reader: Reader, *, view: ShopView) -> RememberingReader:
        """The reader with a memory for ``view``, which is empty at first."""
        return cls(**{part.name: getattr(reader, part.name) for part in fields(Reader)}, view=view)

    def read(self, view: ShopView, *, points: pl.DataFrame) -> PointInputs:
        """Features and states of each (``user_id``, ``cutoff``), in the order given."""
        if view is not self.view:
            return super().read(view, points=points)
        keys = points.select(columns.USER_ID, columns.CUTOFF)
        found = self._find(keys)
        if found is None:
            self._readings.append(super().read(view, points=keys.unique(maintain_order=True)))
            found = self._readings[-1], self._readings[-1].rows_of(keys)
        known, rows = found
        return known if _is_everything(rows, len(known.features)) else known.select(rows)

    def encode(self, view: ShopView, *, points: pl.DataFrame) -> EncodedPoints:
        """The states alone; those of points that were read before are found, others are not kept."""
        found = self._find(points) if view is self.view else None
        if found is None:
            return super().encode(view, points=points)
        known, rows = found
        return known.encoded.select(rows)

    def forget(self) -> None:
        """Drop everything read so far."""
        self._readings.clear()

    def _find(self, points: pl.DataFrame) -> tuple[PointInputs, NDArray[np.int64]] | None:
        """The reading that has all the points, and where they are in it."""
        for reading in self._readings:
            rows = reading.find(points)
            if rows is not None:
                return reading, rows
        return None


def _is_everything(rows: NDArray[np.int64], n: int) -> bool:
    return len(rows) == n and bool((rows == np.arange(n)).all())
