"""One pass over the placements, for the two tables made from them: exposures and promotions.

This module owns the order of work that keeps memory low. It refuses to hold more than one slice of weeks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.sources.complete_journey import households, promotions
from foretell.sources.complete_journey.exposures import SCHEMA, bought_in_weeks, expose
from foretell.sources.complete_journey.featured import featured_in_weeks, published_weeks

__all__ = ["read_placements"]

_SEED: Final = 20_170_101


def read_placements(folder: Path, events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables ``exposures`` and ``promotions``.

    Args:
        folder: Where ``promotions.parquet`` lies.
        events: What ``read_event_rows`` gave.

    Returns:
        Exposures (user_id, time, item_id, position, channel, weight, list_id, store_id) and promotions
        (item_id, start, end, mailer_share, display_share, front_page_share).
    """
    purchases = (
        events.lazy()
        .filter((pl.col(columns.ACTION) == columns.PURCHASE) & (pl.col(columns.QUANTITY) > 0))
        .select(
            columns.USER_ID,
            columns.TIME,
            pl.col(columns.ITEM_ID).cast(pl.Int64).alias("product_id"),
            pl.col(columns.STORE_ID).cast(pl.Int64),
            columns.ORDER_ID,
            columns.VALUE,
        )
        .collect()
    )
    stores = (
        pl.scan_parquet(folder / "promotions.parquet")
        .select(pl.col("week").cast(pl.Int16), "store_id")
        .unique()
        .collect(engine="streaming")
    )
    _, last_week = published_weeks(folder)
    visits = purchases.group_by(columns.USER_ID, columns.ORDER_ID).agg(
        pl.col(columns.TIME).min(), pl.col(columns.STORE_ID).first()
    )
    candidates = households.home_stores(visits, first_week=households.FIRST_WEEK, last_week=last_week)
    candidates = candidates.join(stores, on=["week", "store_id"], how="semi").sort("week", columns.USER_ID)
    drawn = households.sample_household_weeks(candidates, size=households.SAMPLED_HOUSEHOLD_WEEKS, seed=_SEED)
    bought = bought_in_weeks(purchases, drawn)
    items = promotions.promoted_items(purchases)
    weights = promotions.store_weights(purchases, stores)

    generator = np.random.default_rng(_SEED)
    exposure_parts, share_parts = [pl.DataFrame(schema=SCHEMA)], []
    for featured in featured_in_weeks(folder):
        exposure_parts.append(expose(featured, drawn, bought, generator=generator))
        share_parts.append(promotions.promotion_shares(featured, items, weights))
    shares = pl.concat(share_parts) if share_parts else pl.DataFrame(schema=promotions.SHARES_SCHEMA)
    return pl.concat(exposure_parts), promotions.with_week_times(shares)
