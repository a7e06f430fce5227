"""How much: the best-selling items whose weekly units are to be forecast, known at each cutoff.

This module owns the choice of items. The label (units per week) comes with the demand features, which read the
same log. It refuses items that had not sold before the cutoff.
"""

from __future__ import annotations

import polars as pl

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.tasks.windows import counted_events

__all__ = ["items_to_forecast"]


def items_to_forecast(log: EventLog, task: Task, *, known_until: int) -> list[str]:
    """The ``task.max_items`` items bought most often up to ``known_until``, most bought first."""
    sold = counted_events(log, task).filter(
        (pl.col(columns.TIME) <= known_until) & pl.col(columns.ITEM_ID).is_not_null()
    )
    counts = sold.group_by(columns.ITEM_ID).len().sort(["len", columns.ITEM_ID], descending=[True, False])
    return counts.head(task.max_items)[columns.ITEM_ID].to_list()
