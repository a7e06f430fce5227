"""How much: the best-selling items whose weekly units are to be forecast, and what they then sold.

This module owns the choice of items and the label, units a week. The demand features bring the same label along,
because they read the same log; a test holds the two together. It refuses items that had not sold before the cutoff
and weeks that are not over.
"""

from __future__ import annotations

import polars as pl

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.tasks.windows import counted_events

__all__ = ["examples", "items_to_forecast"]


def items_to_forecast(log: EventLog, task: Task, *, known_until: int) -> list[str]:
    """The ``task.max_items`` items bought most often up to ``known_until``, most bought first."""
    # Sales that name no customer are sales.
    counted = counted_events(log.sales(net=False) if task.action == columns.PURCHASE else log, task)
    sold = counted.filter((pl.col(columns.TIME) <= known_until) & pl.col(columns.ITEM_ID).is_not_null())
    counts = sold.group_by(columns.ITEM_ID).len().sort(["len", columns.ITEM_ID], descending=[True, False])
    return counts.head(task.max_items)[columns.ITEM_ID].to_list()


def examples(log: EventLog, task: Task, *, cutoffs: list[int], known_until: int, end: int) -> pl.DataFrame:
    """One example per item, cutoff and coming week that is over by ``end``; the label is the units bought in it.

    Week w is ``(cutoff + 7 (w - 1) days, cutoff + 7 w days]``. A purchase without a quantity is one unit, and
    one without a customer counts like any other. Where refunds count against purchases, what is given back in a week
    lowers its units, never below zero.

    Args:
        log: The clean log.
        task: What is asked.
        cutoffs: The grid.
        known_until: The items are those bought most often up to this moment, the end of the training window.
        end: Weeks that end later are left out.

    Returns:
        ``item_id, cutoff, week, start, end, label``, items in order of sales, then by cutoff and week.
    """
    items = pl.DataFrame(
        {columns.ITEM_ID: items_to_forecast(log, task, known_until=known_until)}, schema={columns.ITEM_ID: pl.String}
    )
    weeks = pl.DataFrame({"week": range(1, -(-task.horizon_days // 7) + 1)}, schema={"week": pl.Int32})
    grid = pl.DataFrame({columns.CUTOFF: cutoffs}, schema={columns.CUTOFF: pl.Int64}).join(weeks, how="cross")
    start = pl.col(columns.CUTOFF) + (pl.col("week").cast(pl.Int64) - 1) * 7 * DAY
    grid = grid.with_columns(start.alias(columns.START), (start + 7 * DAY).alias(columns.END))
    grid = grid.filter(pl.col(columns.END) <= end)
    bought = log.sales().events
    if columns.ITEM_ID not in bought.columns:
        bought = bought.clear().with_columns(pl.lit(None, dtype=pl.String).alias(columns.ITEM_ID))
    units = pl.col(columns.QUANTITY).fill_null(1.0) if columns.QUANTITY in bought.columns else pl.lit(1.0)
    bought = bought.select(columns.ITEM_ID, columns.TIME, units.alias("units")).join(items, on=columns.ITEM_ID)
    sold = (
        bought.join_where(
            grid, pl.col(columns.TIME) > pl.col(columns.START), pl.col(columns.TIME) <= pl.col(columns.END)
        )
        .group_by(columns.ITEM_ID, columns.CUTOFF, "week")
        .agg(pl.col("units").sum().alias(columns.LABEL))
    )
    return (
        items.join(grid, how="cross")
        .join(sold, on=[columns.ITEM_ID, columns.CUTOFF, "week"], how="left", maintain_order="left")
        .with_columns(pl.col(columns.LABEL).fill_null(0.0).clip(lower_bound=0.0))
    )
