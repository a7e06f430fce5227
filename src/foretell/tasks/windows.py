"""Helpers every label rule shares: which events count, and what happened in ``(cutoff, cutoff + horizon]``.

This module owns the half-open window and the filters on items. It refuses to know any one task.
"""

from __future__ import annotations

import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError
from foretell.core.events import RETURNED, EventLog
from foretell.core.item_condition import fits
from foretell.core.task import Task
from foretell.core.time import DAY

__all__ = ["counted_events", "outcomes_after", "returned_events", "users_known_at"]


def counted_events(log: EventLog, task: Task) -> pl.DataFrame:
    """The events that count as the task's action: right action, right items.

    Raises:
        ConfigError: If ``task.where`` names a column the items table lacks.
    """
    return _on_items(log.events.filter(pl.col(columns.ACTION) == task.action), log, task)


def returned_events(log: EventLog, task: Task) -> pl.DataFrame | None:
    """What was given back of the task's items; None where refunds do not count against purchases.

    Raises:
        ConfigError: If ``task.where`` names a column the items table lacks.
    """
    returned = log.table(RETURNED)
    return None if returned is None or task.action != columns.PURCHASE else _on_items(returned, log, task)


def _on_items(events: pl.DataFrame, log: EventLog, task: Task) -> pl.DataFrame:
    if not task.where:
        return events
    items = log.table("items")
    absent = [name for name in task.where if items is None or name not in items.columns]
    if items is None or absent:
        raise ConfigError(
            f"Task {task.name!r} filters on an item column that does not exist.",
            received=", ".join(absent),
            remedy=f"Use one of: {', '.join(items.columns)}." if items is not None else "Add an items table.",
        )
    wanted = items.filter(fits(task.where)).select(pl.col(columns.ITEM_ID).cast(pl.String)).unique()
    return events.join(wanted, on=columns.ITEM_ID, how="semi", maintain_order="left")


def users_known_at(log: EventLog, task: Task, cutoffs: list[int]) -> pl.DataFrame:
    """One row per (``user_id``, ``cutoff``): users who did anything by then, active ones where the task says so."""
    if task.active_days is None:
        present = log.events.filter(~pl.col(columns.ACTION).is_in(columns.SHOP_ACTIONS))
        first = present.group_by(columns.USER_ID).agg(pl.col(columns.TIME).min().alias("first"))
        grid = first.join(pl.DataFrame({columns.CUTOFF: cutoffs}, schema={columns.CUTOFF: pl.Int64}), how="cross")
        known = grid.filter(pl.col("first") <= pl.col(columns.CUTOFF))
    else:
        acted = log.events.filter(pl.col(columns.ACTION) == task.action).select(columns.USER_ID, columns.TIME)
        frames = [
            acted.filter((pl.col(columns.TIME) <= cutoff) & (pl.col(columns.TIME) > cutoff - task.active_days * DAY))
            .select(columns.USER_ID)
            .unique()
            .with_columns(pl.lit(cutoff, dtype=pl.Int64).alias(columns.CUTOFF))
            for cutoff in cutoffs
        ]
        known = pl.concat(frames) if frames else grid_schema()
    return known.select(columns.USER_ID, columns.CUTOFF).sort(columns.CUTOFF, columns.USER_ID)


def grid_schema() -> pl.DataFrame:
    """An empty (``user_id``, ``cutoff``) frame."""
    return pl.DataFrame(schema={columns.USER_ID: pl.String, columns.CUTOFF: pl.Int64})


def outcomes_after(
    points: pl.DataFrame,
    events: pl.DataFrame,
    *,
    horizon_days: int,
    returned: pl.DataFrame | None = None,
    adds_up: str = columns.VALUE,
) -> pl.DataFrame:
    """What each point's user did in ``(cutoff, cutoff + horizon]``.

    Args:
        points: (``user_id``, ``cutoff``), possibly with more columns.
        events: The events that count.
        horizon_days: Length of the window.
        returned: What was given back, which lowers the amount of the window it was given back in, never below zero;
            it is no event and takes none away.
        adds_up: The column whose sum the amount is; a value that is not said is nothing, a quantity one.

    Returns:
        ``points`` with ``n_events``, ``n_orders`` (rows that share an order id, without one a moment, are one),
        ``amount`` (sum of ``adds_up``) and ``first_time`` (null where nothing happened), in the same order.
    """
    outcomes = _sums_after(points, events, horizon_days=horizon_days, adds_up=adds_up)
    if returned is None:
        return outcomes
    back = _sums_after(points, returned, horizon_days=horizon_days, adds_up=adds_up)["amount"]
    return outcomes.with_columns((pl.col("amount") - back).clip(lower_bound=0.0).alias("amount"))


def _amount(value: pl.Expr, unsaid: float) -> pl.Expr:
    """A value as it is added up: what is not said stands for ``unsaid``, what is no number for nothing."""
    return pl.when(value.is_null()).then(unsaid).when(value.is_finite()).then(value).otherwise(0.0)


def _sums_after(points: pl.DataFrame, events: pl.DataFrame, *, horizon_days: int, adds_up: str) -> pl.DataFrame:
    value = pl.col(adds_up).cast(pl.Float64) if adds_up in events.columns else pl.lit(None, dtype=pl.Float64)
    unsaid = 1.0 if adds_up == columns.QUANTITY else 0.0
    moment = pl.col(columns.TIME).cast(pl.String)
    order = pl.col(columns.ORDER_ID).fill_null(moment) if columns.ORDER_ID in events.columns else moment
    slim = events.select(columns.USER_ID, columns.TIME, _amount(value, unsaid).alias("amount"), order.alias("order"))
    parts = []
    for (cutoff,), _ in points.group_by([columns.CUTOFF], maintain_order=True):
        end = int(cutoff) + horizon_days * DAY
        inside = slim.filter((pl.col(columns.TIME) > cutoff) & (pl.col(columns.TIME) <= end))
        parts.append(
            inside.group_by(columns.USER_ID)
            .agg(
                pl.len().cast(pl.Int64).alias("n_events"),
                pl.col("order").n_unique().cast(pl.Int64).alias("n_orders"),
                pl.col("amount").sum(),
                pl.col(columns.TIME).min().alias("first_time"),
            )
            .with_columns(pl.lit(cutoff, dtype=pl.Int64).alias(columns.CUTOFF))
        )
    if not parts:
        return points.with_columns(
            pl.lit(0, dtype=pl.Int64).alias("n_events"),
            pl.lit(0, dtype=pl.Int64).alias("n_orders"),
            pl.lit(0.0).alias("amount"),
            pl.lit(None, dtype=pl.Int64).alias("first_time"),
        )
    return points.join(
        pl.concat(parts), on=[columns.USER_ID, columns.CUTOFF], how="left", maintain_order="left"
    ).with_columns(pl.col("n_events", "n_orders").fill_null(0), pl.col("amount").fill_null(0.0))
