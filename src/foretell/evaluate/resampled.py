"""The metrics of each kind of answer as functions of how often every cluster was drawn.

This module owns what makes resampling cheap: ratios of sums are reduced to one table of sums per cluster,
rank metrics to one sort. It refuses to draw resamples (``intervals``) and must agree with the plain functions
when each cluster counts once, which the tests assert.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from foretell.evaluate.inputs import Clusters, FloatArray, IntArray
from foretell.evaluate.intervals import Statistic

__all__ = ["CombinedStatistic", "MeanStatistic", "drawn_weights", "ratio"]


def ratio(numerator: FloatArray, *, denominator: FloatArray) -> FloatArray:
    """Quotients; NaN where the denominator is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator != 0, numerator / denominator, np.nan)


class CombinedStatistic:
    """Several statistics of the same clusters, side by side.

    Args:
        parts: The statistics; their names must differ.
    """

    def __init__(self, *parts: Statistic) -> None:
        self.names: tuple[str, ...] = tuple(name for part in parts for name in part.names)
        self.n_rows = max(part.n_rows for part in parts)
        self._parts = parts

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Metrics of each draw in the order of ``names``, shape ``[r, m]``."""
        return np.concatenate([part.evaluate(counts) for part in self._parts], axis=1)


class MeanStatistic:
    """Weighted means of row values.

    Args:
        values: One array of shape ``[n]`` per metric.
        clusters: The resampling unit of each row.
        weight: Row weights, shape ``[n]``; one each when None.

    Example:
        >>> from foretell.evaluate.inputs import clusters
        >>> statistic = MeanStatistic({"mean": np.array([1.0, 3.0])}, clusters=clusters(None, n_rows=2))
        >>> statistic.evaluate(np.ones((1, 2)))
        array([[2.]])
    """

    def __init__(
        self, values: Mapping[str, FloatArray], *, clusters: Clusters, weight: FloatArray | None = None
    ) -> None:
        self.names = tuple(values)
        self.n_rows = clusters.count
        table = np.stack(list(values.values()), axis=1)
        shares = np.ones(len(table)) if weight is None else weight
        self._sums = clusters.sums(np.column_stack([shares, table * shares[:, None]]))

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Means of each draw, shape ``[r, m]``."""
        totals = counts @ self._sums
        return ratio(totals[:, 1:], denominator=totals[:, :1])


def drawn_weights(counts: FloatArray, *, codes: IntArray, weight: FloatArray) -> FloatArray:
    """Row weights of each draw, shape ``[r, n]``: draws of the row's cluster times its own weight."""
    drawn: FloatArray = np.take(counts, codes, axis=1) * weight
    return drawn
