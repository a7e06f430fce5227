"""The same weeks a year before: where a year of sales went up and down, read for the weeks that come.

This module owns features that compare a week of last year with the level of sales around it, and the level now with
that of a year ago. A week counts only if it lies within the log. It refuses logs shorter than a year by answering
nothing (NaN), not by guessing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.features.codes import AMOUNT_UNIT, divide
from foretell.features.lags import WEEK, Lags
from foretell.features.sales import SoldBy

__all__ = ["YEAR", "units_ahead", "year_ago"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

YEAR: Final = 52 * WEEK
"""A year of whole weeks, so that a weekday meets its like."""

_LEVEL_WEEKS: Final = 13
_NEIGHBOURS: Final = {"before": -1, "same": 0, "after": 1}


def year_ago(
    sold: SoldBy, *, owner: Integers, cutoffs: Integers, weeks: int, log_start: int, prefix: str
) -> Iterator[tuple[str, Floats]]:
    """Of each owner at each cutoff, last year's weeks relative to last year's level, and the growth since then.

    A holiday may fall a week earlier or later than a year ago, hence the weeks before and after the same one.

    Args:
        sold: The sales.
        owner: Positions of the owners asked about, ``[O]``.
        cutoffs: int64 microseconds, ``[C]``.
        weeks: How many coming weeks.
        log_start: The first day of the log.
        prefix: What the names begin with, for example ``"units"``.

    Returns:
        ``<prefix>_week_<before|same|after>_last_year_ratio``, one number a coming week, ``[O * C * weeks]``; and
        ``<prefix>_growth_since_last_year``, one number a cell, ``[O * C]``.
    """
    now, then = (
        Lags.of(sold, owner=owner, cutoffs=at, log_start=log_start, n_lags=_LEVEL_WEEKS).level()
        for at in (cutoffs, cutoffs - YEAR)
    )
    yield f"{prefix}_growth_since_last_year", divide(now, then)
    bounds = cutoffs[:, None] + np.arange(-1, weeks + 2) * WEEK - YEAR
    units = units_ahead(sold, owner=owner, bounds=bounds)
    known = np.tile(bounds[:, :-1] + 1 >= log_start, (len(owner), 1))
    relative = np.where(known, divide(units, np.broadcast_to(then[:, None], units.shape)), np.nan)
    for name, shift in _NEIGHBOURS.items():
        ratio = relative[:, 1 + shift : 1 + shift + weeks]
        yield f"{prefix}_week_{name}_last_year_ratio", np.ascontiguousarray(ratio).ravel()


def units_ahead(sold: SoldBy, *, owner: Integers, bounds: Integers) -> Floats:
    """Units between consecutive bounds ``[C, K + 1]`` of every owner: ``[O * C, K]``."""
    at = sold.until(owner, moment=bounds)
    units: Floats = np.diff(sold.running["units"][at], axis=-1).reshape(-1, bounds.shape[1] - 1) / AMOUNT_UNIT
    return units
