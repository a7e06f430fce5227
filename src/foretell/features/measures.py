"""The classical measures of how two columns go together: information, chi-squared, variance, correlation.

This module owns the formulas. It refuses to cut numbers into bins and to judge (``association``, ``selection``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["anova", "chi_squared", "mutual_information_bits", "pearson"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_LARGEST: Final = float(np.finfo(np.float64).max)
_TINY: Final = float(np.finfo(np.float64).tiny)


def mutual_information_bits(table: Floats) -> float:
    """Mutual information of a table of counts in bits, less what chance alone adds; never below 0.

    Example:
        >>> mutual_information_bits(np.array([[500.0, 0.0], [0.0, 500.0]])) > 0.99
        True

    References:
        Shannon (1948); Miller (1955), Note on the Bias of Information Estimates, for the correction.
    """
    total = table.sum()
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / total
    full = table > 0
    bits = float((table[full] * np.log2(table[full] / expected[full])).sum() / total)
    excess = (table.shape[0] - 1) * (table.shape[1] - 1) / (2.0 * total * np.log(2.0))
    return max(bits - float(excess), 0.0)


def chi_squared(table: Floats) -> float:
    """Pearson's statistic of a table of counts; 0 where it has a single row or column.

    Example:
        >>> chi_squared(np.array([[10.0, 20.0], [20.0, 10.0]])).__round__(3)
        6.667

    References:
        Pearson (1900), Philosophical Magazine 50.
    """
    if min(table.shape) < 2:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def anova(groups: Integers, numbers: Floats) -> tuple[float, int, int]:
    """One-way analysis of variance of ``numbers`` over the groups: the F ratio and its two degrees of freedom.

    The ratio of groups that leave nothing unexplained is the largest number there is.

    Example:
        >>> anova(np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 3.0, 4.0]))
        (8.0, 1, 2)

    References:
        Fisher (1925), Statistical Methods for Research Workers, chapter VII.
    """
    counts = np.bincount(groups)
    full = counts > 0
    n_groups, n_rows = int(full.sum()), len(numbers)
    if n_groups < 2 or n_rows <= n_groups:
        return 0.0, 1, 1
    # Scaled first: the ratio is the same, and squares of huge numbers stay finite.
    scaled = numbers / max(float(np.abs(numbers).max()), _TINY)
    centred = scaled - scaled.mean()
    between = float((np.bincount(groups, weights=centred)[full] ** 2 / counts[full]).sum())
    within = float(centred @ centred) - between
    if within <= 0:
        return (_LARGEST if between > 0 else 0.0), n_groups - 1, n_rows - n_groups
    return between / (n_groups - 1) / (within / (n_rows - n_groups)), n_groups - 1, n_rows - n_groups


def pearson(x: Floats, y: Floats) -> float:
    """Pearson's correlation; 0 where one of the two does not vary.

    Example:
        >>> pearson(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])).__round__(6)
        1.0
    """
    if len(x) < 2:
        return 0.0
    x, y = (values / max(float(np.abs(values).max()), _TINY) for values in (x, y))
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip(x @ y / scale, -1.0, 1.0)) if scale > 0 else 0.0
