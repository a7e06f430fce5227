"""Features of an item's coming weeks: past weekly units, prices, promotions known ahead, holidays.

This module owns the table that demand is forecast from, with the units themselves as its label. Apart from
the promotions, which are known ahead, and the label, nothing after the cutoff is read. It refuses to
forecast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.features.categories import CategoryMap
from foretell.features.codes import divide
from foretell.features.lags import WEEK, Lags, past_prices, past_units
from foretell.features.moments import HOLIDAYS, holiday_days, year_phase
from foretell.features.promotion_response import promotion_features
from foretell.features.promotions import Promotions
from foretell.features.sales import Sales
from foretell.features.year_ago import YEAR, units_ahead, year_ago

__all__ = ["IN_UNITS", "KEYS", "LABEL_UNITS", "demand_features"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Named = Iterator[tuple[str, Floats]]

LABEL_UNITS: Final = "units"
KEYS: Final = (columns.ITEM_ID, columns.CUTOFF, "week", columns.START, columns.END)

IN_UNITS: Final = re.compile(
    r"units_(week_\d+|(mean|std)_\d+_weeks|same_week_last_year)|.+_units_(mean|slope|expected)"
    r"|plain_week_units_mean|promotion_.+_expected_units"
)
"""Features that count units: a model of many items reads them relative to what is much for the item."""

_N_LAGS: Final = 26
_N_CATEGORY_LAGS: Final = 13
_BLOCK_CELLS: Final = 150_000


def demand_features(
    events: pl.DataFrame,
    *,
    cutoffs: Sequence[int],
    item_ids: Sequence[str] | pl.Series,
    categories: CategoryMap | None = None,
    promotions: pl.DataFrame | None = None,
    weeks: int = 4,
    log_end: int | None = None,
) -> pl.DataFrame:
    """One row for each item, cutoff and coming week, in this order.

    Week w is ``(cutoff + 7 (w - 1) days, cutoff + 7 w days]``; past week k is ``(cutoff - 7 k days, cutoff -
    7 (k - 1) days]`` and counts only if it lies within the log.

    Args:
        events: ``HISTORY_SCHEMA`` or an event log's events; any row order.
        cutoffs: int64 microseconds.
        item_ids: The items asked about, distinct.
        categories: Which category each item belongs to.
        promotions: ``item_id``, ``start``, ``end`` and numeric columns, known ahead.
        weeks: How many coming weeks.
        log_end: Until when the log is complete; the end of its last UTC day if not given. Labels of weeks
            that end later are null.

    Returns:
        ``item_id``, ``cutoff``, ``week``, ``start``, ``end`` (of the week), the Float32 features, and the
        label ``units`` (Float64). Features are null where they are not defined.

    Example:
        >>> events = pl.DataFrame({"time": [DAY, 9 * DAY], "action": "purchase", "item_id": "tea"})
        >>> asked = {"cutoffs": [8 * DAY - 1], "item_ids": ["tea"], "weeks": 1}
        >>> frame = demand_features(events, **asked, log_end=15 * DAY)
        >>> frame.select("item_id", "week", "units_week_1", "units").rows()
        [('tea', 1, 1.0, 1.0)]
    """
    ids = pl.Series(columns.ITEM_ID, item_ids, dtype=pl.String)
    sales = Sales.of(events, item_ids=ids, categories=categories or CategoryMap.of(None))
    question = _Question(
        ids,
        np.array(cutoffs, dtype=np.int64),
        weeks,
        sales,
        Promotions.of(promotions, item_ids=ids),
        sales.end if log_end is None else log_end,
    )
    n_items = max(1, _BLOCK_CELLS // max(len(cutoffs), 1))
    starts = range(0, max(len(ids), 1), n_items)
    return pl.concat([question.rows(np.arange(start, min(start + n_items, len(ids)))) for start in starts])


@dataclass(frozen=True)
class _Question:
    """What is asked of which sales; answered for some items at a time, which bounds memory."""

    ids: pl.Series
    cutoffs: Integers
    weeks: int
    sales: Sales
    promotions: Promotions
    complete_until: int

    def rows(self, item: Integers) -> pl.DataFrame:
        """The rows of some items: cells of item and cutoff ``[I * C]`` once, then repeated over the weeks."""
        n_cells = len(item) * len(self.cutoffs)
        week = np.tile(np.arange(1, self.weeks + 1), n_cells)
        cutoff = np.repeat(np.tile(self.cutoffs, len(item)), self.weeks)
        start, end = cutoff + (week - 1) * WEEK, cutoff + week * WEEK
        keys = {
            columns.ITEM_ID: self.ids.gather(np.repeat(item, len(self.cutoffs) * self.weeks)),
            columns.CUTOFF: pl.Series(cutoff),
            "week": pl.Series(week, dtype=pl.Int32),
            columns.START: pl.Series(start),
            columns.END: pl.Series(end),
        }
        values = {
            name: numbers if len(numbers) == len(week) else np.repeat(numbers, self.weeks)
            for name, numbers in self._features(item)
        }
        values |= dict(_calendar(start, end)) | {"horizon_weeks": week.astype(np.float64)}
        bounds = self.cutoffs[:, None] + np.arange(self.weeks + 1) * WEEK
        sold = units_ahead(self.sales.by_item, owner=item, bounds=bounds).ravel()
        return pl.DataFrame(keys).with_columns(
            *(pl.Series(name, numbers.astype(np.float32), nan_to_null=True) for name, numbers in values.items()),
            pl.Series(LABEL_UNITS, np.where(end <= self.complete_until, sold, np.nan), nan_to_null=True),
        )

    def _features(self, item: Integers) -> Named:
        """Features of each cell, ``[I * C]``, or of each of its weeks, ``[I * C * weeks]``."""
        by_item, log_start = self.sales.by_item, self.sales.start
        lags = Lags.of(by_item, owner=item, cutoffs=self.cutoffs, log_start=log_start, n_lags=_N_LAGS)
        yield from past_units(lags)
        yield from past_prices(lags)
        yield from self._category(item, lags)
        yield from self._last_year(item)
        yield from promotion_features(self.promotions, item=item, cutoffs=self.cutoffs, weeks=self.weeks, lags=lags)

    def _last_year(self, item: Integers) -> Named:
        """The same weeks a year before, of the item, of its category and of the shop."""
        log_start = self.sales.start
        read = partial(year_ago, cutoffs=self.cutoffs, weeks=self.weeks, log_start=log_start)
        bounds = self.cutoffs[:, None] + np.arange(self.weeks + 1) * WEEK - YEAR
        known = np.tile(bounds[:, :-1] + 1 >= log_start, (len(item), 1))
        units = units_ahead(self.sales.by_item, owner=item, bounds=bounds)
        yield "units_same_week_last_year", np.where(known, units, np.nan).ravel()
        yield from read(self.sales.by_item, owner=item, prefix="units")
        n_categories = len(self.sales.by_category.line.starts) - 1
        category = np.arange(n_categories)
        for name, numbers in read(self.sales.by_category, owner=category, prefix="category_units"):
            yield name, self._spread(numbers, self.sales.category[item], n_owners=n_categories)
        shop = np.zeros(1, dtype=np.int64)
        for name, numbers in read(self.sales.of_shop, owner=shop, prefix="shop_units"):
            yield name, self._spread(numbers, np.zeros_like(item), n_owners=1)

    def _category(self, item: Integers, lags: Lags) -> Named:
        """Past weeks of each item's category relative to its level, and the item's part in them."""
        by_category, log_start = self.sales.by_category, self.sales.start
        n_categories = len(by_category.line.starts) - 1
        owner = np.arange(n_categories)
        whole = Lags.of(by_category, owner=owner, cutoffs=self.cutoffs, log_start=log_start, n_lags=_N_CATEGORY_LAGS)
        level, category = whole.level(), self.sales.category[item]

        def spread(numbers: Floats) -> Floats:
            return self._spread(numbers, category, n_owners=n_categories)

        for lag in range(4):
            yield f"category_units_week_{lag + 1}_ratio", spread(divide(whole.week(lag), level))
        for n_weeks in (4, 13):
            mean = whole.mean(whole.units, last=n_weeks)
            yield f"category_share_{n_weeks}_weeks", divide(lags.mean(lags.units, last=n_weeks), spread(mean))

    def _spread(self, numbers: Floats, owner: Integers, *, n_owners: int) -> Floats:
        """Numbers of owners at cutoffs (``[O * C]``, or ``[O * C * weeks]``) for items of these owners; -1 has none."""
        size = len(self.cutoffs)
        table = numbers.reshape(n_owners, size, -1) if numbers.size else np.empty((0, size, 1))
        none = np.full((1, *table.shape[1:]), np.nan)
        spread: Floats = np.concatenate([table, none])[owner].ravel()
        return spread


def _calendar(start: Integers, end: Integers) -> Named:
    """Time of the year and holidays of the weeks ``(start, end]``."""
    yield from zip(("week_year_sine", "week_year_cosine"), year_phase(start + (end - start) // 2), strict=True)
    # The week begins right after ``start``: its first UTC day is that of the next microsecond.
    first_day, last_day = (start + 1) // DAY, end // DAY
    for name in HOLIDAYS:
        days = holiday_days(name, moment=start + 1)
        yield f"week_has_{name}", ((days >= first_day) & (days <= last_day)).astype(np.float64)
        yield f"days_to_{name}", (days - first_day).astype(np.float64)
