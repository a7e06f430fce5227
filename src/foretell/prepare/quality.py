"""The quality of a log in numbers, for ``foretell inspect`` and the report.

This module owns the counts. It refuses verdicts (``gates``) and removals (``cleaning``).
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.time import DAY, from_microseconds

__all__ = ["quality"]

_QUANTILES: Final = (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)


def quality(log: EventLog) -> dict[str, Any]:
    """Describe a log, cleaned or not, in plain JSON values.

    Returns:
        ``events``, ``users``, ``items``; ``time`` (from, to as ISO 8601, and days); ``actions`` (count by
        name, the most frequent first); ``missing`` (share of empty cells by column); ``unknown_items`` (share
        of rows with an item that the items table lacks; None without such a table); ``events_per_user``
        (quantiles); ``duplicates`` (rows equal to an earlier one in all columns); ``rejected`` (rows a source
        could not read); ``tables`` (rows by side table).

    Example:
        >>> log = EventLog(pl.DataFrame({"user_id": ["a", "a"], "time": [0, 0], "action": ["view", "view"]}))
        >>> described = quality(log)
        >>> described["users"], described["duplicates"], described["actions"]
        (1, 1, {'view': 2})
    """
    events = log.events
    return {
        "events": events.height,
        "users": _distinct(events, columns.USER_ID),
        "items": _distinct(events, columns.ITEM_ID),
        "time": _span(events[columns.TIME]),
        "actions": _actions(events),
        "missing": _missing(events),
        "unknown_items": _unknown_items(events, log.table("items")),
        "events_per_user": _per_user(events),
        "duplicates": events.height - events.n_unique() if events.height else 0,
        "rejected": 0 if log.rejected is None else log.rejected.height,
        "tables": {name: table.height for name, table in log.tables.items()},
    }


def _distinct(events: pl.DataFrame, column: str) -> int:
    return events[column].drop_nulls().n_unique() if column in events.columns else 0


def _span(times: pl.Series) -> dict[str, Any]:
    known = times.drop_nulls()
    if known.is_empty():
        return {"from": None, "to": None, "days": 0.0}
    first, last = int(str(known.min())), int(str(known.max()))
    return {"from": _iso(first), "to": _iso(last), "days": round((last - first) / DAY, 2)}


def _iso(moment: int) -> str:
    """ISO 8601, or the bare count where the moment lies outside the calendar, as in a log not cleaned yet."""
    try:
        return from_microseconds(moment).isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{moment} microseconds since 1970"


def _actions(events: pl.DataFrame) -> dict[str, int]:
    counts = events.group_by(columns.ACTION).len().sort("len", columns.ACTION, descending=[True, False])
    return {str(action): int(count) for action, count in counts.iter_rows()}


def _missing(events: pl.DataFrame) -> dict[str, float]:
    rows = max(events.height, 1)
    return {name: round(events[name].null_count() / rows, 6) for name in events.columns}


def _unknown_items(events: pl.DataFrame, items: pl.DataFrame | None) -> float | None:
    if items is None or columns.ITEM_ID not in events.columns:
        return None
    named = events.filter(pl.col(columns.ITEM_ID).is_not_null())
    known = items.select(pl.col(columns.ITEM_ID).cast(pl.String)).unique()
    return round(named.join(known, on=columns.ITEM_ID, how="anti").height / max(named.height, 1), 6)


def _per_user(events: pl.DataFrame) -> dict[str, float]:
    counts = events.drop_nulls(columns.USER_ID).group_by(columns.USER_ID).len()["len"]
    if counts.is_empty():
        return {}
    return {f"q{round(level * 100)}": float(counts.quantile(level, "nearest") or 0) for level in _QUANTILES}
