"""Metrics of quantile forecasts and of catalogue coverage as functions of how often every cluster was drawn.

This module owns their cheap forms: a table of sums per item, and distinct pairs of item and cluster. It
refuses to draw resamples (``intervals``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import Clusters, FloatArray, IntArray
from foretell.evaluate.quantiles import row_pinball
from foretell.evaluate.resampled import ratio

__all__ = ["CoverageStatistic", "QuantileStatistic"]

_QUANTILES: Final = ("wape", "wql", "pinball", "mae", "bias", "coverage")


class QuantileStatistic:
    """All metrics of a quantile forecast.

    Args:
        actual: Shape ``[n]``.
        quantiles: Shape ``[n, q]``.
        levels: Shape ``[q]``.
        points: The median (for WAPE and MAE) and the forecast whose total is checked (for bias), each of
            shape ``[n]``.
        clusters: The resampling unit of each row.
    """

    def __init__(
        self,
        actual: FloatArray,
        *,
        quantiles: FloatArray,
        levels: FloatArray,
        points: tuple[FloatArray, FloatArray],
        clusters: Clusters,
    ) -> None:
        # A single level is a point forecast: it has no range that could hold anything.
        self.names: tuple[str, ...] = _QUANTILES if len(levels) > 1 else _QUANTILES[:-1]
        self.n_rows = clusters.count
        middle, expected = points
        inside = (actual >= quantiles[:, 0]) & (actual <= quantiles[:, -1])
        losses = row_pinball(actual, quantiles=quantiles, levels=levels).mean(axis=1)
        columns = [
            np.ones(len(actual)),
            np.abs(actual),
            actual,
            np.abs(actual - middle),
            expected - actual,
            losses,
        ]
        self._sums = clusters.sums(np.column_stack([*columns, inside.astype(np.float64)]))

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Metrics of each draw in the order of ``names``, shape ``[r, m]``."""
        n, size, total, error, excess, loss, inside = (counts @ self._sums).T
        columns = np.column_stack(
            [
                ratio(error, denominator=size),
                ratio(2 * loss, denominator=size),
                ratio(loss, denominator=n),
                ratio(error, denominator=n),
                ratio(excess, denominator=total),
                ratio(inside, denominator=n),
            ]
        )
        metrics: FloatArray = columns[:, : len(self.names)]
        return metrics


class CoverageStatistic:
    """Share of the catalogue recommended to at least one of the people drawn.

    A resample holds fewer distinct people, so its coverage is lower: the interval reaches down from the value
    and says what a smaller audience would have been shown.

    Args:
        lists: Item codes, shape ``[n, k]``; negative where empty.
        n_items: The size of the catalogue.
        clusters: The resampling unit of each list.
        name: What the metric is called, for example ``coverage@10``.
    """

    def __init__(self, lists: npt.NDArray[np.integer], *, n_items: int, clusters: Clusters, name: str) -> None:
        self.names: tuple[str, ...] = (name,)
        owner = np.repeat(clusters.codes, lists.shape[1])
        items = lists.ravel().astype(np.int64)
        pairs = np.unique(np.stack([items, owner])[:, items >= 0], axis=1)
        self._owner: IntArray = pairs[1]
        self._starts = np.flatnonzero(np.diff(pairs[0], prepend=-1))
        self.n_rows = len(self._owner)
        self._n_items = n_items

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Coverage of each draw, shape ``[r, 1]``."""
        if not self.n_rows or not self._n_items:
            return np.full((len(counts), 1), np.nan if not self._n_items else 0.0)
        shown = np.take(counts > 0, self._owner, axis=1)
        distinct = np.logical_or.reduceat(shown, self._starts, axis=1).sum(axis=1)
        covered: FloatArray = distinct[:, None] / self._n_items
        return covered
