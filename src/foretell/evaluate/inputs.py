"""What every metric is given: checked arrays.

This module owns the validation of labels, probabilities, weights, clusters and thresholds, and the error
raised when they are wrong. It refuses to compute anything from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from foretell.core.errors import ForetellError

__all__ = [
    "Clusters",
    "EvaluationError",
    "FloatArray",
    "IntArray",
    "binary",
    "clusters",
    "finite",
    "fraction",
    "probabilities",
    "require_rows",
    "weights",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_TOLERANCE: Final = 1e-9


class EvaluationError(ForetellError):
    """An answer cannot be evaluated because the arrays given do not fit together."""


def finite(values: npt.ArrayLike, *, name: str, n_rows: int | None = None) -> FloatArray:
    """A one-dimensional float array without NaN or infinity, of ``n_rows`` rows when given.

    Args:
        values: Anything numpy can read, shape ``[n]``.
        name: What to call the array in an error.
        n_rows: The length it must have.

    Returns:
        The values as float64, shape ``[n]``.

    Raises:
        EvaluationError: If the shape is not ``[n]``, the length differs or a value is not finite.

    Example:
        >>> finite([1, 2], name="price")
        array([1., 2.])
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise EvaluationError(
            f"{name} must be one-dimensional.",
            received=f"shape {array.shape}",
            remedy="Give one value per row.",
        )
    if n_rows is not None and len(array) != n_rows:
        raise EvaluationError(
            f"{name} has another number of rows than the labels.",
            received=f"{len(array)} rows, {n_rows} labels",
            remedy="Give one value per row, in the order of the labels.",
        )
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        raise EvaluationError(
            f"{name} holds values that are not finite numbers.",
            received=f"{array[bad]} in row {bad}",
            remedy="Fill or drop those rows before evaluating.",
        )
    return array


def weights(weight: npt.ArrayLike | None, *, n_rows: int) -> FloatArray:
    """The row weights, all one when none are given.

    Args:
        weight: One non-negative weight per row (how many real cases the row stands for), or None.
        n_rows: How many rows there are.

    Returns:
        Weights, shape ``[n]``.

    Raises:
        EvaluationError: If a weight is negative or they sum to zero although there are rows.

    Example:
        >>> weights(None, n_rows=2)
        array([1., 1.])
    """
    if weight is None:
        return np.ones(n_rows)
    array = finite(weight, name="weight", n_rows=n_rows)
    if n_rows and (array.min() < 0 or array.sum() <= 0):
        raise EvaluationError(
            "Weights must be non-negative and not all zero.",
            received=f"minimum {array.min():g}, sum {array.sum():g}",
            remedy="Give how many real cases each row stands for.",
        )
    return array


def binary(
    label: npt.ArrayLike, *, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Labels, scores and weights of a yes-or-no question, checked.

    Args:
        label: 0 or 1 (or booleans), shape ``[n]``.
        probability: A finite score per row, shape ``[n]``; ``fraction`` says whether it is a probability.
        weight: Non-negative row weights, shape ``[n]``, or None for one each.

    Returns:
        The three arrays as float64, each of shape ``[n]``.

    Raises:
        EvaluationError: If lengths differ, a label is neither 0 nor 1, or a value is not finite.

    Example:
        >>> binary([0, 1], probability=[0.2, 0.9])[0]
        array([0., 1.])
    """
    labels = finite(label, name="label")
    if not np.isin(labels, (0.0, 1.0)).all():
        odd = labels[~np.isin(labels, (0.0, 1.0))][0]
        raise EvaluationError(
            "Labels must be 0 or 1.", received=f"{odd:g}", remedy="Encode the outcome as 1 (happened) or 0."
        )
    scores = finite(probability, name="probability", n_rows=len(labels))
    return labels, scores, weights(weight, n_rows=len(labels))


def probabilities(
    label: npt.ArrayLike, *, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """As ``binary``, for metrics that need probabilities and not only an order.

    Raises:
        EvaluationError: If the arrays do not fit together or a probability lies outside [0, 1].

    Example:
        >>> probabilities([0, 1], probability=[0.2, 0.9])[1]
        array([0.2, 0.9])
    """
    labels, scores, row_weights = binary(label, probability=probability, weight=weight)
    if not fraction(scores):
        raise EvaluationError(
            "This metric needs probabilities.",
            received=f"values from {scores.min():g} to {scores.max():g}",
            remedy="Calibrate the scores into [0, 1], or use metrics of order: auc, average_precision.",
        )
    return labels, np.clip(scores, 0, 1), row_weights


def fraction(values: FloatArray) -> bool:
    """Whether all values lie in [0, 1], so that they can be read as probabilities.

    Example:
        >>> fraction(np.array([0.0, 1.0])), fraction(np.array([3.5]))
        (True, False)
    """
    return not len(values) or bool(values.min() >= -_TOLERANCE and values.max() <= 1 + _TOLERANCE)


@dataclass(frozen=True)
class Clusters:
    """Which resampling unit (user or item) each row belongs to.

    Attributes:
        codes: In ``0..count - 1``, shape ``[n]``.
        count: How many clusters there are.
    """

    codes: IntArray
    count: int

    def sums(self, columns: FloatArray) -> FloatArray:
        """Column sums of each cluster's rows.

        Args:
            columns: Shape ``[n, c]``.

        Returns:
            Shape ``[count, c]``.
        """
        totals = [np.bincount(self.codes, weights=column, minlength=self.count) for column in columns.T]
        return np.stack(totals, axis=1) if totals else np.zeros((self.count, 0))

    def take(self, rows: npt.NDArray[np.bool_] | IntArray) -> Clusters:
        """The clusters of some of the rows; the numbering and the count stay."""
        return Clusters(self.codes[rows], self.count)


def clusters(cluster: npt.ArrayLike | None, *, n_rows: int) -> Clusters:
    """Codes of the users or items that rows belong to.

    Args:
        cluster: One id per row, of any type that sorts, or None when each row is its own cluster.
        n_rows: How many rows there are.

    Returns:
        The codes, numbered in the order of the sorted ids.

    Raises:
        EvaluationError: If the length differs.

    Example:
        >>> clusters(["b", "a", "b"], n_rows=3)
        Clusters(codes=array([1, 0, 1]), count=2)
    """
    if cluster is None:
        return Clusters(np.arange(n_rows, dtype=np.int64), n_rows)
    ids: npt.NDArray[Any] = np.asarray(cluster)
    if ids.shape != (n_rows,):
        raise EvaluationError(
            "cluster must name the user or item of each row.",
            received=f"shape {ids.shape} for {n_rows} rows",
            remedy="Give one id per row, in the order of the labels.",
        )
    if ids.dtype == object:
        ids = ids.astype(str)
    distinct, codes = np.unique(ids, return_inverse=True)
    return Clusters(codes.astype(np.int64), len(distinct))


def require_rows(n_rows: int) -> None:
    """Refuse an empty test window.

    Raises:
        EvaluationError: If there are no rows.

    Example:
        >>> require_rows(3)
    """
    if not n_rows:
        raise EvaluationError(
            "There is nothing to evaluate.",
            received="0 rows with a known outcome",
            remedy="Check that the test window holds data and that its horizon has passed.",
        )
