"""How far stated chances are from what happened.

This module owns the bins of equal mass, the expected calibration error over them, and the part of it that
chance alone explains. It refuses to draw (``curves`` gives the arrays, ``charts`` the picture).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import FloatArray, IntArray, probabilities, weights

__all__ = ["ECE_BINS", "chance_ece", "ece", "equal_mass_bins"]

ECE_BINS: Final = 15
"""How many bins calibration error is measured over unless told."""

_ROWS_DRAWN: Final = 50_000


def equal_mass_bins(probability: FloatArray, *, weight: FloatArray, bins: int = ECE_BINS) -> IntArray:
    """The bin of each row when rows sorted by probability are cut into bins of equal weight.

    Rows of equal probability share a bin (the one holding the middle of their weight), so that the order of
    the rows does not matter; a bin may therefore stay empty when many rows are tied.

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
    """Expected calibration error over bins of equal mass: mean ``|probability - positive share|``.

    Bins hold equal weight (15 unless told), not equal width; each counts with its weight. Chance alone makes
    it positive: ``chance_ece`` says by how much.

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
        Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI
        2015. Nixon et al., "Measuring calibration in deep learning", CVPR workshops 2019: bins of equal mass.
    """
    labels, scores, row_weights = probabilities(label, probability=probability, weight=weight)
    if not len(labels):
        return float("nan")
    gap = np.bincount(
        equal_mass_bins(scores, weight=row_weights, bins=bins),
        weights=row_weights * (scores - labels),
        minlength=bins,
    )
    return float(np.abs(gap).sum() / row_weights.sum())


def chance_ece(
    probability: npt.ArrayLike, *, weight: npt.ArrayLike | None = None, bins: int = ECE_BINS, seed: int = 0
) -> float:
    """The calibration error a perfectly calibrated model would show on so many rows, by chance alone.

    Outcomes are drawn from the probabilities themselves (100 times) and the mean error is returned; an
    observed error near it says nothing against the model.

    Args:
        probability: In [0, 1], shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        bins: How many bins of equal mass.
        seed: Fixes the draws.

    Returns:
        A value in [0, 1]; NaN without rows.

    Example:
        >>> chance_ece([0.0, 1.0])
        0.0

    References:
        Broecker and Smith, "Increasing the reliability of reliability diagrams", Weather and Forecasting 22
        (2007).
    """
    scores = np.clip(np.asarray(probability, dtype=np.float64), 0, 1)
    row_weights = weights(weight, n_rows=len(scores))
    if not len(scores):
        return float("nan")
    bin_of_row = equal_mass_bins(scores, weight=row_weights, bins=bins)
    generator = np.random.default_rng(seed)
    if len(scores) > _ROWS_DRAWN:
        # With so many rows the sum over a bin is close to normal: its variance is all that is needed.
        spread = np.sqrt(np.bincount(bin_of_row, weights=row_weights**2 * scores * (1 - scores), minlength=bins))
        gaps = spread * generator.standard_normal((100, bins))
    else:
        drawn = generator.random((100, len(scores))) < scores
        gaps = np.stack(
            [np.bincount(bin_of_row, weights=row_weights * (row - scores), minlength=bins) for row in drawn]
        )
    return float(np.abs(gaps).sum(axis=1).mean() / row_weights.sum())
