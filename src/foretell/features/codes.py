"""Small integers in place of text, and exact integers in place of money.

This module owns the conversions every feature rests on: identifiers become codes in the order of their text
(so a batch and a single user order items alike), amounts become whole ten-thousandths (so sums do not depend
on the order of addition), and the one division at the end. It refuses to know what the columns mean.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = [
    "AMOUNT_UNIT",
    "LARGEST_AMOUNT",
    "deviation",
    "divide",
    "encode",
    "group_starts",
    "lookup",
    "prefix_sum",
    "to_amount",
]

AMOUNT_UNIT: Final = 10_000
"""How many parts one unit of money (or quantity) is kept in."""

LARGEST_AMOUNT: Final = float(2**52)
"""Larger amounts are cut off: they would not fit whole numbers of floats."""


def encode(values: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """Codes of a text column and the names they stand for, in the order of the text.

    Returns:
        int64 codes of shape ``[N]`` (-1 where the text is null) and the sorted distinct names.

    Example:
        >>> codes, names = encode(pl.Series(["tea", None, "bun", "tea"]))
        >>> codes.tolist(), names.to_list()
        ([1, -1, 0, 1], ['bun', 'tea'])
    """
    names = values.drop_nulls().unique().sort()
    return lookup(values, names=names), names


def lookup(values: pl.Series, *, names: pl.Series) -> NDArray[np.int64]:
    """The position of each value in the distinct ``names``, -1 where it is null or not among them.

    Example:
        >>> lookup(pl.Series(["tea", "rum", None]), names=pl.Series(["bun", "tea"])).tolist()
        [1, -1, -1]
    """
    if not len(names) or values.dtype == pl.Null:
        return np.full(len(values), -1, dtype=np.int64)
    physical = values.cast(pl.Enum(names), strict=False).to_physical()
    codes: NDArray[np.int64] = physical.cast(pl.Int64).fill_null(-1).to_numpy()
    return codes


def to_amount(values: pl.Series) -> NDArray[np.int64]:
    """Whole ten-thousandths of each amount, halves upwards (as every engine can); null and non-finite ones are 0.

    Example:
        >>> to_amount(pl.Series([1.25, None, float("nan")])).tolist()
        [12500, 0, 0]
    """
    numbers = values.cast(pl.Float64).fill_null(0.0).to_numpy()
    scaled = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0) * AMOUNT_UNIT
    whole: NDArray[np.int64] = np.floor(np.clip(scaled, -LARGEST_AMOUNT, LARGEST_AMOUNT) + 0.5).astype(np.int64)
    return whole


def prefix_sum(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Running totals with a leading 0, shape ``[N + 1]``: rows ``a..b`` sum to ``p[b] - p[a]``, exactly.

    Should the running total pass 2**63 it wraps around; differences stay exact as long as they fit
    themselves.

    Example:
        >>> prefix_sum(np.array([2, 3, 4])).tolist()
        [0, 2, 5, 9]
    """
    totals = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=totals[1:])
    return totals


def group_starts(codes: NDArray[np.int64], *, n_groups: int) -> NDArray[np.int64]:
    """Where each group of sorted ``codes`` starts, shape ``[n_groups + 1]``.

    Example:
        >>> group_starts(np.array([0, 0, 2]), n_groups=3).tolist()
        [0, 2, 2, 3]
    """
    return prefix_sum(np.bincount(codes, minlength=n_groups))


def divide(
    numerator: NDArray[np.integer] | NDArray[np.floating],
    denominator: NDArray[np.integer] | NDArray[np.floating],
) -> NDArray[np.float64]:
    """Quotient, NaN where the denominator is not positive.

    Example:
        >>> divide(np.array([1, 1]), np.array([2, 0])).tolist()
        [0.5, nan]
    """
    positive = denominator > 0
    return np.where(positive, numerator / np.where(positive, denominator, 1), np.nan)


def deviation(total: NDArray[np.int64], squares: NDArray[np.int64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sample standard deviation of ``n`` whole numbers from their exact sum and sum of squares, NaN below two.

    Centred on the whole part of the mean before the one division, so that nothing is lost to rounding.

    Example:
        >>> deviation(np.array([6]), np.array([14]), np.array([3])).tolist()
        [1.0]
    """
    several = np.maximum(n, 1)
    centre = total // several
    spread = squares - 2 * centre * total + several * centre * centre
    rest = (total - several * centre).astype(np.float64)
    variance = divide(spread - rest * rest / several, n - 1)
    return np.sqrt(np.maximum(variance, 0.0))
