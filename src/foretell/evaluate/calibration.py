"""How far stated chances are from what happened.

This module owns the bins of equal mass, the expected calibration error over them, and the part of it that
chance alone explains. It refuses to draw (``curves`` gives the arrays, ``charts`` the picture).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import Clusters, FloatArray, IntArray, probabilities

__all__ = ["ECE_BINS", "chance_ece", "clustered_variance", "ece", "equal_mass_bins"]

ECE_BINS: Final = 15
"""How many bins calibration error is measured over unless told."""


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
    label: npt.ArrayLike,
    *,
    probability: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    units: Clusters | None = None,
    bins: int = ECE_BINS,
) -> float:
    """The calibration error a perfectly calibrated model would show on such rows, by chance alone.

    The sum of ``weight (probability - label)`` over a bin is close to normal with mean zero when chances are
    right. Its spread is measured on the rows themselves, user by user, so that repeated rows of one user and
    rows that stand for many are counted for what they are. An observed error near it says nothing against
    the model.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: In [0, 1], shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        units: The user or item of each row; rows themselves when None.
        bins: How many bins of equal mass.

    Returns:
        A value in [0, 1]; NaN without rows.

    Raises:
        EvaluationError: If the arrays do not fit together or are no probabilities.

    Example:
        >>> chance_ece([0, 1], probability=[0.0, 1.0])
        0.0

    References:
        Broecker and Smith, "Increasing the reliability of reliability diagrams", Weather and Forecasting 22
        (2007). Liang and Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73
        (1986): variance from sums over clusters.
    """
    labels, scores, row_weights = probabilities(label, probability=probability, weight=weight)
    if not len(labels):
        return float("nan")
    bin_of_row = equal_mass_bins(scores, weight=row_weights, bins=bins)
    gaps = scores - labels
    variance = clustered_variance(gaps, weight=row_weights, bin_of_row=bin_of_row, units=units, bins=bins)
    # The mean size of a normal variable is its standard deviation times sqrt(2 / pi).
    return float(np.sqrt(2 / np.pi * variance).sum() / row_weights.sum())


def clustered_variance(
    values: FloatArray, *, weight: FloatArray, bin_of_row: IntArray, units: Clusters | None, bins: int
) -> FloatArray:
    """Variance of each bin's weighted sum of values, around the bin's own mean, clusters being independent.

    Args:
        values: Shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        bin_of_row: In ``0..bins - 1``, shape ``[n]``.
        units: The cluster of each row; rows themselves when None.
        bins: How many bins.

    Returns:
        Shape ``[bins]``.

    Example:
        >>> clustered_variance(
        ...     np.array([0.0, 1.0]), weight=np.ones(2), bin_of_row=np.zeros(2, dtype=int), units=None, bins=1
        ... )
        array([0.5])
    """
    mass = np.bincount(bin_of_row, weights=weight, minlength=bins)
    total = np.bincount(bin_of_row, weights=weight * values, minlength=bins)
    mean = np.divide(total, mass, out=np.zeros(bins), where=mass > 0)
    rest = weight * (values - mean[bin_of_row])
    if units is None:
        alone: FloatArray = np.bincount(bin_of_row, weights=rest**2, minlength=bins).astype(np.float64)
        return alone
    cell, place = np.unique(bin_of_row * units.count + units.codes, return_inverse=True)
    sums = np.bincount(place, weights=rest)
    together: FloatArray = np.bincount(cell // units.count, weights=sums**2, minlength=bins).astype(np.float64)
    return together
