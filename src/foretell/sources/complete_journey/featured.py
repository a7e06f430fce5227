"""What each store featured each week: the 20.9 million placement rows, read a few weeks at a time.

This module owns the code book of placements and the reading in slices. It refuses to hold the whole table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

__all__ = ["DISPLAYS", "MAILERS", "channel_words", "featured_in_weeks", "placement_words", "published_weeks"]

NOT_FEATURED: Final = "0"
DISPLAYS: Final = {
    "1": "store front",
    "2": "store rear",
    "3": "front end cap",
    "4": "mid-aisle end cap",
    "5": "rear end cap",
    "6": "side-aisle end cap",
    "7": "in-aisle display",
    "9": "secondary location",
    "A": "in-shelf display",
}
MAILERS: Final = {
    "A": "interior page feature",
    "C": "interior page line item",
    "D": "front page feature",
    "F": "back page feature",
    "H": "wrap front feature",
    "J": "wrap interior coupon",
    "L": "wrap back feature",
    "P": "interior page coupon",
    "X": "free on interior page",
    "Z": "free on front page, back page or wrap",
}
FRONT_PAGE: Final = ("D", "H")
"""Mailer places seen without opening it."""

_WEEKS_AT_ONCE: Final = 4


def published_weeks(folder: Path) -> tuple[int, int]:
    """The first and the last week with placements; (1, 0) when there is none."""
    span = (
        pl.scan_parquet(folder / "promotions.parquet")
        .select(pl.col("week").min().alias("first"), pl.col("week").max().alias("last"))
        .collect(engine="streaming")
    )
    first, last = span.row(0)
    return (1, 0) if first is None else (int(first), int(last))


def featured_in_weeks(folder: Path) -> Iterator[pl.DataFrame]:
    """Slices of some weeks each: week, store_id, product_id, display, mailer; ordered, one row a place.

    A product listed twice in a store's week (96 of some 370,000 rows a week) is kept once, as listed first.
    """
    first, last = published_weeks(folder)
    table = pl.scan_parquet(folder / "promotions.parquet")
    for start in range(first, last + 1, _WEEKS_AT_ONCE):
        yield _ordered(
            table.filter(pl.col("week").is_between(start, start + _WEEKS_AT_ONCE - 1))
            .select(
                pl.col("week").cast(pl.Int16),
                "store_id",
                "product_id",
                pl.col("display_location").alias("display"),
                pl.col("mailer_location").alias("mailer"),
            )
            .filter((pl.col("display") != NOT_FEATURED) | (pl.col("mailer") != NOT_FEATURED))
            .collect(engine="streaming")
        )


def _ordered(featured: pl.DataFrame) -> pl.DataFrame:
    """Sort by week, store and product and keep the first of each.

    Sorting by one packed key is five times faster than by three columns. The key has 8 bits for the week, 20
    for the store and 35 for the product: ids beyond them take the slow way.
    """
    place = ["week", "store_id", "product_id"]
    limits = {"week": 1 << 8, "store_id": 1 << 20, "product_id": 1 << 35}
    if not all(featured[name].is_between(0, limit, closed="left").all() for name, limit in limits.items()):
        return featured.sort(place, maintain_order=True).unique(place, keep="first", maintain_order=True)
    key = (pl.col("week").cast(pl.Int64) * (1 << 20) + pl.col("store_id")) * (1 << 35) + pl.col("product_id")
    return (
        featured.with_columns(key.alias("key"))
        .sort("key", maintain_order=True)
        .filter(pl.col("key").ne_missing(pl.col("key").shift(1)))
        .drop("key")
    )


def placement_words() -> pl.Expr:
    """The placement in words, for example ``front page feature + rear end cap``."""
    mailer = pl.col("mailer").replace_strict(MAILERS, default=None, return_dtype=pl.String)
    display = pl.col("display").replace_strict(DISPLAYS, default=None, return_dtype=pl.String)
    return pl.concat_str(mailer, display, separator=" + ", ignore_nulls=True)


def channel_words() -> pl.Expr:
    """``mailer``, ``display`` or ``mailer+display``."""
    in_mailer, in_display = pl.col("mailer") != NOT_FEATURED, pl.col("display") != NOT_FEATURED
    return (
        pl.when(in_mailer & in_display)
        .then(pl.lit("mailer+display"))
        .when(in_mailer)
        .then(pl.lit("mailer"))
        .otherwise(pl.lit("display"))
    )
