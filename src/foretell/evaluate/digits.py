"""Figures of metrics as people read them: how many decimals, and when more are needed.

This module owns the choice of decimals: figures that differ must look different beside each other, and figures that
do not must not seem to. It refuses names and sentences (``words``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from foretell.evaluate.definitions import definition
from foretell.evaluate.words import MISSING

__all__ = ["decimals", "decimals_apart", "decimals_nonzero", "figure", "interval_text", "signed"]

_MORE_DECIMALS: Final = 3
"""How many more decimals than usual figures may get to tell them apart; beyond lies rounding."""


def figure(metric: str, *, value: float | None, like: float | None = None, digits: int | None = None) -> str:
    """A metric's value in its own form, with decimals that suit its size.

    Args:
        metric: Which metric.
        value: The figure.
        like: Another figure whose size sets the decimals, so that figures side by side have equally many.
        digits: How many decimals, where that is settled already.

    Returns:
        A text; a dash when there is no figure.

    Example:
        >>> figure("auc", value=0.84321), figure("wape", value=0.3012), figure("qini", value=0.00123)
        ('0.843', '30.1%', '0.0012')
        >>> figure("auc", value=0.84321, digits=4)
        '0.8432'
    """
    if value is None or not math.isfinite(value):
        return MISSING
    places = decimals(metric, value=value if like is None else like) if digits is None else digits
    share = definition(metric).form == "percent"
    shown = f"{100 * value:.{places}f}%" if share else f"{value:,.{places}f}"
    return shown.replace("-", "\u2212")


def decimals(metric: str, *, value: float) -> int:
    """How many decimals a figure of that size is shown with.

    Example:
        >>> decimals("auc", value=0.8), decimals("wape", value=0.3), decimals("qini", value=0.00123)
        (3, 1, 4)
    """
    form, size = definition(metric).form, abs(value)
    if form == "percent":
        return 1 - math.floor(math.log10(100 * size)) if 1e-5 < 100 * size < 1 else 1
    if form == "units" and size >= 10:
        return 1
    # Two digits that say something, for figures far below the usual 0.8; rounding noise gets the usual three.
    return min(6, 1 - math.floor(math.log10(size))) if 1e-6 <= size < 0.01 else 3


def decimals_apart(metric: str, *, value: float, others: Sequence[float | None]) -> int:
    """As many decimals as it takes for a figure to look different from those it differs from.

    Args:
        metric: Which metric.
        value: The figure.
        others: What it is compared with; missing and equal ones do not count.

    Returns:
        At least the usual number; the usual one too where more would only show rounding.

    Example:
        >>> decimals_apart("auc", value=0.8777, others=[0.8767]), decimals_apart("auc", value=0.9704, others=[0.97])
        (3, 4)
    """
    least = decimals(metric, value=value)
    different = [other for other in others if other is not None and math.isfinite(other) and other != value]
    for places in range(least, least + _MORE_DECIMALS + 1):
        mine = figure(metric, value=value, digits=places)
        if all(figure(metric, value=other, digits=places) != mine for other in different):
            return places
    return least


def decimals_nonzero(metric: str, *, values: Sequence[float]) -> int:
    """As many decimals as it takes for none of some differences to look like zero unless it is; at least the usual.

    Example:
        >>> decimals_nonzero("auc", values=[0.00102, 0.00004, 0.00206])
        5
    """
    least = decimals(metric, value=max((abs(value) for value in values), default=0.0))
    for places in range(least, least + _MORE_DECIMALS + 1):
        if all(
            any(sign in "123456789" for sign in figure(metric, value=value, digits=places)) for value in values if value
        ):
            return places
    return least


def signed(metric: str, *, value: float | None, like: float | None = None, digits: int | None = None) -> str:
    """A difference of a metric with its sign; a true minus, so that columns align.

    Args:
        metric: Which metric; differences of percentages are percentage points.
        value: The difference.
        like: Another figure whose size sets the decimals.
        digits: How many decimals, where that is settled already.

    Returns:
        A text; a dash when there is no figure.

    Example:
        >>> signed("auc", value=0.0213), signed("wape", value=-0.05)
        ('+0.021', '\u22125.0')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    size = figure(metric, value=abs(value), like=None if like is None else abs(like), digits=digits).removesuffix("%")
    sign = "" if not any(digit in "123456789" for digit in size) else "\u2212" if value < 0 else "+"
    return f"{sign}{size}"


def interval_text(metric: str, *, interval: Mapping[str, float], digits: int | None = None) -> str:
    """The ends of an interval, with as many decimals as its value or as told.

    Example:
        >>> interval_text("auc", interval={"value": 0.8, "low": 0.7, "high": 0.9})
        '0.700 \u2013 0.900'
    """
    low, high = (figure(metric, value=interval[end], like=interval["value"], digits=digits) for end in ("low", "high"))
    return f"{low} \u2013 {high}"
