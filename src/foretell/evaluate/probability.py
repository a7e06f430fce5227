"""Metrics of yes-or-no predictions, as pure functions of label, probability and weight.

This module owns the definitions: ranking quality (AUC, average precision), probability quality (log loss, Brier,
calibration error, normalised entropy); those of a decision at a threshold live in ``decisions`` and can be imported from
here too. It refuses intervals (``intervals``) and drawing (``curves``). Undefined values are NaN, never an invented number.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.decisions import accuracy, best_f1_threshold, decisions, f1, precision, recall
from foretell.evaluate.inputs import EvaluationError, FloatArray, IntArray, binary, fraction
from foretell.evaluate.ordered import OrderedScores

__all__ = [
    "accuracy",
    "auc",
    "average_precision",
    "best_f1_threshold",
    "brier",
    "decisions",
    "ece",
    "equal_mass_bins",
    "f1",
    "logloss",
    "normalised_entropy",
    "precision",
    "recall",
    "row_logloss",
]

ECE_BINS: Final = 15
_EPSILON: Final = float(np.finfo(np.float64).eps)


def _probabilities(
    label: npt.ArrayLike, probability: npt.ArrayLike, weight: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    labels, scores, row_weights = binary(label, probability=probability, weight=weight)
    if not fraction(scores):
        raise EvaluationError(
            "This metric needs probabilities.",
            received=f"values from {scores.min():g} to {scores.max():g}",
            remedy="Calibrate the scores into [0, 1], or use auc and average_precision, which need only an order.",
        )
    return labels, np.clip(scores, 0, 1), row_weights


def auc(label: npt.ArrayLike, *, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Area under the ROC curve: how often a positive is scored above a negative; ties count half.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: Any score that grows with the chance, shape ``[n]``.
        weight: Row weights, shape ``[n]``.

    Returns:
        A value in [0, 1]; NaN when there is only one class.

    Raises:
        EvaluationError: If the arrays do not fit together.

    Example:
        >>> auc([0, 0, 1, 1], probability=[0.1, 0.4, 0.35, 0.8])
        0.75

    References:
        Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982).
    """
    labels, scores, row_weights = binary(label, probability=probability, weight=weight)
    return float(OrderedScores(labels, score=scores).rank_metrics(row_weights[None])[0, 0])


def average_precision(
    label: npt.ArrayLike, *, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> float:
    """Precision averaged over the positives, each at its own score (no interpolation; ties are one step).

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: Any score that grows with the chance, shape ``[n]``.
        weight: Row weights, shape ``[n]``.

    Returns:
        A value in [0, 1]; a constant score gets the base rate; NaN without positives.

    Raises:
        EvaluationError: If the arrays do not fit together.

    Example:
        >>> round(average_precision([0, 0, 1, 1], probability=[0.1, 0.4, 0.35, 0.8]), 4)
        0.8333

    References:
        Davis and Goadrich, "The relationship between Precision-Recall and ROC curves", ICML 2006.
    """
    labels, scores, row_weights = binary(label, probability=probability, weight=weight)
    return float(OrderedScores(labels, score=scores).rank_metrics(row_weights[None])[0, 1])


def row_logloss(label: FloatArray, *, probability: FloatArray) -> FloatArray:
    """Minus the log of the probability given to what happened, per row, in nats; probabilities are clipped at 2e-16.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: In [0, 1], shape ``[n]``.

    Returns:
        Non-negative losses, shape ``[n]``.

    Example:
        >>> row_logloss(np.array([1.0]), probability=np.array([0.5])).round(4)
        array([0.6931])
    """
    clipped = np.clip(probability, _EPSILON, 1 - _EPSILON)
    return -np.where(label > 0.5, np.log(clipped), np.log1p(-clipped))


def logloss(label: npt.ArrayLike, *, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Mean minus log likelihood in nats; zero is perfect and a coin gives 0.693.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: In [0, 1], shape ``[n]``.
        weight: Row weights, shape ``[n]``.

    Returns:
        A non-negative value; NaN without rows.

    Raises:
        EvaluationError: If the arrays do not fit together or are no probabilities.

    Example:
        >>> round(logloss([0, 1], probability=[0.5, 0.5]), 4)
        0.6931

    References:
        Good, "Rational decisions", J. R. Stat. Soc. B 14 (1952).
    """
    labels, scores, row_weights = _probabilities(label, probability, weight)
    return _mean(row_logloss(labels, probability=scores), row_weights)


def brier(label: npt.ArrayLike, *, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Mean squared distance between probability and outcome.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: In [0, 1], shape ``[n]``.
        weight: Row weights, shape ``[n]``.

    Returns:
        A value in [0, 1]; NaN without rows.

    Raises:
        EvaluationError: If the arrays do not fit together or are no probabilities.

    Example:
        >>> round(brier([0, 1], probability=[0.1, 0.7]), 4)
        0.05

    References:
        Brier, "Verification of forecasts expressed in terms of probability", Mon. Weather Rev. 78 (1950).
    """
    labels, scores, row_weights = _probabilities(label, probability, weight)
    return _mean((scores - labels) ** 2, row_weights)


def equal_mass_bins(probability: FloatArray, *, weight: FloatArray, bins: int = ECE_BINS) -> IntArray:
    """The bin of each row when rows sorted by probability are cut into bins of equal weight.

    Rows of equal probability share a bin (the one holding the middle of their weight), so that the order of the rows
    does not matter; a bin may therefore stay empty when many rows are tied.

    Args:
        probability: Scores, shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        bins: How many bins.

    Returns:
        Bin numbers in ``0..bins - 1``, ascending with the probability, shape ``[n]``.

    Example:
        >>> equal_mass_bins(np.array([0.1, 0.2, 0.3, 0.4]), weight=np.ones(4), bins=2)
        array([0, 0, 1, 1])
    """
    _, group = np.unique(probability, return_inverse=True)
    mass = np.bincount(group, weights=weight) if len(group) else np.zeros(0)
    total = mass.sum()
    if total <= 0:
        return np.zeros(len(probability), dtype=np.int64)
    middle = (np.cumsum(mass) - mass / 2) / total
    bin_of_group = np.minimum((middle * bins).astype(np.int64), bins - 1)
    chosen: IntArray = bin_of_group[group]
    return chosen


def ece(
    label: npt.ArrayLike,
    *,
    probability: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    bins: int = ECE_BINS,
) -> float:
    """Expected calibration error over bins of equal mass: the mean of ``|mean probability - positive share|``.

    Bins hold equal weight (15 unless told), not equal width; each counts with its weight. Chance alone makes it positive:
    ``curves.chance_ece`` says by how much.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: In [0, 1], shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        bins: How many bins.

    Returns:
        A value in [0, 1]; NaN without rows.

    Raises:
        EvaluationError: If the arrays do not fit together or are no probabilities.

    Example:
        >>> round(ece([0, 1, 1, 1], probability=[0.5, 0.5, 0.9, 0.9], bins=2), 4)
        0.05

    References:
        Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
        Nixon et al., "Measuring calibration in deep learning", CVPR workshops 2019: bins of equal mass.
    """
    labels, scores, row_weights = _probabilities(label, probability, weight)
    if not len(labels):
        return float("nan")
    gap = np.bincount(
        equal_mass_bins(scores, weight=row_weights, bins=bins), weights=row_weights * (scores - labels), minlength=bins
    )
    return float(np.abs(gap).sum() / row_weights.sum())


def normalised_entropy(
    label: npt.ArrayLike, *, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> float:
    """Log loss divided by the log loss of always answering the base rate; below one means informative.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: In [0, 1], shape ``[n]``.
        weight: Row weights, shape ``[n]``.

    Returns:
        A non-negative value; NaN when there is only one class.

    Raises:
        EvaluationError: If the arrays do not fit together or are no probabilities.

    Example:
        >>> normalised_entropy([0, 1], probability=[0.5, 0.5])
        1.0

    References:
        He et al., "Practical lessons from predicting clicks on ads at Facebook", ADKDD 2014, section 2.
    """
    labels, scores, row_weights = _probabilities(label, probability, weight)
    base = _mean(labels, row_weights)
    if not 0 < base < 1:
        return float("nan")
    entropy = -(base * np.log(base) + (1 - base) * np.log1p(-base))
    return float(_mean(row_logloss(labels, probability=scores), row_weights) / entropy)


def _mean(values: FloatArray, weight: FloatArray) -> float:
    total = weight.sum()
    return float((values * weight).sum() / total) if total > 0 else float("nan")
