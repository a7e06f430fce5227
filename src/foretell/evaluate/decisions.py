"""Metrics of a yes-or-no decision: what happens when yes is answered from a threshold on.

This module owns accuracy, precision, recall, F1 and the choice of the threshold. It refuses to choose a
threshold on the rows that are evaluated: callers pass one chosen on validation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import binary

__all__ = ["accuracy", "best_f1_threshold", "decisions", "f1", "precision", "recall"]


def decisions(
    label: npt.ArrayLike,
    *,
    probability: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    threshold: float = 0.5,
) -> dict[str, float]:
    """Accuracy, precision, recall and F1 of answering yes where the probability is at least the threshold.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: Any score, shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        threshold: Where yes begins; choose it on validation, never on the rows evaluated.

    Returns:
        ``accuracy``, ``precision``, ``recall``, ``f1``. Precision and F1 are 0 when nothing is answered yes,
        as in scikit-learn; recall is NaN without positives.

    Raises:
        EvaluationError: If the arrays do not fit together.

    Example:
        >>> decisions([0, 1, 1, 0], probability=[0.6, 0.7, 0.2, 0.1])["precision"]
        0.5

    References:
        van Rijsbergen, "Information retrieval", 2nd edition, 1979, chapter 7.
    """
    labels, scores, row_weights = binary(label, probability=probability, weight=weight)
    yes = scores >= threshold
    total, positive = row_weights.sum(), (row_weights * labels).sum()
    chosen, hit = row_weights[yes].sum(), (row_weights * labels)[yes].sum()
    correct = hit + (total - positive) - (chosen - hit)
    return {
        "accuracy": float(correct / total) if total > 0 else float("nan"),
        "precision": float(hit / chosen) if chosen > 0 else 0.0,
        "recall": float(hit / positive) if positive > 0 else float("nan"),
        "f1": float(2 * hit / (chosen + positive)) if positive > 0 else float("nan"),
    }


def accuracy(
    label: npt.ArrayLike,
    *,
    probability: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    threshold: float = 0.5,
) -> float:
    """Share of rows answered rightly at the threshold; see ``decisions``.

    Example:
        >>> accuracy([0, 1], probability=[0.2, 0.4])
        0.5
    """
    return decisions(label, probability=probability, weight=weight, threshold=threshold)["accuracy"]


def precision(
    label: npt.ArrayLike,
    *,
    probability: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    threshold: float = 0.5,
) -> float:
    """Share of the rows answered yes that are positive; see ``decisions``.

    Example:
        >>> precision([0, 1], probability=[0.6, 0.8])
        0.5
    """
    return decisions(label, probability=probability, weight=weight, threshold=threshold)["precision"]


def recall(
    label: npt.ArrayLike,
    *,
    probability: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    threshold: float = 0.5,
) -> float:
    """Share of the positives that are answered yes; see ``decisions``.

    Example:
        >>> recall([1, 1], probability=[0.6, 0.1])
        0.5
    """
    return decisions(label, probability=probability, weight=weight, threshold=threshold)["recall"]


def f1(
    label: npt.ArrayLike,
    *,
    probability: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    threshold: float = 0.5,
) -> float:
    """Harmonic mean of precision and recall at the threshold; see ``decisions``.

    Example:
        >>> round(f1([0, 1], probability=[0.6, 0.8]), 4)
        0.6667
    """
    return decisions(label, probability=probability, weight=weight, threshold=threshold)["f1"]


def best_f1_threshold(
    label: npt.ArrayLike, *, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> float:
    """The threshold with the highest F1, among the scores given; call it with validation rows.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: Any score, shape ``[n]``.
        weight: Row weights, shape ``[n]``.

    Returns:
        A score; 0.5 when there are no positives.

    Raises:
        EvaluationError: If the arrays do not fit together.

    Example:
        >>> best_f1_threshold([0, 1, 1], probability=[0.1, 0.3, 0.9])
        0.3
    """
    labels, scores, row_weights = binary(label, probability=probability, weight=weight)
    positive = (row_weights * labels).sum()
    if positive <= 0:
        return 0.5
    distinct, group = np.unique(scores, return_inverse=True)
    hit = np.cumsum(np.bincount(group, weights=row_weights * labels)[::-1])[::-1]
    chosen = np.cumsum(np.bincount(group, weights=row_weights)[::-1])[::-1]
    return float(distinct[int(np.argmax(2 * hit / (chosen + positive)))])
