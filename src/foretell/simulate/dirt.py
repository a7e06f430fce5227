"""Dirty rows for a clean log, each of them written down.

This module owns the kinds of dirt. It refuses to change a clean row: dirt is only ever added, so that a
perfect cleaner gives back exactly the clean log.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.core.time import DAY, HOUR, SECOND
from foretell.simulate.frames import number_ids

__all__ = ["DIRT_RULES", "ROBOT_VIEWS", "add_dirt"]

DIRT_RULES: Final = (
    "exact_duplicate",
    "repeated_event_id",
    "future_time",
    "epoch_time",
    "negative_quantity",
    "absurd_price",
    "missing_user",
    "robot",
)
ROBOT_VIEWS: Final = 3_000
"""Views of the one robot, all within an hour."""


def add_dirt(events: pl.DataFrame, *, share: float, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add dirty rows to ``events`` and say which they are.

    Args:
        events: A clean log with unique event ids.
        share: Dirty rows as a share of the clean ones, spread evenly over all rules but the robot.
        rng: Where the choices come from.

    Returns:
        The log with the dirt, by time, and a frame ``event_id, rule`` with one row for each dirty row.
    """
    bought = np.flatnonzero((events[columns.ACTION] == columns.PURCHASE).to_numpy())
    rules = DIRT_RULES[:-1]
    n_each = max(1, round(share * events.height / len(rules)))
    purchases = rng.permutation(bought)[: 2 * min(n_each, len(bought) // 2)].reshape(2, -1)
    others = rng.permutation(np.setdiff1d(np.arange(events.height), purchases))
    parts = []
    for place, rule in enumerate(rules):
        if rule in ("negative_quantity", "absurd_price"):
            chosen = purchases[int(rule == "absurd_price")]
        else:
            chosen = others[place * n_each : (place + 1) * n_each]
        parts.append(events[np.sort(chosen)].with_columns(_spoil(rule), pl.lit(rule).alias("rule")))
    parts.append(_robot(events, rng))
    dirt = pl.concat(parts, how="vertical")
    keeps_id = dirt["rule"].is_in(["exact_duplicate", "repeated_event_id"])
    fresh = number_ids("e", events.height + np.arange(dirt.height))
    dirt = dirt.with_columns(pl.when(keeps_id).then(pl.col(columns.EVENT_ID)).otherwise(fresh).alias(columns.EVENT_ID))
    both = pl.concat([events, dirt.drop("rule")]).sort(columns.TIME, maintain_order=True)
    return both, dirt.select(columns.EVENT_ID, "rule")


def _spoil(rule: str) -> pl.Expr:
    """What the rule does to a copy of a clean row."""
    time = pl.col(columns.TIME)
    return {
        "exact_duplicate": time,
        "repeated_event_id": time + SECOND,
        "future_time": time + 5 * 365 * DAY,
        "epoch_time": time // SECOND,
        "negative_quantity": -pl.col(columns.QUANTITY),
        "absurd_price": pl.col(columns.PRICE) * 1e7,
        "missing_user": pl.lit(None, dtype=pl.String).alias(columns.USER_ID),
    }[rule]


def _robot(events: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """One user who views thousands of items within an hour of the log's middle."""
    seen = events.filter((pl.col(columns.ACTION) == columns.VIEW) & pl.col(columns.ITEM_ID).is_not_null())
    chosen = seen[np.sort(rng.integers(0, seen.height, ROBOT_VIEWS))]
    begin = int(events[columns.TIME][events.height // 2])
    times = begin + np.sort(rng.integers(0, HOUR, ROBOT_VIEWS))
    return chosen.with_columns(
        pl.lit("u-robot").alias(columns.USER_ID),
        pl.Series(columns.TIME, times),
        pl.lit("s-robot").alias(columns.SESSION_ID),
        pl.lit("robot").alias("rule"),
    )
