"""The events of Complete Journey: purchases, coupons sent and coupons redeemed.

This module owns the mapping of money, units and moments to canonical columns. It refuses to clean: rows
without a quantity stay, and ``prepare`` removes and counts them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.complete_journey.calendar import day_end, day_start

__all__ = ["ID_TYPES", "MAPPING", "NOTES", "THOUSANDTHS_BELOW", "purchases", "read_event_rows"]

ID_TYPES: Final[dict[str, pl.DataType]] = {
    columns.USER_ID: pl.Int64(),
    columns.ITEM_ID: pl.Int64(),
    columns.ORDER_ID: pl.Int64(),
    columns.STORE_ID: pl.Int64(),
    columns.CAMPAIGN_ID: pl.Int64(),
}

MAPPING: Final = {
    columns.USER_ID: "household_id",
    columns.TIME: "transaction_timestamp",
    columns.ITEM_ID: "product_id",
    columns.PRICE: "(sales_value + retail_disc + coupon_match_disc) / quantity",
    columns.QUANTITY: "quantity",
    columns.VALUE: "sales_value - coupon_disc",
    columns.DISCOUNT: "retail_disc + coupon_disc + coupon_match_disc",
    columns.ORDER_ID: "basket_id",
    columns.STORE_ID: "store_id",
}
"""Where each column of a purchase comes from."""

NOTES: Final = (
    "Timestamps are UTC; days and weeks of the shop turn at midnight in New York.",
    "Fuel is published in thousandths of a gallon and turned into gallons.",
    "A coupon redemption is known by its day only and placed at the last second of it.",
    "A campaign reaches its households at midnight of its first day; who was targeted was not randomised.",
    "Exposures are a weighted sample of what a household's usual store featured; nobody recorded who saw it.",
)
"""What a user should know about the reading."""

THOUSANDTHS_BELOW: Final = 0.01
"""A shelf price under one cent a unit does not exist: such a row counts thousandths (of a gallon of fuel)."""


def read_event_rows(folder: Path) -> pl.DataFrame:
    """All events of the folder, canonical columns, unsorted and uncleaned.

    Money: ``value`` is what the customer paid, ``sales_value - coupon_disc`` and never below 0 (the retailer
    is reimbursed for coupons, so its sales value is more than the customer's payment); ``discount`` is
    everything taken off (loyalty card, coupon, matched coupon); ``price`` is the shelf price of one unit
    before all of them, null where the quantity is 0. Fuel is sold in thousandths of a gallon: where the shelf
    price of a unit would be under one cent, quantity is divided by 1,000 (13,520 rows, all of them gasoline,
    about $2.40 a gallon after it).

    References:
        dunnhumby, The Complete Journey user guide (2014): definition of sales_value and the three discounts.
    """
    parts = [purchases(folder), _coupons_sent(folder), _coupons_redeemed(folder)]
    return pl.concat(pl.collect_all(parts), how="diagonal")


def purchases(folder: Path) -> pl.LazyFrame:
    """The purchases of the folder in canonical columns, not read yet."""
    shelf_value = pl.col("sales_value") + pl.col("retail_disc") + pl.col("coupon_match_disc")
    quantity = pl.col("quantity").cast(pl.Float64)
    counts_thousandths = (quantity >= 10) & (shelf_value > 0) & (shelf_value / quantity < THOUSANDTHS_BELOW)
    quantity = pl.when(counts_thousandths).then(quantity / 1000).otherwise(quantity)
    return pl.scan_parquet(folder / "transactions.parquet").select(
        pl.col("household_id").cast(pl.String).alias(columns.USER_ID),
        pl.col("transaction_timestamp").dt.timestamp("us").alias(columns.TIME),
        pl.lit(columns.PURCHASE).alias(columns.ACTION),
        pl.col("product_id").cast(pl.String).alias(columns.ITEM_ID),
        pl.when(quantity > 0).then(shelf_value / quantity).alias(columns.PRICE),
        quantity.alias(columns.QUANTITY),
        (pl.col("sales_value") - pl.col("coupon_disc")).clip(lower_bound=0).alias(columns.VALUE),
        (pl.col("retail_disc") + pl.col("coupon_disc") + pl.col("coupon_match_disc")).alias(columns.DISCOUNT),
        pl.col("basket_id").cast(pl.String).alias(columns.ORDER_ID),
        pl.col("store_id").cast(pl.String).alias(columns.STORE_ID),
    )


def _coupons_sent(folder: Path) -> pl.LazyFrame:
    """A campaign reaches its households at its first local midnight."""
    starts = pl.scan_parquet(folder / "campaign_descriptions.parquet").select(
        "campaign_id", day_start("start_date").alias(columns.TIME)
    )
    return (
        pl.scan_parquet(folder / "campaigns.parquet")
        .join(starts, on="campaign_id")
        .select(
            pl.col("household_id").cast(pl.String).alias(columns.USER_ID),
            pl.col(columns.TIME),
            pl.lit(columns.COUPON_SENT).alias(columns.ACTION),
            pl.col("campaign_id").cast(pl.String).alias(columns.CAMPAIGN_ID),
        )
    )


def _coupons_redeemed(folder: Path) -> pl.LazyFrame:
    """Only the day is known: its last local second is taken, so that no redemption precedes its purchase."""
    return pl.scan_parquet(folder / "coupon_redemptions.parquet").select(
        pl.col("household_id").cast(pl.String).alias(columns.USER_ID),
        (day_end("redemption_date") - 999_999).alias(columns.TIME),
        pl.lit(columns.COUPON_REDEEMED).alias(columns.ACTION),
        pl.col("campaign_id").cast(pl.String).alias(columns.CAMPAIGN_ID),
        pl.col("coupon_upc").cast(pl.String).alias(columns.LIST_ID),
    )
