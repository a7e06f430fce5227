"""Metrics of forecasts given as quantiles, as pure functions of what was sold and what was forecast.

This module owns pinball and weighted quantile loss, WAPE, bias, MAE and the coverage of intervals. It refuses
to judge censored demand: rows where the shelf was empty should be left out or reported as a slice of their
own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import EvaluationError, FloatArray, finite

__all__ = [
    "bias",
    "coverage",
    "forecast",
    "mae",
    "median",
    "pinball",
    "pinball_per_level",
    "row_pinball",
    "wape",
    "wql",
]


def forecast(
    actual: npt.ArrayLike, *, quantiles: npt.ArrayLike, levels: Sequence[float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Actual values, quantile table and levels, checked.

    Args:
        actual: What happened, shape ``[n]``.
        quantiles: Forecast quantiles, shape ``[n, q]``; a point forecast of shape ``[n]`` stands for all
            levels.
        levels: Ascending levels in (0, 1), length ``q``.

    Returns:
        ``actual [n]``, ``quantiles [n, q]``, ``levels [q]`` as float64.

    Raises:
        EvaluationError: If shapes differ, a value is not finite or the levels do not rise within (0, 1).

    Example:
        >>> forecast([3], quantiles=[2.0], levels=(0.1, 0.9))[1].tolist()
        [[2.0, 2.0]]
    """
    truth = finite(actual, name="actual")
    probability = np.asarray(levels, dtype=np.float64)
    rising = len(probability) and (np.diff(probability) > 0).all() and probability[0] > 0 and probability[-1] < 1
    if not rising:
        raise EvaluationError(
            "Quantile levels must rise within (0, 1).",
            received=list(levels),
            remedy="For example (0.1, 0.5, 0.9).",
        )
    table = np.asarray(quantiles, dtype=np.float64)
    if table.ndim == 1:
        table = np.repeat(table[:, None], len(probability), axis=1)
    if table.shape != (len(truth), len(probability)) or not np.isfinite(table).all():
        raise EvaluationError(
            "Quantiles must be one finite number per row and level.",
            received=f"shape {table.shape} for {len(truth)} rows and {len(probability)} levels",
            remedy="Give an array of shape [n, q] without NaN.",
        )
    return truth, table, probability


def median(quantiles: FloatArray, *, levels: FloatArray) -> FloatArray:
    """The quantile at level 0.5, interpolated between its neighbours when it was not forecast.

    Args:
        quantiles: Shape ``[n, q]``.
        levels: Shape ``[q]``.

    Returns:
        Shape ``[n]``.

    Example:
        >>> median(np.array([[0.0, 4.0]]), levels=np.array([0.25, 0.75])).tolist()
        [2.0]
    """
    right = int(np.searchsorted(levels, 0.5))
    if right == len(levels):
        return quantiles[:, -1]
    if right == 0 or levels[right] == 0.5:
        return quantiles[:, right]
    part = (0.5 - levels[right - 1]) / (levels[right] - levels[right - 1])
    between: FloatArray = quantiles[:, right - 1] * (1 - part) + quantiles[:, right] * part
    return between


def row_pinball(actual: FloatArray, *, quantiles: FloatArray, levels: FloatArray) -> FloatArray:
    """Pinball loss of every row and level: ``max(q (y - f), (q - 1) (y - f))``.

    Args:
        actual: Shape ``[n]``.
        quantiles: Shape ``[n, q]``.
        levels: Shape ``[q]``.

    Returns:
        Non-negative losses in units of ``actual``, shape ``[n, q]``.

    Example:
        >>> row_pinball(np.array([4.0]), quantiles=np.array([[2.0]]), levels=np.array([0.9])).tolist()
        [[1.8]]

    References:
        Koenker and Bassett, "Regression quantiles", Econometrica 46 (1978).
    """
    gap = actual[:, None] - quantiles
    return np.maximum(levels * gap, (levels - 1) * gap)


def pinball_per_level(
    actual: npt.ArrayLike, *, quantiles: npt.ArrayLike, levels: Sequence[float]
) -> dict[float, float]:
    """Mean pinball loss of each level; see ``row_pinball``.

    Example:
        >>> pinball_per_level([4.0], quantiles=[[2.0, 5.0]], levels=(0.5, 0.9))[0.5]
        1.0
    """
    truth, table, probability = forecast(actual, quantiles=quantiles, levels=levels)
    losses = row_pinball(truth, quantiles=table, levels=probability).mean(axis=0)
    return {float(level): float(loss) for level, loss in zip(probability, losses, strict=True)}


def pinball(actual: npt.ArrayLike, *, quantiles: npt.ArrayLike, levels: Sequence[float]) -> float:
    """Pinball loss averaged over rows and levels, in units of ``actual``; see ``row_pinball``.

    Example:
        >>> pinball([4.0], quantiles=[[2.0]], levels=(0.5,))
        1.0
    """
    truth, table, probability = forecast(actual, quantiles=quantiles, levels=levels)
    return float(row_pinball(truth, quantiles=table, levels=probability).mean())


def wql(actual: npt.ArrayLike, *, quantiles: npt.ArrayLike, levels: Sequence[float]) -> float:
    """Weighted quantile loss: twice the pinball loss over the volume, averaged over levels.

    Args:
        actual: Shape ``[n]``.
        quantiles: Shape ``[n, q]``.
        levels: Length ``q``.

    Returns:
        A unitless loss; NaN when every actual is zero. With the median alone it equals WAPE.

    Raises:
        EvaluationError: If the arrays do not fit together.

    Example:
        >>> wql([4.0], quantiles=[[2.0]], levels=(0.5,))
        0.5

    References:
        Gasthaus et al., "Probabilistic forecasting with spline quantile function RNNs", AISTATS 2019, section
        4.
    """
    truth, table, probability = forecast(actual, quantiles=quantiles, levels=levels)
    total = np.abs(truth).sum()
    loss = 2 * row_pinball(truth, quantiles=table, levels=probability).sum(axis=0).mean()
    return float(loss / total) if total > 0 else float("nan")


def wape(actual: npt.ArrayLike, *, point: npt.ArrayLike) -> float:
    """Weighted absolute percentage error: summed absolute error over summed actual size.

    Args:
        actual: Shape ``[n]``.
        point: Point forecasts (the median minimises this), shape ``[n]``.

    Returns:
        A unitless error, 0.3 meaning 30 % of the volume; NaN when every actual is zero.

    Raises:
        EvaluationError: If the arrays do not fit together.

    Example:
        >>> wape([4.0, 6.0], point=[5.0, 5.0])
        0.2

    References:
        Kolassa and Schuetz, "Advantages of the MAD/mean ratio over the MAPE", Foresight 6 (2007).
    """
    truth = finite(actual, name="actual")
    error = np.abs(truth - finite(point, name="point", n_rows=len(truth))).sum()
    total = np.abs(truth).sum()
    return float(error / total) if total > 0 else float("nan")


def bias(actual: npt.ArrayLike, *, point: npt.ArrayLike) -> float:
    """Signed total error over total actual: ``sum(forecast - actual) / sum(actual)``; positive is too much.

    Example:
        >>> bias([4.0, 6.0], point=[5.0, 6.0])
        0.1
    """
    truth = finite(actual, name="actual")
    error = (finite(point, name="point", n_rows=len(truth)) - truth).sum()
    return float(error / truth.sum()) if truth.sum() else float("nan")


def mae(actual: npt.ArrayLike, *, point: npt.ArrayLike) -> float:
    """Mean absolute error, in units of ``actual``.

    Example:
        >>> mae([4.0, 6.0], point=[5.0, 6.0])
        0.5
    """
    truth = finite(actual, name="actual")
    errors = np.abs(truth - finite(point, name="point", n_rows=len(truth)))
    return float(errors.mean()) if len(errors) else float("nan")


def coverage(actual: npt.ArrayLike, *, low: npt.ArrayLike, high: npt.ArrayLike) -> float:
    """Share of rows whose actual value lies in ``[low, high]``; compare it with the nominal share.

    Example:
        >>> coverage([1.0, 9.0], low=[0.0, 0.0], high=[5.0, 5.0])
        0.5
    """
    truth = finite(actual, name="actual")
    inside = (truth >= finite(low, name="low", n_rows=len(truth))) & (truth <= finite(high, name="high"))
    return float(inside.mean()) if len(inside) else float("nan")
