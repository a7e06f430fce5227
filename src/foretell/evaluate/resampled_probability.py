"""Metrics of probabilities as functions of how often every cluster was drawn.

This module owns the cheap form of AUC and average precision (one sort), of everything that is a ratio of sums
(one table of sums per cluster), and of the uplift areas. It refuses to draw resamples (``intervals``).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from foretell.evaluate.calibration import ECE_BINS, equal_mass_bins
from foretell.evaluate.inputs import Clusters, FloatArray, fraction
from foretell.evaluate.ordered import OrderedScores
from foretell.evaluate.ordered_uplift import OrderedUplift
from foretell.evaluate.probability import row_logloss
from foretell.evaluate.resampled import drawn_weights, ratio

__all__ = ["ProbabilityStatistic", "RankStatistic", "UpliftStatistic"]

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
            drawn_weights(counts, codes=self._positive[0], weight=self._positive[1]),
            negative=drawn_weights(counts, codes=self._negative[0], weight=self._negative[1]),
        )


class ProbabilityStatistic:
    """All metrics of a yes-or-no prediction.

    Scores outside [0, 1] are no probabilities: only AUC and average precision are given for them. The
    calibration bins are those of the rows as they are; resamples do not move them.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: Shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        clusters: The resampling unit of each row.
        threshold: Where yes begins.
    """

    def __init__(
        self,
        label: FloatArray,
        *,
        probability: FloatArray,
        weight: FloatArray,
        clusters: Clusters,
        threshold: float,
    ) -> None:
        self.n_rows = len(label)
        self._rank = RankStatistic(label, score=probability, weight=weight, clusters=clusters)
        self._graded = fraction(probability)
        self.names: tuple[str, ...] = _PROBABILITY if self._graded else RankStatistic.names
        if not self._graded:
            return
        clipped = np.clip(probability, 0, 1)
        yes = (clipped >= threshold).astype(np.float64)
        columns = [
            np.ones(len(label)),
            label,
            row_logloss(label, probability=clipped),
            (clipped - label) ** 2,
        ]
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
        base = ratio(positive, denominator=total)
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy = -(base * np.log(base) + (1 - base) * np.log1p(-base))
            informative = np.where((base > 0) & (base < 1), loss / total / entropy, np.nan)
        return np.column_stack(
            [
                ranks,
                ratio(loss, denominator=total),
                informative,
                ratio(square, denominator=total),
                ratio(np.abs(totals[:, 6:]).sum(axis=1), denominator=total),
                ratio(total - positive - chosen + 2 * hit, denominator=total),
                np.where(chosen > 0, np.nan_to_num(ratio(hit, denominator=chosen)), 0.0),
                ratio(hit, denominator=positive),
                np.where(positive > 0, ratio(2 * hit, denominator=chosen + positive), np.nan),
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
        return self._rows.areas(drawn_weights(counts, codes=self._codes, weight=self._weight))
