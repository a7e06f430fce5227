"""Features of a user with an item: how often, how lately, how regularly, and so for the item's category.

This module owns the table that ranks what a user may want again. It refuses to say which items are candidates
beyond those the user has acted on: give others as ``pairs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.features.categories import CategoryMap
from foretell.features.cells import Cells, Counted, expand
from foretell.features.codes import divide, encode, lookup
from foretell.features.compute import check_points
from foretell.features.ledger import Ledger
from foretell.features.orders import first_of_order

__all__ = ["POINT", "USER_ITEM_NAMES", "user_item_features"]

Integers = NDArray[np.int64]
Named = Iterator[tuple[str, NDArray[np.float64] | Integers]]

POINT: Final = "point"
"""The column that says which row of the points a pair belongs to (0-based)."""

_WINDOWS_DAYS: Final = (28, 91)
_SPANS: Final = ("28_days", "91_days", "all_time")
_LEVELS: Final = (columns.CATEGORY, columns.CATEGORY_2)
_BLOCK_PAIRS: Final = 1_000_000

USER_ITEM_NAMES: Final = (
    *(f"item_action_count_{span}" for span in _SPANS),
    "item_action_recency_days",
    *(f"item_order_count_{span}" for span in _SPANS),
    "item_order_recency_days",
    "item_orders_since_count",
    "item_gap_mean_days",
    "item_overdue_ratio",
    "item_order_share",
    *(
        f"{level}_{name}"
        for level in _LEVELS
        for name in (*(f"order_count_{span}" for span in _SPANS), "order_recency_days", "overdue_ratio")
    ),
)
"""The features of a user with an item, in the order of the columns."""


def user_item_features(
    histories: pl.DataFrame,
    *,
    points: pl.DataFrame,
    pairs: pl.DataFrame | None = None,
    categories: CategoryMap | None = None,
) -> pl.DataFrame:
    """One row for each item that a point's user has acted on by the cutoff, or for each given pair.

    Args:
        histories: ``HISTORY_SCHEMA``, of one user or of many.
        points: ``user_id`` and ``cutoff`` (int64 microseconds).
        pairs: ``point`` (row number in ``points``) and ``item_id``, with any other columns, which are kept;
            None asks about every item acted on, by point and then by the text of the item id.
        categories: Which category each item belongs to; None leaves the category features empty.

    Returns:
        ``point`` (UInt32), ``item_id`` and the Float32 columns ``USER_ITEM_NAMES``, null where not defined.

    Raises:
        SchemaError: If a column is missing or a pair names a point that does not exist.

    Example:
        >>> from foretell.core.history import History
        >>> rows = [
        ...     {"time": 5, "action": "view", "item_id": "tea"},
        ...     {"time": 9, "action": "purchase", "item_id": "bun"},
        ... ]
        >>> points = pl.DataFrame({"user_id": ["ann"], "cutoff": [8]})
        >>> frame = user_item_features(History.empty("ann").append(rows).events, points=points)
        >>> frame.select("item_id", "item_action_count_28_days", "item_order_recency_days").rows()
        [('tea', 1.0, None)]
    """
    check_points(histories, points=points)
    ledger = Ledger(histories, points=points, categories=categories or CategoryMap.of(None))
    tables = _Tables.of(ledger)
    if pairs is None:
        names = ledger.item_names
        point, item = tables.items_seen(ledger)
        frame = pl.DataFrame({POINT: point.astype(np.uint32), columns.ITEM_ID: names.gather(item)})
    else:
        point, item, names = _given(pairs, known=ledger.item_names, n_points=points.height)
        frame = pairs
    # The last code stands for a pair without an item.
    of_item = {level: np.append(ledger.categories.of_items(names, level=level), -1) for level in _LEVELS}
    values = {name: np.empty(len(point), dtype=np.float32) for name in USER_ITEM_NAMES}
    for start in range(0, len(point), _BLOCK_PAIRS):
        block = slice(start, start + _BLOCK_PAIRS)
        for name, numbers in tables.values(ledger, point=point[block], item=item[block], of_item=of_item):
            values[name][block] = numbers
    return frame.with_columns(pl.Series(name, numbers, nan_to_null=True) for name, numbers in values.items())


@dataclass(frozen=True)
class _Tables:
    """The events in cells of user and item, and the orders in cells of user and item or category.

    ``orders_before`` says of each order of a cell how many orders its user had placed by then.
    """

    cells: Cells
    events: Counted
    orders: Counted
    orders_before: Integers
    by_level: dict[str, tuple[Cells, Counted]]

    @classmethod
    def of(cls, ledger: Ledger) -> _Tables:
        item = ledger.code(columns.ITEM_ID)
        rows = np.flatnonzero(ledger.mask(()) & (item >= 0))
        cells = _cells(ledger, rows, thing=item, n_things=len(ledger.item_names))
        rows = rows[cells.order]
        events = Counted.of(cells.cell, time=ledger.time[rows], n_cells=len(cells))
        bought = ledger.mask((columns.PURCHASE,))
        kept, orders = _orders(ledger, rows[bought[rows]], cell=cells.cell[bought[rows]], n_cells=len(cells))
        line = ledger.orders.line
        before = line.position(ledger.owner[kept], tick=line.tick(ledger.time[kept]))
        by_level: dict[str, tuple[Cells, Counted]] = {}
        for level in _LEVELS:
            thing = ledger.code(level)
            rows = np.flatnonzero(bought & (thing >= 0))
            grouped = _cells(ledger, rows, thing=thing, n_things=len(ledger.categories.names.get(level, ())))
            _, counted = _orders(ledger, rows[grouped.order], cell=grouped.cell, n_cells=len(grouped))
            by_level[level] = (grouped, counted)
        return cls(cells, events, orders, before, by_level)

    def items_seen(self, ledger: Ledger) -> tuple[Integers, Integers]:
        """Every (point, item code) with an event by the cutoff."""
        owner = ledger.point_owner
        bounds = np.append(self.cells.starts, self.cells.starts[-1])
        point, cell = expand(bounds[owner], end=bounds[owner + 1])
        begun = self.events.time[self.events.line.starts[cell]] <= ledger.cutoff[point]
        point, cell = point[begun], cell[begun]
        return point, self.cells.key[cell] % max(self.cells.n_things, 1)

    def values(self, ledger: Ledger, *, point: Integers, item: Integers, of_item: dict[str, Integers]) -> Named:
        """Each feature of the pairs, shape ``[A]``."""
        cell = self.cells.find(ledger.point_owner[point], thing=item)
        counts, first, end = self.events.at(cell, point=point, cutoff=ledger.cutoff, windows_days=_WINDOWS_DAYS)
        for span, count in zip(_SPANS, counts, strict=True):
            yield f"item_action_count_{span}", count
        recency = self.events.age_days(end - 1, present=end > first, cutoff=ledger.cutoff[point])
        yield "item_action_recency_days", recency
        yield from self._item_orders(ledger, point=point, cell=cell)
        for level in self.by_level:
            yield from self._level_orders(ledger, level=level, point=point, thing=of_item[level][item])

    def _item_orders(self, ledger: Ledger, *, point: Integers, cell: Integers) -> Named:
        counts, first, end = self.orders.at(cell, point=point, cutoff=ledger.cutoff, windows_days=_WINDOWS_DAYS)
        for span, count in zip(_SPANS, counts, strict=True):
            yield f"item_order_count_{span}", count
        present = end > first
        recency = self.orders.age_days(end - 1, present=present, cutoff=ledger.cutoff[point])
        yield "item_order_recency_days", recency
        line = ledger.orders.line
        n_until = line.position(ledger.point_owner, tick=line.tick(ledger.cutoff))
        before = np.append(self.orders_before, 0)[np.where(present, end - 1, -1)]
        yield "item_orders_since_count", np.where(present, n_until[point] - before, np.nan)
        gap = self.orders.mean_gap_days(first, end=end)
        yield "item_gap_mean_days", gap
        yield "item_overdue_ratio", divide(recency, gap)
        n_orders = n_until - line.starts[ledger.point_owner]
        yield "item_order_share", divide(counts[-1], n_orders[point])

    def _level_orders(self, ledger: Ledger, *, level: str, point: Integers, thing: Integers) -> Named:
        """The order features of a category, computed once for each distinct (point, category)."""
        cells, orders = self.by_level[level]
        asked = point * (cells.n_things + 1) + thing + 1
        distinct, inverse = np.unique(asked, return_inverse=True)
        at, what = distinct // (cells.n_things + 1), distinct % (cells.n_things + 1) - 1
        cell = cells.find(ledger.point_owner[at], thing=what)
        counts, first, end = orders.at(cell, point=at, cutoff=ledger.cutoff, windows_days=_WINDOWS_DAYS)
        for span, count in zip(_SPANS, counts, strict=True):
            yield f"{level}_order_count_{span}", np.where(what >= 0, count, np.nan)[inverse]
        recency = orders.age_days(end - 1, present=end > first, cutoff=ledger.cutoff[at])
        yield f"{level}_order_recency_days", recency[inverse]
        yield f"{level}_overdue_ratio", divide(recency, orders.mean_gap_days(first, end=end))[inverse]


def _cells(ledger: Ledger, rows: Integers, *, thing: Integers, n_things: int) -> Cells:
    n_owners = len(ledger.line.starts) - 1
    return Cells.of(ledger.owner[rows], thing=thing[rows], n_owners=n_owners, n_things=n_things)


def _orders(ledger: Ledger, rows: Integers, *, cell: Integers, n_cells: int) -> tuple[Integers, Counted]:
    """The rows at which a cell's thing enters an order, and those orders as happenings."""
    order, time = ledger.code(columns.ORDER_ID)[rows], ledger.time[rows]
    kept = first_of_order(cell, time=time, order=order)
    return rows[kept], Counted.of(cell[kept], time=time[kept], n_cells=n_cells)


def _given(pairs: pl.DataFrame, *, known: pl.Series, n_points: int) -> tuple[Integers, Integers, pl.Series]:
    """Points and item codes of the pairs; items that no history holds get codes after the others'."""
    missing = [name for name in (POINT, columns.ITEM_ID) if name not in pairs.columns]
    if missing:
        raise SchemaError(f"The pairs lack {', '.join(missing)}.", received=", ".join(pairs.columns))
    point = pairs[POINT].cast(pl.Int64).to_numpy()
    if len(point) and (point.min() < 0 or point.max() >= n_points):
        raise SchemaError(
            "A pair names a point that does not exist.",
            received=f"points {point.min()} to {point.max()}, of {n_points}",
            remedy="Number the points by their row, from 0.",
        )
    of_pair, asked = encode(pairs[columns.ITEM_ID].cast(pl.String))
    of_asked = lookup(asked, names=known).copy()
    fresh = of_asked < 0
    of_asked[fresh] = len(known) + np.arange(fresh.sum())
    names = pl.concat([known, asked.filter(pl.Series(fresh, dtype=pl.Boolean))])
    return point, np.append(of_asked, -1)[of_pair], names
