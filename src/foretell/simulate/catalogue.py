"""The items of the simulated shop: categories, prices, popularity, hidden quality and complements.

This module owns everything about an item that does not change from day to day. It refuses the calendar
(``market``) and the customers. Items are numbered so that each category is one contiguous block.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.simulate.config import ShopConfig
from foretell.simulate.randomness import Streams
from foretell.simulate.words import BRANDS, CATEGORIES, CONSUMABLE, GIFTS, SUBCATEGORIES

__all__ = ["Catalogue"]


class Catalogue:
    """The items, drawn at construction: arrays of shape ``[I]``, one entry an item.

    Args:
        config: The shop's settings.
        streams: Its randomness.

    Attributes:
        label: The number in the item's public id; a permutation, so that ids do not give the category away.
        category: Index into ``CATEGORIES``; never falls from one item to the next.
        subcategory: Index into ``SUBCATEGORIES``.
        brand: Index into ``BRANDS``.
        price: Shelf price of one unit.
        unit_cost: What one unit costs the shop.
        share: Demand within the category before drift and promotions; sums to 1 in each category.
        drift: Yearly growth of the item's own demand, as a logarithm.
        quality: Hidden quality, standard normal: raises clicks and ratings, lowers refunds.
        launch_day: First day on sale; negative for items older than the log.
        complement: The item that tends to follow, or -1.
        complement_probability: How often it does.
    """

    def __init__(self, config: ShopConfig, *, streams: Streams) -> None:
        rng, n = streams("catalogue"), config.n_items
        category = np.sort(np.arange(n) % len(CATEGORIES))
        subcategory = category * 3 + rng.integers(0, 3, n)
        median = np.array([price for _, _, price in CATEGORIES])[category]
        price = np.maximum(np.round(median * np.exp(rng.normal(0, 0.35, n)), 2), 0.5)
        quality = rng.standard_normal(n)
        late = rng.random(n) < 0.1
        launch_late = np.floor((0.2 + 0.6 * rng.random(n)) * config.days).astype(np.int64)
        launch_day = np.where(late, launch_late, -rng.integers(1, 700, n))
        complement, probability = _draw_complements(category, late, rng, mean=config.causes.complement_probability)
        self.label: NDArray[np.int64] = rng.permutation(n)
        self.category: NDArray[np.int64] = category
        self.subcategory: NDArray[np.int64] = subcategory
        self.brand: NDArray[np.int64] = rng.integers(0, len(BRANDS), n)
        self.price: NDArray[np.float64] = price
        self.unit_cost: NDArray[np.float64] = np.round(
            price * (1 - config.economics.margin_share) * rng.uniform(0.9, 1.1, n), 2
        )
        self.share: NDArray[np.float64] = _draw_shares(category, rng)
        self.drift: NDArray[np.float64] = rng.normal(0, 0.4, n)
        self.quality: NDArray[np.float64] = quality
        self.launch_day: NDArray[np.int64] = launch_day
        self.complement: NDArray[np.int64] = complement
        self.complement_probability: NDArray[np.float64] = probability

    def __len__(self) -> int:
        return len(self.label)

    @property
    def consumable(self) -> NDArray[np.bool_]:
        """Whether the item is used up and bought again."""
        return self.category < CONSUMABLE

    @cached_property
    def ids(self) -> pl.Series:
        """The public item ids, by item number."""
        return pl.select(pl.format("i{}", pl.lit(pl.Series(self.label + 100_000)))).to_series()

    def frame(self, *, start: int) -> pl.DataFrame:
        """The side table ``items``; ``start`` is midnight of day 0 in microseconds."""
        categories = pl.Series([name for name, _, _ in CATEGORIES])
        words, brands = pl.Series(SUBCATEGORIES), pl.Series(BRANDS)
        frame = pl.DataFrame(
            {
                columns.ITEM_ID: self.ids,
                columns.CATEGORY: categories.gather(self.category),
                columns.CATEGORY_2: words.gather(self.subcategory),
                columns.BRAND: brands.gather(self.brand),
                columns.PRICE: self.price,
                "launch": start + self.launch_day * DAY,
            }
        )
        title = pl.format("{} {} {}", columns.BRAND, columns.CATEGORY_2, pl.col(columns.ITEM_ID).str.slice(1))
        return frame.with_columns(title.alias(columns.TITLE)).sort(columns.ITEM_ID)


def _draw_shares(category: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Popularity with a long tail: rank to the power -0.9 within each category, in random order."""
    share = np.empty(len(category))
    for code in range(len(CATEGORIES)):
        members = np.flatnonzero(category == code)
        weight = (1.0 + rng.permutation(len(members))) ** -0.9
        share[members] = weight / weight.sum()
    return share


def _draw_complements(
    category: NDArray[np.int64], late: NDArray[np.bool_], rng: np.random.Generator, *, mean: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For half of the items, another item on sale from the start that is no gift (gifts mark the intent)."""
    n = len(category)
    allowed = np.flatnonzero((category != GIFTS) & ~late)
    chosen = rng.choice(allowed, n)
    has = (rng.random(n) < 0.5) & (chosen != np.arange(n))
    probability = np.clip(mean * rng.uniform(0.6, 1.4, n), 0, 0.95)
    return np.where(has, chosen, -1), np.where(has, probability, 0.0)
