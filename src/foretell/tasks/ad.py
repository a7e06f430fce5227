"""Which exposure works: P(the user responds to a shown item within the horizon).

This module owns the label of an exposure. It refuses logs without exposures; rows that stand for several real
exposures keep their weight, so rates and probabilities are those of the whole.
"""

from __future__ import annotations

import polars as pl

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.tasks.windows import counted_events

__all__ = ["examples", "exposures", "has_exposures"]


def has_exposures(log: EventLog) -> bool:
    """True if the log says what was shown to whom."""
    table = log.table("exposures")
    if table is not None and table.height:
        return True
    # An impression that does not name its item says nothing about what was shown.
    return bool(_impressions(log).height)


def exposures(log: EventLog) -> pl.DataFrame:
    """The exposures of a log: its side table, or its impression events, one form for both.

    Returns:
        ``user_id, time, item_id, position, channel, weight, store_id``; the store is the one whose placement it was,
        null where exposures have no place of their own.

    Raises:
        InsufficientDataError: If the log has neither.
    """
    if not has_exposures(log):
        raise InsufficientDataError(
            "There are no exposures to learn from.",
            received="no exposures table and no impression events",
            remedy="Log what was shown (action 'impression' with item_id), or switch the ad task off.",
        )
    table = log.table("exposures")
    if table is None or not table.height:
        table = _impressions(log)
    optional = {
        columns.POSITION: pl.String,
        columns.CHANNEL: pl.String,
        columns.WEIGHT: pl.Float64,
        columns.STORE_ID: pl.String,
    }
    table = table.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in optional.items() if name not in table.columns
    )
    return table.select(
        columns.USER_ID,
        columns.TIME,
        columns.ITEM_ID,
        columns.POSITION,
        columns.CHANNEL,
        pl.col(columns.WEIGHT).fill_null(1.0),
        columns.STORE_ID,
    ).filter(pl.col(columns.ITEM_ID).is_not_null() & pl.col(columns.USER_ID).is_not_null())


def _impressions(log: EventLog) -> pl.DataFrame:
    """The impression events that name their item."""
    if columns.ITEM_ID not in log.events.columns:
        return log.events.clear()
    return log.events.filter((pl.col(columns.ACTION) == columns.IMPRESSION) & pl.col(columns.ITEM_ID).is_not_null())


def examples(log: EventLog, task: Task, *, start: int, end: int) -> pl.DataFrame:
    """One example per exposure whose whole window lies in ``(start, end]``.

    The cutoff is the moment of the exposure: what came before is known, the response comes after.

    Returns:
        ``user_id, cutoff, item_id, position, channel, weight, label``.
    """
    horizon = task.horizon_days * DAY
    shown = (
        exposures(log)
        .drop(columns.STORE_ID)
        .filter((pl.col(columns.TIME) >= start) & (pl.col(columns.TIME) + horizon <= end))
        .sort(columns.TIME, columns.USER_ID, columns.ITEM_ID)
        .with_row_index("exposure")
    )
    responses = counted_events(log, task).select(
        columns.USER_ID, columns.ITEM_ID, pl.col(columns.TIME).alias("responded")
    )
    hits = (
        shown.select("exposure", columns.USER_ID, columns.ITEM_ID, columns.TIME)
        .join(responses, on=[columns.USER_ID, columns.ITEM_ID], how="inner")
        .filter((pl.col("responded") > pl.col(columns.TIME)) & (pl.col("responded") <= pl.col(columns.TIME) + horizon))
        .select("exposure")
        .unique()
        .with_columns(pl.lit(1.0).alias(columns.LABEL))
    )
    return (
        shown.join(hits, on="exposure", how="left", maintain_order="left")
        .with_columns(pl.col(columns.LABEL).fill_null(0.0))
        .rename({columns.TIME: columns.CUTOFF})
        .drop("exposure")
    )
