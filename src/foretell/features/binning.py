"""Numbers as bins: of equal width, or of about equal count.

This module owns the edges, fitted on training rows, and their saved form. Beyond the outermost edges lie the first and
the last bin, so no value is without one; a missing value stays missing. It refuses to look at a target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["Bins"]

Floats = NDArray[np.float64]

_N_BINS: Final = 10


@dataclass(frozen=True)
class Bins:
    """Edges between bins; a value on an edge belongs to the bin above it.

    Attributes:
        name: The column.
        edges: Rising; ``k`` edges make ``k + 1`` bins.

    Example:
        >>> bins = Bins.equal_width(pl.Series("age", [20.0, 40.0, 60.0]), n_bins=4)
        >>> bins.edges, bins.apply(pl.Series([19.0, 30.0, 99.0, None]))[:, 0].tolist()
        ((30.0, 40.0, 50.0), [0.0, 1.0, 3.0, nan])

    References:
        Dougherty, Kohavi and Sahami (1995), Supervised and Unsupervised Discretization of Continuous Features, ICML.
    """

    name: str
    edges: tuple[float, ...]

    @classmethod
    def equal_width(cls, values: pl.Series, *, n_bins: int = _N_BINS) -> Bins:
        """Cut the range of the training values into equal parts."""
        present = _present(values)
        if not len(present) or present.min() == present.max():
            return cls(values.name, ())
        # Halved first: the range of two huge values of either sign is beyond the numbers there are.
        low, high = float(present.min()) / 2, float(present.max()) / 2
        inner = 2 * np.linspace(low, high, n_bins + 1)[1:-1]
        return cls(values.name, tuple(np.unique(inner).tolist()))

    @classmethod
    def quantile(cls, values: pl.Series, *, n_bins: int = _N_BINS) -> Bins:
        """Cut where equal shares of the training values lie; equal values stay together."""
        present = _present(values)
        if not len(present):
            return cls(values.name, ())
        inner = np.quantile(present, np.linspace(0, 1, n_bins + 1)[1:-1], method="higher")
        return cls(values.name, tuple(edge for edge in np.unique(inner).tolist() if edge > present.min()))

    @property
    def names(self) -> tuple[str, ...]:
        """The one column of the result."""
        return (f"{self.name}_bin",)

    def apply(self, values: pl.Series) -> Floats:
        """The number of each value's bin, from 0: float64 of shape ``[N, 1]``, NaN where there is no value."""
        numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        number = np.searchsorted(np.array(self.edges), numbers, side="right").astype(np.float64)
        return np.where(np.isnan(numbers), np.nan, number)[:, None]

    def to_json(self) -> dict[str, Any]:
        """The bins as JSON values; floats keep every bit."""
        return {"name": self.name, "edges": list(self.edges)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Bins:
        """Read what ``to_json`` wrote."""
        return cls(saved["name"], tuple(saved["edges"]))


def _present(values: pl.Series) -> Floats:
    numbers: Floats = values.cast(pl.Float64).drop_nulls().to_numpy()
    return numbers[np.isfinite(numbers)]
