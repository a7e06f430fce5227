"""How much: what each customer will spend, how many units they will buy or how often they will, within the horizon.

This module owns that label. It refuses customers never seen before the cutoff: nothing is known to ask about.
"""

from __future__ import annotations

import polars as pl

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.tasks.windows import counted_events, outcomes_after, returned_events, users_known_at

__all__ = ["examples", "same_before"]


def examples(log: EventLog, task: Task, *, cutoffs: list[int]) -> pl.DataFrame:
    """One example per user and cutoff; the label is what the task adds up within the horizon.

    Where refunds count against purchases, what is given back in a window lowers its money and its units; an order that
    was given back was still an order. No amount is below zero, whatever single events are worth.

    Returns:
        ``user_id, cutoff, label``.
    """
    points = users_known_at(log, task, cutoffs)
    return points.with_columns(_added_up(log, task, points).alias(columns.LABEL))


def same_before(log: EventLog, task: Task, points: pl.DataFrame) -> pl.Series:
    """The same amount over as many days before each point's cutoff ``[n]``: what a forecast of no change says."""
    return _added_up(log, task, points.with_columns(pl.col(columns.CUTOFF) - task.horizon_days * DAY))


def _added_up(log: EventLog, task: Task, points: pl.DataFrame) -> pl.Series:
    """The task's measure within its horizon after each point ``[n]``."""
    found = outcomes_after(
        points,
        counted_events(log, task),
        horizon_days=task.horizon_days,
        returned=returned_events(log, task),
        adds_up=columns.QUANTITY if task.measure == "quantity" else columns.VALUE,
    )
    # Sums of the same amounts in another order differ in their last bits: what was all given back is nothing.
    return found["n_orders" if task.measure == "count" else "amount"].cast(pl.Float64).round(6).clip(lower_bound=0.0)
