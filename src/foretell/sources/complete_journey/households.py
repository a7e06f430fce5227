"""Which household-weeks are looked at for exposures, and which store was home in each.

This module owns the draw. It refuses to look at anything but the past of each week, so that the choice of a
store can be made live as well.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.core.time import DAY
from foretell.sources.complete_journey.calendar import week_start

__all__ = ["FIRST_WEEK", "LOOK_BACK_DAYS", "SAMPLED_HOUSEHOLD_WEEKS", "home_stores", "sample_household_weeks"]

FIRST_WEEK: Final = 6
"""The first week looked at: before it there is too little past to know a household's store."""
LOOK_BACK_DAYS: Final = 91
SAMPLED_HOUSEHOLD_WEEKS: Final = 20_000


def home_stores(visits: pl.DataFrame, *, first_week: int, last_week: int) -> pl.DataFrame:
    """Each household's most visited store in the 91 days before each week: week, user_id, store_id.

    Ties go to the store visited last. Households without a visit in those days are absent.

    Args:
        visits: One row a basket: user_id, time, store_id.
        first_week: The first week wanted.
        last_week: The last week wanted.
    """
    weeks = [_home_stores_in(visits, week) for week in range(first_week, last_week + 1)]
    empty = pl.DataFrame(
        schema={"week": pl.Int16, columns.USER_ID: pl.String, columns.STORE_ID: visits.schema["store_id"]}
    )
    return pl.concat([empty, *weeks])


def _home_stores_in(visits: pl.DataFrame, week: int) -> pl.DataFrame:
    start = week_start(week)
    return (
        visits.filter(pl.col(columns.TIME).is_between(start - LOOK_BACK_DAYS * DAY, start, closed="left"))
        .group_by(columns.USER_ID, columns.STORE_ID)
        .agg(pl.len().alias("visits"), pl.col(columns.TIME).max().alias("last"))
        .sort(columns.USER_ID, "visits", "last", columns.STORE_ID, descending=[False, True, True, False])
        .unique(columns.USER_ID, keep="first", maintain_order=True)
        .select(pl.lit(week, dtype=pl.Int16).alias("week"), columns.USER_ID, columns.STORE_ID)
    )


def sample_household_weeks(candidates: pl.DataFrame, *, size: int, seed: int) -> pl.DataFrame:
    """A uniform draw of ``size`` rows without replacement, in the candidates' order."""
    if candidates.height <= size:
        return candidates
    generator = np.random.default_rng(seed)
    return candidates[np.sort(generator.choice(candidates.height, size=size, replace=False))]
