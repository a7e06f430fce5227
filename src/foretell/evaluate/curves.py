"""Curves as plain arrays, ready to be drawn or put into a table.

This module owns calibration, gain and lift, quantile coverage and the share of calibration error that chance
explains. It refuses to draw (``charts``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.calibration import clustered_variance, equal_mass_bins
from foretell.evaluate.inputs import Clusters, FloatArray, binary, weights
from foretell.evaluate.quantiles import forecast

__all__ = [
    "calibration_curve",
    "gain_curve",
    "histogram",
    "quantile_coverage_curve",
    "thinned",
    "wilson",
]

Curve = dict[str, list[float]]
_Z: Final = 1.959964


def wilson(share: FloatArray, *, size: FloatArray) -> tuple[FloatArray, FloatArray]:
    """95 % interval of an observed share among ``size`` independent cases.

    Args:
        share: Observed shares, shape ``[b]``.
        size: Effective numbers of cases, shape ``[b]``.

    Returns:
        Lower and upper ends, each of shape ``[b]``.

    Example:
        >>> [round(float(end[0]), 3) for end in wilson(np.array([0.5]), size=np.array([100.0]))]
        [0.404, 0.596]

    References:
        Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    size = np.maximum(size, 1e-12)
    centre = (share + _Z**2 / (2 * size)) / (1 + _Z**2 / size)
    half = _Z * np.sqrt(share * (1 - share) / size + _Z**2 / (4 * size**2)) / (1 + _Z**2 / size)
    return np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)


def calibration_curve(
    label: npt.ArrayLike,
    *,
    probability: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    units: Clusters | None = None,
    bins: int = 10,
) -> Curve:
    """Stated chance against what happened, in bins of equal mass.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: In [0, 1], shape ``[n]``.
        weight: Row weights, shape ``[n]``.
        units: The user or item of each row; rows themselves when None.
        bins: How many bins; fewer come back when many rows are tied.

    Returns:
        ``predicted``, ``observed``, ``low``, ``high`` (95 % Wilson interval of the observed share, for as
        many independent rows as have the same variance) and ``mass`` (share of the weight), a value per bin.

    Raises:
        EvaluationError: If the arrays do not fit together.

    Example:
        >>> calibration_curve([0, 1], probability=[0.2, 0.8], bins=2)["observed"]
        [0.0, 1.0]

    References:
        DeGroot and Fienberg, "The comparison and evaluation of forecasters", The Statistician 32 (1983).
    """
    labels, scores, row_weights = binary(label, probability=probability, weight=weight)
    bin_of_row = equal_mass_bins(scores, weight=row_weights, bins=bins)
    mass = np.bincount(bin_of_row, weights=row_weights, minlength=bins)
    used = mass > 0
    predicted = np.bincount(bin_of_row, weights=row_weights * scores, minlength=bins)[used] / mass[used]
    observed = np.bincount(bin_of_row, weights=row_weights * labels, minlength=bins)[used] / mass[used]
    squares = np.bincount(bin_of_row, weights=row_weights**2, minlength=bins)[used]
    variance = clustered_variance(labels, weight=row_weights, bin_of_row=bin_of_row, units=units, bins=bins)
    # Where only one outcome was seen the variance is zero: Kish's effective number of rows stands in.
    size = mass[used] ** 2 / squares
    spread = variance[used] / mass[used] ** 2
    np.divide(observed * (1 - observed), spread, out=size, where=spread > 0)
    low, high = wilson(observed, size=size)
    return {
        "predicted": predicted.tolist(),
        "observed": observed.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "mass": (mass[used] / mass.sum()).tolist(),
    }


def gain_curve(
    label: npt.ArrayLike, *, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None, points: int = 51
) -> Curve:
    """Share of all positives found among the best-scored share of cases, and the lift over picking at random.

    Args:
        label: 0 or 1, shape ``[n]``.
        probability: Any score, shape ``[n]``; equal scores are shared out evenly.
        weight: Row weights, shape ``[n]``.
        points: How many points, evenly spaced from 0 to 1.

    Returns:
        ``share`` targeted, ``found`` and ``lift`` (``found / share``); empty lists when there are no
        positives.

    Raises:
        EvaluationError: If the arrays do not fit together.

    Example:
        >>> gain_curve([0, 1], probability=[0.2, 0.8], points=3)["found"]
        [0.0, 1.0, 1.0]

    References:
        Berry and Linoff, "Data mining techniques", 2nd edition, 2004, chapter 4: cumulative gains and lift.
    """
    labels, scores, row_weights = binary(label, probability=probability, weight=weight)
    positive = (row_weights * labels).sum()
    if positive <= 0:
        return {"share": [], "found": [], "lift": []}
    _, group = np.unique(-scores, return_inverse=True)
    mass = np.concatenate([[0.0], np.cumsum(np.bincount(group, weights=row_weights))]) / row_weights.sum()
    found = np.concatenate([[0.0], np.cumsum(np.bincount(group, weights=row_weights * labels))]) / positive
    share = np.linspace(0, 1, points)
    at_share = np.interp(share, mass, found)
    first = found[1] / mass[1] if mass[1] > 0 else 1.0
    lift = np.divide(at_share, share, out=np.full(points, first), where=share > 0)
    return {"share": share.tolist(), "found": at_share.tolist(), "lift": lift.tolist()}


def histogram(
    probability: npt.ArrayLike, *, weight: npt.ArrayLike | None = None, bins: int = 20, top: float = 1.0
) -> Curve:
    """How the probabilities are spread: share of the weight in bins of equal width over [0, top].

    Example:
        >>> histogram([0.1, 0.9], bins=2)["mass"]
        [0.5, 0.5]
    """
    scores = np.clip(np.asarray(probability, dtype=np.float64), 0, 1)
    row_weights = weights(weight, n_rows=len(scores))
    mass, edges = np.histogram(scores, bins=bins, range=(0, top), weights=row_weights)
    total = row_weights.sum()
    return {"edge": edges.tolist(), "mass": (mass / total if total > 0 else mass).tolist()}


def quantile_coverage_curve(actual: npt.ArrayLike, *, quantiles: npt.ArrayLike, levels: Sequence[float]) -> Curve:
    """For each level the share of rows at or below that quantile.

    Args:
        actual: Shape ``[n]``.
        quantiles: Shape ``[n, q]``.
        levels: Length ``q``.

    Returns:
        ``level``, ``observed``, ``low`` and ``high`` (95 % Wilson interval). ``strict`` is the share strictly
        below: counts that repeat (zeros above all) make the two differ, and the diagonal should pass between
        them.

    Raises:
        EvaluationError: If the arrays do not fit together.

    Example:
        >>> quantile_coverage_curve([1.0, 3.0], quantiles=[[2.0], [2.0]], levels=(0.5,))["observed"]
        [0.5]

    References:
        Gneiting, Balabdaoui and Raftery, "Probabilistic forecasts, calibration and sharpness", JRSS B 69
        (2007).
    """
    truth, table, probability = forecast(actual, quantiles=quantiles, levels=levels)
    observed = (truth[:, None] <= table).mean(axis=0)
    low, high = wilson(observed, size=np.full(len(observed), float(len(truth))))
    return {
        "level": probability.tolist(),
        "observed": observed.tolist(),
        "strict": (truth[:, None] < table).mean(axis=0).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
    }


def thinned(curve: Mapping[str, FloatArray], *, points: int = 51) -> Curve:
    """A curve over ``share`` reduced to evenly spaced shares by linear interpolation.

    Args:
        curve: Arrays of equal length, among them ``share``, rising from 0 to 1.
        points: How many points to keep.

    Returns:
        The same keys with ``points`` values each.

    Example:
        >>> thinned({"share": np.array([0.0, 1.0]), "gain": np.array([0.0, 2.0])}, points=3)["gain"]
        [0.0, 1.0, 2.0]
    """
    share = np.linspace(0, 1, points)
    return {name: np.interp(share, curve["share"], values).tolist() for name, values in curve.items()}
