"""Exposures: products a household's store featured in a week, bought or not.

This module owns the sample. For each drawn household-week every featured product that the household bought
in it is kept (weight 1), and of the other featured products ten drawn uniformly, each standing for a tenth of
them (weight = others / 10). Keeping all responses makes the kept rows far richer in them than the truth:
every rate has to be computed with ``weight``, which restores the true proportion. It refuses to say that a
household saw the mailer or the display: nobody recorded that; a featured product is one it could have seen.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.sources.complete_journey.calendar import week_start
from foretell.sources.complete_journey.featured import channel_words, placement_words

__all__ = ["OTHERS_PER_HOUSEHOLD_WEEK", "SCHEMA", "bought_in_weeks", "expose"]

OTHERS_PER_HOUSEHOLD_WEEK: Final = 10
SCHEMA: Final[dict[str, pl.DataType]] = {
    columns.USER_ID: pl.String(),
    columns.TIME: pl.Int64(),
    columns.ITEM_ID: pl.String(),
    columns.POSITION: pl.String(),
    columns.CHANNEL: pl.String(),
    columns.WEIGHT: pl.Float64(),
    columns.LIST_ID: pl.String(),
    columns.STORE_ID: pl.String(),
}


def bought_in_weeks(purchases: pl.DataFrame, household_weeks: pl.DataFrame) -> pl.DataFrame:
    """What each drawn household bought in any store in the week's seven days: week, user_id, product_id."""
    weeks = household_weeks["week"].unique().sort().to_list()
    parts = [
        purchases.filter(
            pl.col(columns.TIME).is_between(week_start(week), week_start(week) + 7 * DAY, closed="right")
        ).select(pl.lit(week, dtype=pl.Int16).alias("week"), columns.USER_ID, "product_id")
        for week in weeks
    ]
    if not parts:
        return household_weeks.select("week", columns.USER_ID).clear().with_columns(pl.lit(0).alias("product_id"))
    return pl.concat(parts).unique().join(household_weeks, on=["week", columns.USER_ID], how="semi")


def expose(
    featured: pl.DataFrame,
    household_weeks: pl.DataFrame,
    bought: pl.DataFrame,
    *,
    generator: np.random.Generator,
) -> pl.DataFrame:
    """The exposure rows of the household-weeks whose week lies in the slice ``featured``.

    Args:
        featured: One slice of ``featured_in_weeks``, ordered by week, store and product.
        household_weeks: week, user_id, store_id.
        bought: week, user_id, product_id.
        generator: The source of chance; the same generator and rows give the same draw.
    """
    numbered = featured.with_row_index("row")
    lists = numbered.group_by("week", "store_id", maintain_order=True).agg(
        pl.col("row").first().alias("first"), pl.len().alias("n_featured")
    )
    drawn = household_weeks.join(lists, on=["week", "store_id"], maintain_order="left").with_row_index("draw")
    responses = (
        drawn.join(bought, on=["week", columns.USER_ID])
        .join(numbered, on=["week", "store_id", "product_id"])
        .select("draw", "row")
        .sort("draw", "row")
    )
    others = _draw_others(drawn, responses, generator)
    chosen = pl.concat(
        [
            responses.with_columns(pl.lit(1.0).alias(columns.WEIGHT)),
            others.cast({"row": responses.schema["row"]}),
        ]
    )
    return _describe(chosen.sort("draw", "row"), drawn, numbered)


def _draw_others(drawn: pl.DataFrame, responses: pl.DataFrame, generator: np.random.Generator) -> pl.DataFrame:
    """Uniformly drawn rows of each list that were not bought, with what each of them stands for."""
    first = drawn["first"].to_numpy().astype(np.int64)
    n_featured = drawn["n_featured"].to_numpy().astype(np.int64)
    response_rows = responses["row"].to_numpy().astype(np.int64)
    edges = np.searchsorted(responses["draw"].to_numpy(), np.arange(drawn.height + 1))
    rows: list[NDArray[np.int64]] = []
    weights: list[NDArray[np.float64]] = []
    for draw in range(drawn.height):
        taken = response_rows[edges[draw] : edges[draw + 1]] - first[draw]
        n_others = int(n_featured[draw]) - len(taken)
        # Drawing as many to spare as were bought, then dropping the bought ones, is uniform on the rest.
        size = min(int(n_featured[draw]), OTHERS_PER_HOUSEHOLD_WEEK + len(taken))
        positions = generator.choice(int(n_featured[draw]), size=size, replace=False)
        positions = positions[~np.isin(positions, taken)][:OTHERS_PER_HOUSEHOLD_WEEK]
        rows.append(positions + first[draw])
        weights.append(np.full(len(positions), n_others / max(len(positions), 1)))
    counts = [len(part) for part in rows]
    return pl.DataFrame(
        {
            "draw": np.repeat(np.arange(drawn.height, dtype=np.uint32), counts),
            "row": np.concatenate([np.empty(0, np.int64), *rows]),
            columns.WEIGHT: np.concatenate([np.empty(0, np.float64), *weights]),
        }
    )


def _describe(chosen: pl.DataFrame, drawn: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    """Attach who, when, what and where in words; ordered by time, user and item."""
    weeks = drawn["week"].unique().to_list()
    starts = pl.DataFrame(
        {"week": weeks, columns.TIME: [week_start(week) for week in weeks]},
        schema={"week": drawn.schema["week"], columns.TIME: pl.Int64},
    )
    store = pl.col("store_id").cast(pl.String)
    return (
        chosen.join(drawn.select("draw", columns.USER_ID), on="draw")
        .join(numbered, on="row")
        .join(starts, on="week")
        .select(
            columns.USER_ID,
            columns.TIME,
            pl.col("product_id").cast(pl.String).alias(columns.ITEM_ID),
            placement_words().alias(columns.POSITION),
            channel_words().alias(columns.CHANNEL),
            columns.WEIGHT,
            (store + "-" + pl.col("week").cast(pl.String)).alias(columns.LIST_ID),
            store.alias(columns.STORE_ID),
        )
        .sort(columns.TIME, columns.USER_ID, columns.ITEM_ID)
    )
