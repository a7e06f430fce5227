"""A customer's history: one user's events up to a cutoff, the same object offline and live.

This module owns the schema of a history, its construction in bulk and its growth event by event. It refuses
to encode (``model``) or to aggregate (``features``): both read the same frame, whether it holds one user's
events (live) or everyone's (batch), which is why their answers agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.core.events import EventLog, in_event_order

__all__ = ["HISTORY_SCHEMA", "History", "history_frame", "history_rows"]

HISTORY_SCHEMA: Final = pl.Schema(
    {
        columns.USER_ID: pl.String(),
        columns.TIME: pl.Int64(),
        columns.ACTION: pl.String(),
        columns.ITEM_ID: pl.String(),
        columns.QUANTITY: pl.Float64(),
        columns.PRICE: pl.Float64(),
        columns.VALUE: pl.Float64(),
        columns.DISCOUNT: pl.Float64(),
        columns.RATING: pl.Float64(),
        columns.ORDER_ID: pl.String(),
        columns.QUERY: pl.String(),
        columns.STORE_ID: pl.String(),
        columns.CAMPAIGN_ID: pl.String(),
        columns.EVENT_ID: pl.String(),
    }
)


def history_frame(log: EventLog) -> pl.DataFrame:
    """Everyone's histories in one frame: ``HISTORY_SCHEMA``, passive events (impressions) left out.

    Columns the log lacks are null. Rows keep the log's order: by user, then time.

    Example:
        >>> log = EventLog(pl.DataFrame({"user_id": ["a"], "time": [5], "action": ["view"]}))
        >>> history_frame(log).select("user_id", "time", "item_id").row(0)
        ('a', 5, None)
    """
    return history_rows(log.events) if log.histories is None else log.histories


def history_rows(events: pl.DataFrame) -> pl.DataFrame:
    """The same of a log's events; where none is passive the columns are those of ``events``, and nothing is copied."""
    acted = ~events[columns.ACTION].is_in(columns.PASSIVE_ACTIONS).fill_null(True)
    return _conform(events if acted.all() else events.filter(acted))


@dataclass(frozen=True)
class History:
    """One user's events up to a cutoff.

    Attributes:
        user_id: Whose events these are.
        events: ``HISTORY_SCHEMA``, in event order (``in_event_order``), whatever the order of arrival.

    Example:
        >>> history = History.empty("a").append([{"time": 5, "action": "view", "item_id": "x"}])
        >>> history = history.append([{"time": 3, "action": "search", "query": "tea"}])
        >>> history.events["action"].to_list(), len(history.until(4))
        (['search', 'view'], 1)
    """

    user_id: str
    events: pl.DataFrame

    @classmethod
    def empty(cls, user_id: str) -> History:
        """The history of somebody never seen."""
        return cls(user_id, pl.DataFrame(schema=HISTORY_SCHEMA))

    @classmethod
    def of(cls, frame: pl.DataFrame, *, user_id: str) -> History:
        """The part of a ``history_frame`` that belongs to ``user_id``."""
        return cls(user_id, frame.filter(pl.col(columns.USER_ID) == user_id))

    def __len__(self) -> int:
        return self.events.height

    def until(self, cutoff: int) -> History:
        """What was known at ``cutoff`` (int64 microseconds, inclusive)."""
        return History(self.user_id, self.events.filter(pl.col(columns.TIME) <= cutoff))

    def append(self, rows: Iterable[Mapping[str, Any]]) -> History:
        """The history after more events; a repeated ``event_id`` and passive events change nothing.

        Args:
            rows: Events as mappings with at least ``time`` (microseconds) and ``action``.

        Raises:
            SchemaError: If a row lacks ``time`` or ``action``, or a value has the wrong type.
        """
        known = set(self.events[columns.EVENT_ID].drop_nulls())
        fresh: list[dict[str, Any]] = []
        for row in rows:
            _require(row)
            event_id = row.get(columns.EVENT_ID)
            if row[columns.ACTION] in columns.PASSIVE_ACTIONS or (event_id is not None and event_id in known):
                continue
            known.add(event_id)
            fresh.append({name: row.get(name) for name in HISTORY_SCHEMA} | {columns.USER_ID: self.user_id})
        if not fresh:
            return self
        try:
            added = pl.DataFrame(fresh, schema=HISTORY_SCHEMA, strict=True)
        except (TypeError, pl.exceptions.PolarsError) as error:
            raise SchemaError(
                "An event has a value of the wrong type.",
                received=str(error).splitlines()[0],
                remedy="Send times as microseconds, ids and words as text, amounts as numbers.",
            ) from error
        return History(self.user_id, in_event_order(pl.concat([self.events, added])))


def _require(row: Mapping[str, Any]) -> None:
    for name in (columns.TIME, columns.ACTION):
        if row.get(name) is None:
            raise SchemaError(f"An event lacks {name!r}.", received=dict(row), remedy="Send at least time and action.")
    if not isinstance(row[columns.TIME], Integral) or isinstance(row[columns.TIME], bool):
        raise SchemaError(
            "An event's time is of the wrong type.",
            received=repr(row[columns.TIME]),
            remedy="Send times as whole microseconds since 1970 UTC.",
        )


def _conform(events: pl.DataFrame) -> pl.DataFrame:
    """Select the history columns, adding the absent ones as nulls of the right type."""
    return events.select(
        pl.col(name).cast(kind) if name in events.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in HISTORY_SCHEMA.items()
    )
