"""Who is leaving: P(no purchase within the horizon) among users who bought recently.

This module owns that label, and the amounts and dates that come with it. It refuses the words "lost for good":
the answer speaks of the horizon only.
"""

from __future__ import annotations

import polars as pl

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.tasks.windows import counted_events, outcomes_after, returned_events, users_known_at

__all__ = ["examples"]


def examples(log: EventLog, task: Task, *, cutoffs: list[int]) -> pl.DataFrame:
    """One example per active user and cutoff; label 1 if the user bought nothing within the horizon.

    Returns:
        ``user_id, cutoff, label, n_orders`` and ``amount`` (ordered and spent within the horizon), ``first_time`` (next
        order, null if none).
    """
    points = users_known_at(log, task, cutoffs)
    counted, returned = counted_events(log, task), returned_events(log, task)
    outcomes = outcomes_after(points, counted, horizon_days=task.horizon_days, returned=returned)
    return outcomes.select(
        columns.USER_ID,
        columns.CUTOFF,
        (pl.col("n_events") == 0).cast(pl.Float64).alias(columns.LABEL),
        "n_orders",
        "amount",
        "first_time",
    )
