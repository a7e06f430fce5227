"""The shop's calendar: weekdays, trend, launches, promotions, stock-outs and campaigns, day by day.

This module owns everything that varies by day and not by customer. It refuses to look at behaviour:
promotions and stock-outs are drawn beforehand, so that a stock-out is never the consequence of a sale.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.simulate.catalogue import Catalogue
from foretell.simulate.config import ShopConfig
from foretell.simulate.randomness import Streams
from foretell.simulate.words import CATEGORIES

__all__ = ["CAMPAIGN_DAYS", "HORIZON_DAYS", "Calendar", "Market", "campaign_ids"]

CAMPAIGN_DAYS = 14
CAMPAIGN_EVERY_DAYS = 30
HORIZON_DAYS = 28
"""How far past the log promotions and stock-outs are drawn, so that the last cutoff has a truth."""

_WEEKDAY = np.array([-0.7, -0.6, -0.3, 0.0, 0.2, 1.0, 0.4])
_PROMOTED_SHARE = 0.08
_STOCKOUTS_PER_DAY = 0.008


class Market:
    """One day, worked out at construction.

    Args:
        config: The shop's settings.
        catalogue: Its items.
        day: The day; 0 is the first of the log.
        price_cut: ``[I]`` share the known promotion takes off, 0 without one.
        missing: Items out of stock.

    Attributes:
        level: Factor on every purchase hazard: weekday and trend.
        traffic: Factor on every customer's visits: weekday.
        price_cut: ``[I]`` as given.
        promotion: ``[I]`` demand factor of the promotion.
        available: ``[I]`` launched and in stock.
        demand: ``[I]`` share x drift x promotion of launched items, as if all were in stock.
        edges: ``[I + 1]`` running sum of ``demand`` over available items.
        category_edges: ``[C + 1]`` the same at the end of each category.
        category_weight: ``[C]`` sum of ``demand`` over available items.
    """

    def __init__(
        self,
        config: ShopConfig,
        *,
        catalogue: Catalogue,
        day: int,
        price_cut: NDArray[np.float64],
        missing: NDArray[np.int64],
    ) -> None:
        causes = config.causes
        weekday = _WEEKDAY[(config.start.weekday() + day) % 7] * causes.weekly_strength
        self.level = float((1 + weekday) * np.exp(causes.trend_per_year * day / 365))
        self.traffic = float(1 + 0.5 * weekday)
        self.price_cut = price_cut
        self.promotion: NDArray[np.float64] = np.exp(causes.promotion_elasticity * price_cut)
        launched = catalogue.launch_day <= day
        self.available: NDArray[np.bool_] = launched.copy()
        self.available[missing] = False
        drift = np.exp(catalogue.drift * day / 365)
        self.demand: NDArray[np.float64] = catalogue.share * drift * self.promotion * launched
        self.edges: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(self.demand * self.available)])
        ends = np.searchsorted(catalogue.category, np.arange(len(CATEGORIES)), side="right")
        self.category_edges: NDArray[np.float64] = np.concatenate([[0.0], self.edges[ends]])
        self.category_weight: NDArray[np.float64] = np.diff(self.category_edges)

    def draw_items(self, category: NDArray[np.int64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
        """One available item of each ``category`` ``[N]``, in proportion to its demand.

        A category with nothing to sell gives an item of its neighbour; callers give it no weight.
        """
        point = self.category_edges[category] + uniform * self.category_weight[category]
        found = np.searchsorted(self.edges, point, side="right") - 1
        return np.clip(found, 0, len(self.demand) - 1)


class Calendar:
    """Every day of the shop, and the side tables that announce it.

    Args:
        config: The shop's settings.
        catalogue: Its items.
        streams: Its randomness.
    """

    def __init__(self, config: ShopConfig, *, catalogue: Catalogue, streams: Streams) -> None:
        self._config = config
        self._catalogue = catalogue
        n_weeks = -(-(config.days + HORIZON_DAYS) // 7)
        self._promoted, self._promotion_week, self._cut = _draw_promotions(len(catalogue), n_weeks, streams)
        self._missing, self._missing_from, self._missing_until = _draw_stockouts(
            catalogue, config.days + HORIZON_DAYS, streams
        )
        self.campaign_starts = tuple(range(CAMPAIGN_EVERY_DAYS, config.days - CAMPAIGN_DAYS + 1, CAMPAIGN_EVERY_DAYS))
        self.day = lru_cache(maxsize=40)(self._day)

    def _day(self, day: int) -> Market:
        price_cut = np.zeros(len(self._catalogue))
        running = self._promotion_week == day // 7
        price_cut[self._promoted[running]] = self._cut[running]
        missing = self._missing[(self._missing_from <= day) & (day < self._missing_until)]
        return Market(self._config, catalogue=self._catalogue, day=day, price_cut=price_cut, missing=missing)

    def campaign_on(self, day: int) -> int | None:
        """The number of the campaign that starts on ``day``, or None."""
        return self.campaign_starts.index(day) if day in self.campaign_starts else None

    def promotions_frame(self) -> pl.DataFrame:
        """The side table ``promotions``: known ahead, also past the end of the log."""
        start = self._config.start_microseconds + self._promotion_week * 7 * DAY
        return pl.DataFrame(
            {
                columns.ITEM_ID: self._catalogue.ids.gather(self._promoted),
                columns.START: start,
                columns.END: start + 7 * DAY,
                "price_discount": self._cut,
            }
        ).sort(columns.START, columns.ITEM_ID)

    def stockouts_frame(self) -> pl.DataFrame:
        """The side table ``stockouts`` up to the end of the log: nobody knows the later ones."""
        begin, days = self._config.start_microseconds, self._config.days
        seen = self._missing_from < days
        return pl.DataFrame(
            {
                columns.ITEM_ID: self._catalogue.ids.gather(self._missing[seen]),
                columns.START: begin + self._missing_from[seen] * DAY,
                columns.END: begin + np.minimum(self._missing_until[seen], days) * DAY,
            }
        ).sort(columns.START, columns.ITEM_ID)

    def campaigns_frame(self) -> pl.DataFrame:
        """The side table ``campaigns``, with what they cost."""
        starts = self._config.start_microseconds + np.array(self.campaign_starts, dtype=np.int64) * DAY
        n, economics = len(starts), self._config.economics
        return pl.DataFrame(
            {
                columns.CAMPAIGN_ID: campaign_ids(n),
                columns.START: starts,
                columns.END: starts + CAMPAIGN_DAYS * DAY,
                columns.KIND: pl.Series(["coupon"] * n, dtype=pl.String),
                "randomised": pl.Series([True] * n, dtype=pl.Boolean),
                "coupon_share": np.full(n, economics.coupon_share),
                "contact_cost": np.full(n, economics.contact_cost),
            }
        )


def campaign_ids(n: int) -> pl.Series:
    """The public ids of ``n`` campaigns."""
    return pl.Series([f"k{number + 1:02d}" for number in range(n)], dtype=pl.String)


def _draw_promotions(
    n_items: int, n_weeks: int, streams: Streams
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Each week a random tenth or so of the items is promoted for seven days."""
    items, weeks, cuts = [], [], []
    for week in range(n_weeks):
        rng = streams("promotions", week)
        chosen = np.flatnonzero(rng.random(n_items) < _PROMOTED_SHARE)
        items.append(chosen)
        weeks.append(np.full(len(chosen), week))
        cuts.append(rng.choice([0.1, 0.2, 0.3], len(chosen)))
    return np.concatenate(items), np.concatenate(weeks), np.concatenate(cuts)


def _draw_stockouts(
    catalogue: Catalogue, days: int, streams: Streams
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Item, first day and first day back, never overlapping for one item and never before its launch."""
    rng = streams("stockouts")
    item = np.repeat(np.arange(len(catalogue)), rng.poisson(_STOCKOUTS_PER_DAY * days, len(catalogue)))
    begin = rng.integers(0, days, len(item))
    end = begin + 1 + rng.geometric(0.25, len(item))
    order = np.lexsort((begin, item))
    item, begin, end = item[order], begin[order], end[order]
    overlaps = np.zeros(len(item), dtype=np.bool_)
    overlaps[1:] = (item[1:] == item[:-1]) & (begin[1:] <= end[:-1])
    keep = ~overlaps & (begin >= catalogue.launch_day[item])
    return item[keep], begin[keep], end[keep]
