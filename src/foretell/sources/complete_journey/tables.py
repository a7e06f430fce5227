"""The side tables of Complete Journey: products, demographics, campaigns and who was sent them.

This module owns their canonical names. It refuses exposures and promotions, which have modules of their own.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from foretell.core import columns
from foretell.sources.complete_journey.calendar import day_end, day_start

__all__ = ["read_campaigns", "read_items", "read_treatments", "read_users"]


def read_items(folder: Path) -> pl.DataFrame:
    """Products: three category levels, brand, manufacturer, and a title made of type and package size."""
    kind = pl.col("product_type").str.to_titlecase()
    title = pl.when(pl.col("package_size").is_null()).then(kind).otherwise(kind + ", " + pl.col("package_size"))
    return (
        pl.scan_parquet(folder / "products.parquet")
        .select(
            pl.col("product_id").cast(pl.String).alias(columns.ITEM_ID),
            pl.col("department").alias(columns.CATEGORY),
            pl.col("product_category").alias(columns.CATEGORY_2),
            pl.col("product_type").alias(columns.CATEGORY_3),
            pl.col("brand").alias(columns.BRAND),
            title.alias(columns.TITLE),
            pl.col("manufacturer_id").cast(pl.String).alias("manufacturer"),
            pl.col("package_size"),
        )
        .collect()
    )


def read_users(folder: Path) -> pl.DataFrame:
    """Demographics of the households that have any (801 of 2,469), every attribute as published text."""
    return (
        pl.scan_parquet(folder / "demographics.parquet")
        .with_columns(pl.col("household_id").cast(pl.String))
        .rename({"household_id": columns.USER_ID})
        .collect()
    )


def read_campaigns(folder: Path) -> pl.DataFrame:
    """Campaigns from the first to the last microsecond of their local days; ``kind`` is Type A, B or C."""
    return (
        pl.scan_parquet(folder / "campaign_descriptions.parquet")
        .select(
            pl.col("campaign_id").cast(pl.String),
            day_start("start_date").alias(columns.START),
            day_end("end_date").alias(columns.END),
            pl.col("campaign_type").alias(columns.KIND),
        )
        .sort(columns.START, columns.CAMPAIGN_ID)
        .collect()
    )


def read_treatments(folder: Path) -> pl.DataFrame:
    """Who was sent which campaign and when. Only treated households are listed; the rest are the controls.

    The retailer chose whom to target, so a difference between treated and others is no causal effect by
    itself.
    """
    starts = pl.scan_parquet(folder / "campaign_descriptions.parquet").select(
        "campaign_id", day_start("start_date").alias(columns.TIME)
    )
    return (
        pl.scan_parquet(folder / "campaigns.parquet")
        .join(starts, on="campaign_id")
        .select(
            pl.col("campaign_id").cast(pl.String),
            pl.col("household_id").cast(pl.String).alias(columns.USER_ID),
            pl.col(columns.TIME),
            pl.lit(True).alias(columns.TREATED),
        )
        .sort(columns.TIME, columns.CAMPAIGN_ID, columns.USER_ID)
        .collect()
    )
