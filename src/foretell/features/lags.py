"""Past weeks of sales, week by week back from each cutoff, and what is read off them.

This module owns the lag table of items (or categories) at cutoffs and the plain demand features. A week
counts only if it lies within the log. Sums over weeks are added in a fixed order, so that one item alone and
all together give the same bits. It refuses to look after the cutoff.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.time import DAY
from foretell.features.codes import AMOUNT_UNIT, divide
from foretell.features.sales import SoldBy
from foretell.features.timeline import elapsed_days

__all__ = ["WEEK", "Lags", "past_prices", "past_units"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

WEEK: Final = 7 * DAY
_MEANS: Final = (4, 8, 13, 26)


@dataclass(frozen=True)
class Lags:
    """Units of the past weeks of owners at cutoffs; a cell is an owner at a cutoff, ``[O * C]`` by owner.

    Attributes:
        sold: The sales the lags are read from.
        cutoff: The cutoff of each cell, ``[O * C]``.
        start: The first row of each cell's owner in ``sold``, ``[O * C]``.
        at: Rows sold until each bound, ``[O * C, L + 1]``; bound k is k weeks before the cutoff.
        units: By past week, the last first, ``[L, O * C]``.
        known: Whether the week lies within the log, ``[L, O * C]``.
    """

    sold: SoldBy
    cutoff: Integers
    start: Integers
    at: Integers
    units: Floats
    known: Flags

    @classmethod
    def of(cls, sold: SoldBy, *, owner: Integers, cutoffs: Integers, log_start: int, n_lags: int) -> Lags:
        """Read ``n_lags`` weeks back from every cutoff, for every owner."""
        bounds = cutoffs[:, None] - np.arange(n_lags + 1) * WEEK
        at = sold.until(owner, moment=bounds).reshape(-1, n_lags + 1)
        units = -np.diff(sold.running["units"][at], axis=1).T / AMOUNT_UNIT
        known = np.tile(bounds[:, 1:] + 1 >= log_start, (len(owner), 1)).T
        start = np.repeat(sold.line.starts[owner], len(cutoffs))
        return cls(sold, np.tile(cutoffs, len(owner)), start, at, np.ascontiguousarray(units), known)

    def total(self, values: Floats, *, first: int = 0, last: int, where: Flags | None = None) -> Floats:
        """Sum of ``values`` ``[L, O * C]`` over the weeks ``first..last`` within the log (and ``where``)."""
        result = np.zeros(values.shape[1])
        for lag in range(first, last):
            counted = self.known[lag] if where is None else self.known[lag] & where[lag]
            result += np.where(counted, values[lag], 0.0)
        return result

    def count(self, *, first: int = 0, last: int, where: Flags | None = None) -> Integers:
        """How many of the weeks ``first..last`` lie within the log (and ``where``)."""
        known = self.known[first:last] if where is None else self.known[first:last] & where[first:last]
        counts: Integers = known.sum(axis=0)
        return counts

    def mean(self, values: Floats, *, first: int = 0, last: int, where: Flags | None = None) -> Floats:
        """Mean of ``values`` over the counted weeks, NaN where there is none."""
        total = self.total(values, first=first, last=last, where=where)
        return divide(total, self.count(first=first, last=last, where=where))

    def week(self, lag: int) -> Floats:
        """Units of one past week (0 is the last), NaN where it lies before the log."""
        return np.where(self.known[lag], self.units[lag], np.nan)

    def level(self) -> Floats:
        """What is sold in a week lately, one number a cell: halfway between the means of 4 and of 13 weeks."""
        return (self.mean(self.units, last=4) + self.mean(self.units, last=13)) / 2


def past_units(lags: Lags) -> Iterator[tuple[str, Floats]]:
    """Lags, means, spread, zeros and trend of weekly units, one number a cell."""
    for lag in range(4):
        yield f"units_week_{lag + 1}", lags.week(lag)
    means = {n_weeks: lags.mean(lags.units, last=n_weeks) for n_weeks in _MEANS}
    for n_weeks, mean in means.items():
        yield f"units_mean_{n_weeks}_weeks", mean
    square = lags.mean((lags.units - means[13]) ** 2, last=13)
    yield "units_std_13_weeks", np.sqrt(square)
    yield "units_zero_share_13_weeks", lags.mean((lags.units == 0).astype(np.float64), last=13)
    before = lags.mean(lags.units, first=4, last=8)
    yield "units_trend_4_weeks", divide(means[4] - before, means[4] + before)
    yield "units_last_week_ratio", divide(lags.week(0), means[4])


def past_prices(lags: Lags) -> Iterator[tuple[str, Floats]]:
    """Age of the first and last sale, mean price and its change, share sold on discount; by cell."""
    until, time, running = lags.at[:, 0], np.append(lags.sold.time, 0), lags.sold.running
    ever = until > lags.start
    for name, row in (("first", lags.start), ("last", until - 1)):
        age = elapsed_days(lags.cutoff - time[np.where(ever, row, -1)]) / 7
        yield f"{name}_sale_age_weeks", np.where(ever, age, np.nan)
    means: dict[int, Floats] = {}
    for n_weeks in (4, 13):
        since = lags.at[:, n_weeks]
        total, rows = (running[name][until] - running[name][since] for name in ("price_sum", "priced"))
        means[n_weeks] = divide(total / AMOUNT_UNIT, rows)
        yield f"price_mean_{n_weeks}_weeks", means[n_weeks]
    yield "price_change_ratio", divide(means[4], means[13])
    since = lags.at[:, 4]
    discounted, rows = (running[name][until] - running[name][since] for name in ("discounted", "rows"))
    yield "discounted_share_4_weeks", divide(discounted, rows)
