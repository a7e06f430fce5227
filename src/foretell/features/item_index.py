"""The counters of items in order of item and day, readable at the end of any day.

This module owns the running sums behind item statistics. It refuses raw events (``item_statistics``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.features.codes import AMOUNT_UNIT, divide, encode, prefix_sum
from foretell.features.timeline import Timeline

__all__ = ["COUNTERS", "ItemIndex"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

COUNTERS: Final = ("actions", "purchases", "units", "price_sum", "priced", "discounted")
"""The counters of an item, day and user; ``units`` and ``price_sum`` in ten-thousandths."""

_WINDOWED: Final = ("actions", "purchases", "units")
_NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class _Visits:
    """Days on which users bought items ("visits"), in order of item, then day.

    ``running`` counts first visits (``buyers``), second ones (``returned``), all after the first (``again``)
    and the days since the visit before (``gap_days``). ``next_day`` is when the same user comes for the item
    again.
    """

    item: Integers
    day: Integers
    next_day: Integers
    line: Timeline
    running: dict[str, Integers]

    @classmethod
    def of(cls, item: Integers, *, day: Integers, user: Integers, n_items: int) -> _Visits:
        pair = item * (int(user.max(initial=0)) + 1) + user
        order = np.argsort(pair, kind="stable")
        same = np.diff(pair[order], prepend=-1) == 0
        row = np.arange(len(pair))
        nth, gap = np.zeros_like(day), np.zeros_like(day)
        nth[order] = row - np.maximum.accumulate(np.where(same, 0, row))
        following, before = order[same], order[np.flatnonzero(same) - 1]
        gap[following] = day[following] - day[before]
        next_day = np.full(len(day), _NEVER)
        next_day[before] = day[following]
        counted = {"buyers": nth == 0, "returned": nth == 1, "again": nth > 0, "gap_days": gap}
        line = Timeline.of(item, time=day, n_owners=n_items)
        return cls(item, day, next_day, line, {name: prefix_sum(values) for name, values in counted.items()})


@dataclass(frozen=True)
class ItemIndex:
    """Running sums of the counters by item.

    Attributes:
        names: The item ids, sorted; an item's code is its place here.
        line: The counters' rows as a timeline by item, days as moments.
        running: The running sum of each of ``COUNTERS``.
        first_day: The day each item was first seen.
        visits: Days on which users bought items.
        over: By window, when each visit stops counting its user as a buyer in the window.
    """

    names: pl.Series
    line: Timeline
    running: dict[str, Integers]
    first_day: Integers
    visits: _Visits
    over: dict[int, Timeline] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, daily: pl.DataFrame) -> ItemIndex:
        """Index counters that have one row an item, day and user.

        Example:
            >>> row = {"item_id": ["tea"], "day": [3], "user_id": ["ann"]} | {name: [1] for name in COUNTERS}
            >>> ItemIndex.of(pl.DataFrame(row)).items_until(3).tolist()
            [0]
        """
        item, names = encode(daily[columns.ITEM_ID])
        user, users = encode(daily[columns.USER_ID])
        day = daily["day"].to_numpy()
        since, n_days = int(day.min(initial=0)), int(np.ptp(day)) + 1 if len(day) else 1
        order = np.argsort((item * n_days + (day - since)) * max(len(users), 1) + user)
        item, day, user = item[order], day[order], user[order]
        line = Timeline.of(item, time=day, n_owners=len(names))
        running = {name: prefix_sum(daily[name].to_numpy()[order]) for name in COUNTERS}
        bought = daily["purchases"].to_numpy()[order] > 0
        visits = _Visits.of(item[bought], day=day[bought], user=user[bought], n_items=len(names))
        return cls(names, line, running, day[line.starts[:-1]], visits)

    def items_until(self, last_day: int) -> Integers:
        """The codes of the items seen up to and including day ``last_day``."""
        return np.flatnonzero(self.first_day <= last_day)

    def find(self, items: pl.Series) -> Integers:
        """The code of each item, -1 for items never seen."""
        if not len(self.names):
            return np.full(len(items), -1, dtype=np.int64)
        asked = items.cast(pl.String)
        at = np.minimum(self.names.search_sorted(asked).to_numpy().astype(np.int64), len(self.names) - 1)
        found = (self.names.gather(at) == asked).fill_null(False).to_numpy()
        return np.where(found, at, -1)

    def values(
        self, code: Integers, *, last_day: int, windows_days: tuple[int, ...]
    ) -> Iterator[tuple[str, Floats | Integers]]:
        """Every statistic of the items ``code`` (-1: never seen) at the end of day ``last_day``."""
        code = np.where(code < 0, len(self.names), code)
        rows, visits = self.line, self.visits.line
        first, end = rows.starts[code], _until(rows, code, last_day)
        until = {name: run[end] - run[first] for name, run in self.running.items()}
        first_visit, last_visit = visits.starts[code], _until(visits, code, last_day)
        visited = {name: run[last_visit] - run[first_visit] for name, run in self.visits.running.items()}
        rates: list[Floats] = []
        for days in windows_days:
            before = _until(rows, code, last_day - days)
            counts = {name: self.running[name][end] - self.running[name][before] for name in _WINDOWED}
            yield f"shop_action_count_{days}_days", counts["actions"]
            yield f"shop_purchase_count_{days}_days", counts["purchases"]
            yield f"shop_unit_count_{days}_days", counts["units"] / AMOUNT_UNIT
            # Buyers are visits begun less visits over: see ``Ledger.distinct``.
            over = _until(self._over(days), code, last_day) - first_visit
            yield f"shop_buyer_count_{days}_days", last_visit - first_visit - over
            yield f"shop_order_count_{days}_days", last_visit - _until(visits, code, last_day - days)
            rates.append(counts["purchases"] / days)
        yield "shop_purchase_count_all_time", until["purchases"]
        yield "shop_trend_ratio", divide(rates[0], rates[min(1, len(rates) - 1)])
        yield "shop_repeat_share", divide(visited["returned"], visited["buyers"])
        yield "shop_gap_mean_days", divide(visited["gap_days"], visited["again"])
        age = last_day + 1 - np.append(self.first_day, 0)[code]
        yield "shop_age_days", np.where(until["actions"] > 0, age, np.nan)
        yield "shop_price_mean", divide(until["price_sum"] / AMOUNT_UNIT, until["priced"])
        yield "shop_discount_share", divide(until["discounted"], until["purchases"])

    def _over(self, days: int) -> Timeline:
        if days not in self.over:
            over = np.minimum(self.visits.next_day, self.visits.day + days)
            self.over[days] = Timeline.of(self.visits.item, time=over, n_owners=len(self.names), ordered=False)
        return self.over[days]


def _until(line: Timeline, code: Integers, day: int) -> Integers:
    """The row after each item's last up to and including ``day``."""
    return line.position(code, tick=line.tick(np.array([day])))
