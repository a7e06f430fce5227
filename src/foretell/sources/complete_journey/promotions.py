"""Promotions known ahead: for each product and week, how much of the chain features it.

This module owns the shares. A store counts by its part of the chain's sales in the 91 days before the week,
so the shares use nothing later than the week's start. It refuses items hardly ever bought, which no demand
forecast covers.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.time import DAY
from foretell.sources.complete_journey.calendar import week_end, week_start
from foretell.sources.complete_journey.featured import FRONT_PAGE, NOT_FEATURED
from foretell.sources.complete_journey.households import LOOK_BACK_DAYS

__all__ = [
    "LEAST_PURCHASES",
    "SHARES_SCHEMA",
    "promoted_items",
    "promotion_shares",
    "store_weights",
    "with_week_times",
]

LEAST_PURCHASES: Final = 20
SHARES_SCHEMA: Final[dict[str, pl.DataType]] = {
    "week": pl.Int16(),
    "product_id": pl.Int64(),
    "mailer_share": pl.Int64(),
    "display_share": pl.Int64(),
    "front_page_share": pl.Int64(),
}
"""Shares in billionths."""
BILLION: Final = 1_000_000_000


def promoted_items(purchases: pl.DataFrame) -> pl.DataFrame:
    """The products bought in at least 20 rows of the whole log: product_id.

    This looks at the whole year only to keep the table small; no value in it depends on later rows.
    """
    return purchases.group_by("product_id").len().filter(pl.col("len") >= LEAST_PURCHASES).select("product_id")


def store_weights(purchases: pl.DataFrame, stores: pl.DataFrame) -> pl.DataFrame:
    """The weight of each store in each week: week, store_id, store_weight (billionths of a week's sales).

    Whole billionths, from whole cents: sums of them do not depend on the order of the rows. In a week without
    any earlier sale the stores that publish placements count alike.

    Args:
        purchases: time, store_id, value.
        stores: week, store_id: which stores publish placements in which week.
    """
    parts = []
    for week in stores["week"].unique().sort().to_list():
        start = week_start(week)
        past = purchases.filter(pl.col(columns.TIME).is_between(start - LOOK_BACK_DAYS * DAY, start, closed="left"))
        cents = (pl.col(columns.VALUE) * 100).round(0).cast(pl.Int64)
        sales = past.group_by("store_id").agg(cents.sum().alias("store_weight"))
        if sales["store_weight"].sum() <= 0:
            sales = stores.filter(pl.col("week") == week).select(
                "store_id", pl.lit(1, dtype=pl.Int64).alias("store_weight")
            )
        share = (pl.col("store_weight") * BILLION // pl.col("store_weight").sum()).alias("store_weight")
        parts.append(sales.select(pl.lit(week, dtype=pl.Int16).alias("week"), "store_id", share))
    empty = pl.DataFrame(schema={"week": pl.Int16, "store_id": stores.schema["store_id"], "store_weight": pl.Int64})
    return pl.concat([empty, *parts])


def promotion_shares(featured: pl.DataFrame, items: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """The shares of one slice of weeks, as in ``SHARES_SCHEMA``."""
    in_mailer, in_display = pl.col("mailer") != NOT_FEATURED, pl.col("display") != NOT_FEATURED
    on_front = pl.col("mailer").is_in(FRONT_PAGE)
    weight = pl.col("store_weight")
    return (
        featured.lazy()
        .join(items.lazy(), on="product_id", how="semi")
        .join(weights.lazy(), on=["week", "store_id"])
        .group_by("week", "product_id")
        .agg(
            weight.filter(in_mailer).sum().alias("mailer_share"),
            weight.filter(in_display).sum().alias("display_share"),
            weight.filter(on_front).sum().alias("front_page_share"),
        )
        .collect()
    )


def with_week_times(shares: pl.DataFrame) -> pl.DataFrame:
    """The table as others read it: item_id, start, end and the shares, ordered by item and week."""
    weeks = shares["week"].unique().sort().to_list()
    times = pl.DataFrame(
        {
            "week": weeks,
            columns.START: [week_start(week) for week in weeks],
            columns.END: [week_end(week) for week in weeks],
        },
        schema={"week": pl.Int16, columns.START: pl.Int64, columns.END: pl.Int64},
    )
    return (
        shares.join(times, on="week")
        .select(
            pl.col("product_id").cast(pl.String).alias(columns.ITEM_ID),
            columns.START,
            columns.END,
            pl.col("mailer_share", "display_share", "front_page_share") / BILLION,
        )
        .sort(columns.ITEM_ID, columns.START)
    )
