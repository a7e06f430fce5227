"""Metrics of yes-or-no predictions, as pure functions of label, probability and weight.

This module owns the definitions: ranking quality (AUC, average precision), probability quality (log loss,
Brier, calibration error, normalised entropy); those of a decision at a threshold live in ``decisions`` and
can be imported from here too. It refuses intervals (``intervals``) and drawing (``curves``). Undefined values
are NaN, never an invented number.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.calibration import ece
from foretell.evaluate.decisions import accuracy, best_f1_threshold, decisions, f1, precision, recall
from foretell.evaluate.inputs import FloatArray, binary, probabilities
from foretell.evaluate.ordered import OrderedScores

__all__ = [
    "accuracy",
    "auc",
    "average_precision",
    "best_f1_threshold",
    "brier",
    "decisions",
    "ece",
    "f1",
    "logloss",
    "normalised_entropy",
    "precision",
    "recall",
    "row_logloss",
]

_EPSILON: Final = float(np.finfo(np.float64).eps)


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
    """Minus the natural log of the probability given to what happened, clipped at 2e-16, per row.

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
    labels, scores, row_weights = probabilities(label, probability=probability, weight=weight)
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
    labels, scores, row_weights = probabilities(label, probability=probability, weight=weight)
    return _mean((scores - labels) ** 2, row_weights)


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
    labels, scores, row_weights = probabilities(label, probability=probability, weight=weight)
    base = _mean(labels, row_weights)
    if not 0 < base < 1:
        return float("nan")
    entropy = -(base * np.log(base) + (1 - base) * np.log1p(-base))
    return float(_mean(row_logloss(labels, probability=scores), row_weights) / entropy)


def _mean(values: FloatArray, weight: FloatArray) -> float:
    total = weight.sum()
    return float((values * weight).sum() / total) if total > 0 else float("nan")
