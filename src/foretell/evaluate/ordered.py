"""Rank metrics from one sort: rows are ordered by score once, then any number of weightings is scored.

This module owns the weighted area under the ROC curve and average precision for a batch of row weightings,
which is what makes 200 bootstrap resamples affordable. It refuses metrics that need no order
(``probability``).
"""

from __future__ import annotations

import numpy as np

from foretell.evaluate.inputs import FloatArray, IntArray

__all__ = ["OrderedScores"]


class OrderedScores:
    """Labels ordered by descending score, ready for many weightings; equal scores are one group.

    With positives ``i`` of weight ``w_i``, ``N_i`` the negative weight scored above ``i`` plus half of the
    negative weight scored equal, and ``P``, ``N`` the class totals, AUC is ``sum_i w_i (N - N_i) / (P N)``.
    With ``TP_i`` and ``FP_i`` the positive and negative weight scored at or above ``i``, average precision is
    ``sum_i (w_i / P) TP_i / (TP_i + FP_i)``. Both need only cumulative sums over the fixed order.

    Args:
        label: 0 or 1, shape ``[n]``.
        score: Higher means more likely, shape ``[n]``.

    Example:
        >>> scores = OrderedScores(np.array([0.0, 1.0, 1.0]), score=np.array([0.1, 0.4, 0.9]))
        >>> scores.rank_metrics(np.ones((1, 3)))[0].tolist()
        [1.0, 1.0]

    References:
        Mason and Graham, "Areas beneath the relative operating characteristics (ROC) and relative operating
        levels (ROL) curves", Q. J. R. Meteorol. Soc. 128 (2002): AUC as the Mann-Whitney statistic, ties
        half. Davis and Goadrich, "The relationship between Precision-Recall and ROC curves", ICML 2006: no
        linear interpolation between points of the precision-recall curve.
    """

    def __init__(self, label: FloatArray, *, score: FloatArray) -> None:
        order = np.argsort(-score, kind="stable")
        positive = label[order] > 0.5
        self.positive_rows: IntArray = order[positive].astype(np.int64)
        self.negative_rows: IntArray = order[~positive].astype(np.int64)
        descending = -score[self.positive_rows]
        negatives = -score[self.negative_rows]
        # How many negatives lie strictly above each positive, and how many at or above it.
        self._above = np.searchsorted(negatives, descending, side="left")
        self._at_least = np.searchsorted(negatives, descending, side="right")
        self._positives_at_least = np.searchsorted(descending, descending, side="right")
        self._tied = bool((self._above != self._at_least).any())
        self._positives_tied = bool((np.arange(1, len(descending) + 1) != self._positives_at_least).any())

    def rank_metrics(self, weight: FloatArray) -> FloatArray:
        """AUC and average precision of each weighting.

        Args:
            weight: Row weights, shape ``[r, n]``: one weighting a row.

        Returns:
            Shape ``[r, 2]``: AUC, average precision; NaN where a class has no weight.
        """
        return self.rank_metrics_split(
            np.take(weight, self.positive_rows, axis=1), negative=np.take(weight, self.negative_rows, axis=1)
        )

    def rank_metrics_split(self, positive: FloatArray, *, negative: FloatArray) -> FloatArray:
        """The same from weights already arranged in the order of ``positive_rows`` and ``negative_rows``.

        Args:
            positive: Weights of the positives, shape ``[r, n_positives]``.
            negative: Weights of the negatives, shape ``[r, n_negatives]``.

        Returns:
            Shape ``[r, 2]``: AUC, average precision; NaN where a class has no weight.
        """
        below = np.zeros((len(negative), negative.shape[1] + 1))
        np.cumsum(negative, axis=1, out=below[:, 1:])
        true_positive = np.cumsum(positive, axis=1)
        p = true_positive[:, -1] if positive.shape[1] else np.zeros(len(positive))
        n = below[:, -1]
        false_positive = np.take(below, self._at_least, axis=1)
        higher = false_positive
        if self._tied:
            higher = (false_positive + np.take(below, self._above, axis=1)) / 2
        lost = np.einsum("rp,rp->r", positive, higher)
        if self._positives_tied:
            true_positive = np.take(true_positive, self._positives_at_least - 1, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            auc = 1 - lost / (p * n)
            precision = true_positive / (true_positive + false_positive)
            # A positive of zero weight at the very top has no precision and counts for nothing.
            precision[~np.isfinite(precision)] = 0
            average_precision = np.einsum("rp,rp->r", positive, precision) / p
        auc[(p <= 0) | (n <= 0)] = np.nan
        average_precision[p <= 0] = np.nan
        return np.stack([np.clip(auc, 0, 1), np.clip(average_precision, 0, 1)], axis=1)
