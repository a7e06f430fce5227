"""What next: the distinct items a user acts on within the horizon, to be ranked.

This module owns the relevant items of each example. It refuses users who do nothing in the window: there is
no right answer to rank for them, and the report says how many they were.
"""

from __future__ import annotations

import polars as pl

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.tasks.windows import counted_events, users_known_at

__all__ = ["examples"]


def examples(log: EventLog, task: Task, *, cutoffs: list[int]) -> pl.DataFrame:
    """One example per known user and cutoff with at least one relevant item.

    Returns:
        ``user_id, cutoff, relevant`` (list of item ids, sorted).
    """
    points = users_known_at(log, task, cutoffs)
    events = counted_events(log, task).filter(pl.col(columns.ITEM_ID).is_not_null())
    parts = []
    for cutoff in cutoffs:
        inside = events.filter(
            (pl.col(columns.TIME) > cutoff) & (pl.col(columns.TIME) <= cutoff + task.horizon_days * DAY)
        )
        parts.append(
            inside.group_by(columns.USER_ID)
            .agg(pl.col(columns.ITEM_ID).unique().sort().alias("relevant"))
            .with_columns(pl.lit(cutoff, dtype=pl.Int64).alias(columns.CUTOFF))
        )
    if not parts:
        return points.with_columns(pl.lit(None, dtype=pl.List(pl.String)).alias("relevant")).head(0)
    return points.join(pl.concat(parts), on=[columns.USER_ID, columns.CUTOFF], how="inner", maintain_order="left")
