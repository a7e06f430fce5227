"""Who will buy: P(a purchase within the horizon), per user, optionally of certain items only.

This module owns that label. It refuses users never seen before the cutoff: nothing is known to ask about.
"""

from __future__ import annotations

import polars as pl

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.tasks.windows import counted_events, outcomes_after, returned_events, users_known_at

__all__ = ["examples"]


def examples(log: EventLog, task: Task, *, cutoffs: list[int]) -> pl.DataFrame:
    """One example per known user and cutoff; label 1 if the user bought within the horizon.

    Returns:
        ``user_id, cutoff, label, amount, first_time``.
    """
    points = users_known_at(log, task, cutoffs)
    counted, returned = counted_events(log, task), returned_events(log, task)
    outcomes = outcomes_after(points, counted, horizon_days=task.horizon_days, returned=returned)
    return outcomes.select(
        columns.USER_ID,
        columns.CUTOFF,
        (pl.col("n_events") > 0).cast(pl.Float64).alias(columns.LABEL),
        "amount",
        "first_time",
    )
