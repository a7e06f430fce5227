"""The event log: every validated row of a shop, columnar, with the side tables that belong to it.

This module owns the container and its invariants (canonical names and types, order by user then time). It
refuses to read files (``sources``), to remove rows (``prepare``) and to compute features (``features``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError

__all__ = [
    "CLEANED_TABLES",
    "EVENT_ORDER",
    "RETURNED",
    "SIDE_TABLES",
    "UNATTRIBUTED",
    "EventLog",
    "action_rank",
    "in_event_order",
    "negative_sales",
    "restore_ids",
]

SIDE_TABLES: Final = ("items", "users", "campaigns", "treatments", "exposures", "promotions")
"""What a shop may bring beside its events."""

UNATTRIBUTED: Final = "unattributed"
"""The table of the sales that name no user: cleaning keeps it apart, demand counts it, nothing else reads it."""

RETURNED: Final = "returned"
"""The table of what refunds give back of purchases in the log, where units and amounts asked about shall be net."""

CLEANED_TABLES: Final = (UNATTRIBUTED, RETURNED)
"""What cleaning puts beside the events."""

_RANK: Final = "_rank"
_BLOCK_ROWS: Final = 1_000_000
EVENT_ORDER: Final = (
    columns.USER_ID,
    columns.TIME,
    _RANK,
    columns.ORDER_ID,
    columns.ACTION,
    columns.ITEM_ID,
    columns.EVENT_ID,
)
"""The keys of event order, the first deciding; ``_rank`` stands for ``action_rank``."""


@dataclass(frozen=True)
class EventLog:
    """Many events and their side tables, immutable.

    Identifiers are text inside; ``id_types`` remembers what the shop used so that every output carries the
    shop's own ids again (``restore_ids``).

    Attributes:
        events: One row an event, canonical columns, sorted by user then time.
        tables: Side tables by name (``items``, ``users``, ``campaigns``, ``treatments``, ``exposures``,
            ``promotions``, and ``CLEANED_TABLES`` after cleaning); absent ones are absent from the mapping.
        id_types: The Polars type each identifier column had on the way in.
        dialect: The dialect the rows were read in.
        rejected: Rows a source could not read at all (columns ``reason`` and ``raw``), so that none is lost.
        notes: What was assumed or left aside in reading, in plain sentences.
        histories: The ``history_frame`` of the events where it is kept beside them; None where it is to be made.

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
    notes: tuple[str, ...] = ()
    histories: pl.DataFrame | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        missing = [name for name in columns.REQUIRED if name not in self.events.columns]
        if missing:
            raise SchemaError(
                f"The event log lacks {', '.join(missing)}.",
                received=", ".join(self.events.columns) or "no columns",
                remedy=f"Map your columns to {', '.join(columns.REQUIRED)}.",
            )
        strangers = sorted(set(self.tables) - {*SIDE_TABLES, *CLEANED_TABLES})
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
        return replace(self, events=events, histories=None)

    def with_table(self, name: str, table: pl.DataFrame) -> EventLog:
        """The same log with one more, or another, side table."""
        return replace(self, tables={**self.tables, name: table})

    def before(self, cutoff: int) -> EventLog:
        """The part of the log a model may know at ``cutoff`` (int64 microseconds, inclusive)."""
        known = pl.col(columns.TIME) <= cutoff
        cut = {name: self.tables[name].filter(known) for name in CLEANED_TABLES if name in self.tables}
        return replace(self, events=self.events.filter(known), tables={**self.tables, **cut}, histories=None)

    def sales(self, *, net: bool = True) -> EventLog:
        """The purchases alone, with those that name no user, and what was given back as negative ones.

        This is what demand counts. Only a log cleaned with ``refunds = "targets"`` knows what was given back.

        Args:
            net: Whether to count what was given back.

        Example:
            >>> bought = {"user_id": ["a"], "time": [2], "action": ["purchase"], "item_id": ["x"]}
            >>> by_nobody = pl.DataFrame(bought | {"time": [1], "user_id": pl.Series([None], dtype=pl.String)})
            >>> EventLog(pl.DataFrame(bought), {"unattributed": by_nobody}).sales().events["time"].to_list()
            [1, 2]
        """
        bought = pl.col(columns.ACTION) == columns.PURCHASE
        parts = [frame.filter(bought) for frame in (self.events, self.table(UNATTRIBUTED)) if frame is not None]
        returned = self.table(RETURNED)
        if net and returned is not None:
            parts.append(negative_sales(returned))
        return self.with_events(parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal"))

    def restore_ids(self, frame: pl.DataFrame) -> pl.DataFrame:
        """``frame`` with its identifier columns in the types the shop used."""
        return restore_ids(frame, self.id_types)


def action_rank() -> nw.Expr:
    """Where an action stands among others of the same moment (``columns.ACTIONS``); unknown ones come last.

    In Narwhals, so that every engine orders alike.
    """
    rank = nw.lit(len(columns.ACTIONS))
    for place, action in reversed(list(enumerate(columns.ACTIONS))):
        rank = nw.when(nw.col(columns.ACTION) == action).then(nw.lit(place)).otherwise(rank)
    return rank.cast(nw.Int8)


def in_event_order(events: pl.DataFrame) -> pl.DataFrame:
    """Rows by user and time; rows of one user at one moment as a visit goes: seen, sought, in the cart, bought.

    A log does not say what came first within one microsecond. With an order of their own (action, order, item, event
    id) for such rows, how they lay in the file or in which order they arrived live changes nothing.

    Example:
        >>> rows = pl.DataFrame({"user_id": ["a"] * 3, "time": [1] * 3, "action": ["purchase", "cart", "view"]})
        >>> in_event_order(rows)["action"].to_list()
        ['view', 'cart', 'purchase']
    """
    ranked = nw.from_native(events, eager_only=True).with_columns(action_rank().alias(_RANK)).to_native()
    keys = [name for name in EVENT_ORDER if name in ranked.columns]
    return ranked.sort(keys, maintain_order=True).drop(_RANK)


def negative_sales(returned: pl.DataFrame) -> pl.DataFrame:
    """What was given back as purchases of a negative quantity and value, at the moment it was given back.

    Example:
        >>> returned = pl.DataFrame({"action": ["refund"], "quantity": [2.0], "price": [3.0], "value": [6.0]})
        >>> negative_sales(returned).row(0)
        ('purchase', -2.0, None, -6.0)
    """
    present = set(returned.columns)
    signed = [-pl.col(name) for name in (columns.QUANTITY, columns.VALUE) if name in present]
    # A price or discount that comes back is no observation of one.
    absent = [
        pl.lit(None, dtype=pl.Float64).alias(name) for name in (columns.PRICE, columns.DISCOUNT) if name in present
    ]
    return returned.with_columns(pl.lit(columns.PURCHASE).alias(columns.ACTION), *signed, *absent)


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
    """True if the rows are already sorted by user then time: a scan, much cheaper than a sort.

    It goes block by block, so that a log that lies on disk is not brought into memory for it.
    """
    keys = events.select(columns.USER_ID, columns.TIME)
    return all(_is_block_ordered(keys.slice(begin, _BLOCK_ROWS + 1)) for begin in range(0, keys.height, _BLOCK_ROWS))


def _is_block_ordered(keys: pl.DataFrame) -> bool:
    users, times = keys[columns.USER_ID], keys[columns.TIME]
    if users.has_nulls() or times.has_nulls() or not users.is_sorted():
        return False
    backwards = (times.diff() < 0) & (users == users.shift(1))
    return not backwards.any()
