"""The event log: every validated row of a shop, columnar, with the side tables that belong to it.

This module owns the container and its invariants (canonical names and types, order by user then time). It
refuses to read files (``sources``), to remove rows (``prepare``) and to compute features (``features``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError

__all__ = ["SIDE_TABLES", "EventLog", "in_event_order", "restore_ids"]

SIDE_TABLES: Final = ("items", "users", "campaigns", "treatments", "exposures", "promotions")


@dataclass(frozen=True)
class EventLog:
    """Many events and their side tables, immutable.

    Identifiers are text inside; ``id_types`` remembers what the shop used so that every output carries the
    shop's own ids again (``restore_ids``).

    Attributes:
        events: One row an event, canonical columns, sorted by user then time.
        tables: Side tables by name (``items``, ``users``, ``campaigns``, ``treatments``, ``exposures``,
            ``promotions``); absent ones are absent from the mapping.
        id_types: The Polars type each identifier column had on the way in.
        dialect: The dialect the rows were read in.
        rejected: Rows a source could not read at all (columns ``reason`` and ``raw``), so that none is lost.

    Raises:
        SchemaError: If a required column is missing or a side table has an unknown name.

    Example:
        >>> frame = pl.DataFrame({"user_id": ["b", "a"], "time": [1, 2], "action": ["view", "view"]})
        >>> EventLog(frame).events["user_id"].to_list()
        ['a', 'b']
    """

    events: pl.DataFrame
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    id_types: Mapping[str, pl.DataType] = field(default_factory=dict)
    dialect: str = "canonical"
    rejected: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        missing = [name for name in columns.REQUIRED if name not in self.events.columns]
        if missing:
            raise SchemaError(
                f"The event log lacks {', '.join(missing)}.",
                received=", ".join(self.events.columns) or "no columns",
                remedy=f"Map your columns to {', '.join(columns.REQUIRED)}.",
            )
        strangers = sorted(set(self.tables) - set(SIDE_TABLES))
        if strangers:
            raise SchemaError(
                f"Unknown side table {strangers[0]!r}.",
                received=", ".join(strangers),
                remedy=f"Use one of {', '.join(SIDE_TABLES)}.",
            )
        object.__setattr__(self, "events", _canonical(self.events))
        object.__setattr__(self, "tables", {name: _with_text_ids(table) for name, table in self.tables.items()})

    def __len__(self) -> int:
        return self.events.height

    def table(self, name: str) -> pl.DataFrame | None:
        """The side table ``name``, or None where the shop has none."""
        return self.tables.get(name)

    def with_events(self, events: pl.DataFrame) -> EventLog:
        """The same log with other rows."""
        return replace(self, events=events)

    def with_table(self, name: str, table: pl.DataFrame) -> EventLog:
        """The same log with one more, or another, side table."""
        return replace(self, tables={**self.tables, name: table})

    def before(self, cutoff: int) -> EventLog:
        """The part of the log a model may know at ``cutoff`` (int64 microseconds, inclusive)."""
        return self.with_events(self.events.filter(pl.col(columns.TIME) <= cutoff))

    def restore_ids(self, frame: pl.DataFrame) -> pl.DataFrame:
        """``frame`` with its identifier columns in the types the shop used."""
        return restore_ids(frame, self.id_types)


def in_event_order(events: pl.DataFrame) -> pl.DataFrame:
    """Rows by user and time; rows of one user at one moment by order, action, item and event id.

    A log does not say what came first within one microsecond; with an order of its own for such rows, how they lay
    in the file (or in which order they arrived live) changes nothing.

    Example:
        >>> rows = pl.DataFrame({"user_id": ["a", "a"], "time": [1, 1], "action": ["view", "cart"]})
        >>> in_event_order(rows)["action"].to_list()
        ['cart', 'view']
    """
    ties = (columns.ORDER_ID, columns.ACTION, columns.ITEM_ID, columns.EVENT_ID)
    keys = [columns.USER_ID, columns.TIME, *(name for name in ties if name in events.columns)]
    return events.sort(keys, maintain_order=True)


def restore_ids(frame: pl.DataFrame, id_types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Cast the identifier columns of ``frame`` back to the shop's own types.

    Example:
        >>> restore_ids(pl.DataFrame({"user_id": ["7"]}), {"user_id": pl.Int64()})["user_id"].to_list()
        [7]
    """
    present = {name: kind for name, kind in id_types.items() if name in frame.columns}
    return frame.with_columns(_restored(frame[name], kind) for name, kind in present.items())


def _restored(values: pl.Series, kind: pl.DataType) -> pl.Series:
    """The ids in the shop's type; as text where one never was the shop's, so that none is lost."""
    own = values.cast(kind, strict=False)
    return own if own.null_count() == values.null_count() else values


def _canonical(events: pl.DataFrame) -> pl.DataFrame:
    """Cast to the canonical types and sort by user then time (stable, so ties keep their order)."""
    casts = [pl.col(columns.TIME).cast(pl.Int64)]
    casts += [pl.col(name).cast(pl.String) for name in columns.IDENTIFIERS if name in events.columns]
    casts += [pl.col(name).cast(pl.String) for name in columns.WORDS if name in events.columns]
    casts += [pl.col(name).cast(pl.Float64) for name in columns.NUMBERS if name in events.columns]
    events = events.with_columns(casts)
    return events if _is_ordered(events) else events.sort(columns.USER_ID, columns.TIME, maintain_order=True)


def _with_text_ids(table: pl.DataFrame) -> pl.DataFrame:
    """A side table with its identifiers as text, so that it joins the events whatever the shop's types are."""
    other = [name for name in columns.IDENTIFIERS if table.schema.get(name, pl.String) != pl.String]
    return table.with_columns(pl.col(other).cast(pl.String)) if other else table


def _is_ordered(events: pl.DataFrame) -> bool:
    """True if the rows are already sorted by user then time: a scan, much cheaper than a sort."""
    users, times = events[columns.USER_ID], events[columns.TIME]
    if users.has_nulls() or times.has_nulls() or not users.is_sorted():
        return False
    backwards = (times.diff() < 0) & (users == users.shift(1))
    return not backwards.any()
