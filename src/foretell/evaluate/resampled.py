"""The metrics of each kind of answer as functions of how often every cluster was drawn.

This module owns what makes resampling cheap: ratios of sums are reduced to one table of sums per cluster, rank metrics to
one sort. It refuses to draw resamples (``intervals``) and must agree with the plain functions when each cluster counts
once, which the tests assert.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import Clusters, FloatArray, IntArray, fraction
from foretell.evaluate.intervals import Statistic
from foretell.evaluate.ordered import OrderedScores
from foretell.evaluate.probability import ECE_BINS, equal_mass_bins, row_logloss
from foretell.evaluate.quantiles import row_pinball
from foretell.evaluate.uplift import OrderedUplift

__all__ = [
    "CombinedStatistic",
    "CoverageStatistic",
    "MeanStatistic",
    "ProbabilityStatistic",
    "QuantileStatistic",
    "RankStatistic",
    "UpliftStatistic",
]

_PROBABILITY: Final = (
    "auc",
    "average_precision",
    "logloss",
    "normalised_entropy",
    "brier",
    "ece",
    "accuracy",
    "precision",
    "recall",
    "f1",
)
_QUANTILES: Final = ("wape", "wql", "pinball", "mae", "bias", "coverage")


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
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
        >>> MeanStatistic({"m": np.array([1.0, 3.0])}, clusters=clusters(None, n_rows=2)).evaluate(np.ones((1, 2)))
        array([[2.]])
    """

    def __init__(self, values: Mapping[str, FloatArray], *, clusters: Clusters, weight: FloatArray | None = None) -> None:
        self.names = tuple(values)
        self.n_rows = clusters.count
        table = np.stack(list(values.values()), axis=1)
        shares = np.ones(len(table)) if weight is None else weight
        self._sums = clusters.sums(np.column_stack([shares, table * shares[:, None]]))

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Means of each draw, shape ``[r, m]``."""
        totals = counts @ self._sums
        return _ratio(totals[:, 1:], totals[:, :1])


class RankStatistic:
    """AUC and average precision of any score, from one sort.

    Args:
        label: 0 or 1, shape ``[n]``.
        score: Higher means more likely, shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        clusters: The resampling unit of each row.
    """

    names: tuple[str, ...] = _PROBABILITY[:2]

    def __init__(self, label: FloatArray, *, score: FloatArray, weight: FloatArray, clusters: Clusters) -> None:
        self.n_rows = len(label)
        self._scores = OrderedScores(label, score=score)
        positive, negative = self._scores.positive_rows, self._scores.negative_rows
        self._positive = (clusters.codes[positive], weight[positive])
        self._negative = (clusters.codes[negative], weight[negative])

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """AUC and average precision of each draw, shape ``[r, 2]``."""
        return self._scores.rank_metrics_split(
            _weights(counts, *self._positive), negative=_weights(counts, *self._negative)
        )


class ProbabilityStatistic:
    """All metrics of a yes-or-no prediction.

    Scores outside [0, 1] are no probabilities: only AUC and average precision are given for them. The calibration bins are
    those of the rows as they are; resamples do not move them.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: Shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        clusters: The resampling unit of each row.
        threshold: Where yes begins.
    """

    def __init__(
        self, label: FloatArray, *, probability: FloatArray, weight: FloatArray, clusters: Clusters, threshold: float
    ) -> None:
        self.n_rows = len(label)
        self._rank = RankStatistic(label, score=probability, weight=weight, clusters=clusters)
        self._graded = fraction(probability)
        self.names: tuple[str, ...] = _PROBABILITY if self._graded else RankStatistic.names
        if not self._graded:
            return
        clipped = np.clip(probability, 0, 1)
        yes = (clipped >= threshold).astype(np.float64)
        columns = [np.ones(len(label)), label, row_logloss(label, probability=clipped), (clipped - label) ** 2]
        columns += [yes, yes * label]
        sums = clusters.sums(np.stack(columns, axis=1) * weight[:, None])
        cell = clusters.codes * ECE_BINS + equal_mass_bins(clipped, weight=weight)
        gaps = np.bincount(cell, weights=weight * (clipped - label), minlength=clusters.count * ECE_BINS)
        self._sums = np.concatenate([sums, gaps.reshape(clusters.count, ECE_BINS)], axis=1)

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Metrics of each draw in the order of ``names``, shape ``[r, m]``."""
        ranks = self._rank.evaluate(counts)
        if not self._graded:
            return ranks
        totals = counts @ self._sums
        total, positive, loss, square, chosen, hit = totals[:, :6].T
        base = _ratio(positive, total)
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy = -(base * np.log(base) + (1 - base) * np.log1p(-base))
            informative = np.where((base > 0) & (base < 1), loss / total / entropy, np.nan)
        return np.column_stack(
            [
                ranks,
                _ratio(loss, total),
                informative,
                _ratio(square, total),
                _ratio(np.abs(totals[:, 6:]).sum(axis=1), total),
                _ratio(total - positive - chosen + 2 * hit, total),
                np.where(chosen > 0, np.nan_to_num(_ratio(hit, chosen)), 0.0),
                _ratio(hit, positive),
                np.where(positive > 0, _ratio(2 * hit, chosen + positive), np.nan),
            ]
        )


class UpliftStatistic:
    """Areas of the Qini and uplift curves.

    Args:
        rows: The people, ordered.
        weight: Row weights, shape ``[n]``.
        clusters: The resampling unit of each row.
    """

    names: tuple[str, ...] = ("qini", "uplift_auc")

    def __init__(self, rows: OrderedUplift, *, weight: FloatArray, clusters: Clusters) -> None:
        self.n_rows = 4 * len(weight)
        self._rows, self._weight, self._codes = rows, weight, clusters.codes

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Areas of each draw, shape ``[r, 2]``."""
        return self._rows.areas(_weights(counts, self._codes, self._weight))


class QuantileStatistic:
    """All metrics of a quantile forecast.

    Args:
        actual: Shape ``[n]``.
        quantiles: Shape ``[n, q]``.
        levels: Shape ``[q]``.
        points: The median (for WAPE and MAE) and the forecast whose total is checked (for bias), each of shape ``[n]``.
        clusters: The resampling unit of each row.
    """

    names: tuple[str, ...] = _QUANTILES

    def __init__(
        self,
        actual: FloatArray,
        *,
        quantiles: FloatArray,
        levels: FloatArray,
        points: tuple[FloatArray, FloatArray],
        clusters: Clusters,
    ) -> None:
        self.n_rows = clusters.count
        middle, expected = points
        inside = (actual >= quantiles[:, 0]) & (actual <= quantiles[:, -1])
        losses = row_pinball(actual, quantiles=quantiles, levels=levels).mean(axis=1)
        columns = [np.ones(len(actual)), np.abs(actual), actual, np.abs(actual - middle), expected - actual, losses]
        self._sums = clusters.sums(np.column_stack([*columns, inside.astype(np.float64)]))

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Metrics of each draw in the order of ``names``, shape ``[r, m]``."""
        n, size, total, error, excess, loss, inside = (counts @ self._sums).T
        return np.column_stack(
            [
                _ratio(error, size),
                _ratio(2 * loss, size),
                _ratio(loss, n),
                _ratio(error, n),
                _ratio(excess, total),
                _ratio(inside, n),
            ]
        )


class CoverageStatistic:
    """Share of the catalogue recommended to at least one of the people drawn.

    A resample holds fewer distinct people, so its coverage is lower: the interval reaches down from the value and says what
    a smaller audience would have been shown.

    Args:
        lists: Item codes, shape ``[n, k]``; negative where empty.
        n_items: The size of the catalogue.
        clusters: The resampling unit of each list.
        name: What the metric is called, for example ``coverage@10``.
    """

    def __init__(self, lists: npt.NDArray[np.integer], *, n_items: int, clusters: Clusters, name: str) -> None:
        self.names = (name,)
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
        return (distinct / self._n_items)[:, None]


def _weights(counts: FloatArray, codes: IntArray, weight: FloatArray) -> FloatArray:
    return np.take(counts, codes, axis=1) * weight
