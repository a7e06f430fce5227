"""Everything the aggregates read about many users at many points: positions, prefix sums, distinct counts.

This module owns the shared intermediate results of one computation, each made once and only if asked for. All
of them are integers, so one user alone and everyone together give the same bits. It refuses to name features.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY, HOUR
from foretell.features.categories import CATEGORY_LEVELS, CategoryMap
from foretell.features.codes import encode, lookup, prefix_sum, to_amount
from foretell.features.conditions import Condition
from foretell.features.definition import SHOP_ACTIONS
from foretell.features.orders import Orders
from foretell.features.price_levels import PriceLevels
from foretell.features.query_terms import bucket_table
from foretell.features.timeline import Timeline

__all__ = ["Ledger", "in_order"]

Integers = NDArray[np.int64]
Found = TypeVar("Found")
_NEVER: Final = np.iinfo(np.int64).max


def in_order(histories: pl.DataFrame) -> pl.DataFrame:
    """The history frame sorted by user then time; itself where it already is."""
    users = histories[columns.USER_ID]
    if users.is_sorted():
        same_user = np.diff(users.rle_id().to_numpy()) == 0
        if (np.diff(histories[columns.TIME].to_numpy())[same_user] >= 0).all():
            return histories
    return histories.sort(columns.USER_ID, columns.TIME, maintain_order=True)


class Ledger:
    """The events of many users, read at many points.

    Args:
        histories: ``HISTORY_SCHEMA``; other row orders than by user and time are sorted first.
        points: ``user_id`` and ``cutoff`` (int64 microseconds), one row a point; users without events are
            fine.
        categories: Which category each item belongs to.
        prices: What things usually cost, where a feature asks.
    """

    def __init__(
        self,
        histories: pl.DataFrame,
        *,
        points: pl.DataFrame,
        categories: CategoryMap,
        prices: PriceLevels | None = None,
    ) -> None:
        self.events = in_order(histories)
        self.categories = categories
        self.prices = prices or PriceLevels()
        users = self.events[columns.USER_ID]
        self.owner: Integers = users.rle_id().cast(pl.Int64).to_numpy()
        self.time: Integers = self.events[columns.TIME].to_numpy()
        names = users.filter(pl.Series(np.diff(self.owner, prepend=-1) > 0)) if len(users) else users
        self.line = Timeline.of(self.owner, time=self.time, n_owners=len(names))
        of_point = lookup(points[columns.USER_ID].cast(pl.String), names=names)
        self.point_owner: Integers = np.where(of_point < 0, len(names), of_point)
        self.cutoff: Integers = points[columns.CUTOFF].cast(pl.Int64).to_numpy()
        self._positions: dict[int, Integers] = {}
        self._masks: dict[tuple[tuple[str, ...], Condition | None], NDArray[np.bool_]] = {}
        self._prefixes: dict[tuple[tuple[str, ...], str | None, Condition | None], Integers] = {}
        self._codes: dict[str, Integers] = {}
        self._amounts: dict[str, Integers] = {}
        self._kept: dict[tuple[object, ...], Any] = {}

    def recall(self, key: tuple[object, ...], compute: Callable[[], Found]) -> Found:
        """``compute()``, done once for each key."""
        if key not in self._kept:
            self._kept[key] = compute()
        found: Found = self._kept[key]
        return found

    def position(self, age_days: int | None) -> Integers:
        """For each point, how many rows of the frame come before the moment ``age_days`` before its cutoff.

        None is the start of the user's history. Shape ``[P]``.
        """
        if age_days is None:
            return self.line.starts[self.point_owner]
        if age_days not in self._positions:
            tick = self.line.tick(self.cutoff - age_days * DAY)
            self._positions[age_days] = self.line.position(self.point_owner, tick=tick)
        return self._positions[age_days]

    def window(self, window_days: int | None, *, skip_days: int = 0) -> tuple[Integers, Integers]:
        """The rows ``start..end`` of each point's window, shapes ``[P]``."""
        start = None if window_days is None else window_days + skip_days
        return self.position(start), self.position(skip_days)

    def mask(self, actions: tuple[str, ...], *, only: Condition | None = None) -> NDArray[np.bool_]:
        """Which rows are one of ``actions`` (none given: the customer's own) and meet the condition."""
        key = (actions, only)
        if key not in self._masks:
            if only is None:
                code, names = self._actions
                chosen = [name in actions if actions else name not in SHOP_ACTIONS for name in names]
                self._masks[key] = np.array([*chosen, False])[code]
            else:
                self._masks[key] = self.mask(actions) & self._meeting(only)
        return self._masks[key]

    def prefix(self, actions: tuple[str, ...], *, column: str | None = None, only: Condition | None = None) -> Integers:
        """Running count of the masked rows, or running sum of their ``column``, shape ``[N + 1]``."""
        key = (actions, column, only)
        if key not in self._prefixes:
            rows = self.mask(actions, only=only)
            self._prefixes[key] = prefix_sum(rows if column is None else np.where(rows, self.amount(column), 0))
        return self._prefixes[key]

    def total(
        self,
        actions: tuple[str, ...],
        *,
        window_days: int | None,
        skip_days: int = 0,
        column: str | None = None,
        only: Condition | None = None,
    ) -> Integers:
        """Count (or sum of ``column`` in ten-thousandths) of the masked rows in each window, ``[P]``."""
        start, end = self.window(window_days, skip_days=skip_days)
        running = self.prefix(actions, column=column, only=only)
        return running[end] - running[start]

    def chosen(
        self, actions: tuple[str, ...], *, only: Condition | None = None, column: str | None = None
    ) -> tuple[Integers, Integers]:
        """The masked rows (those with a value of ``column``, if one is given), and their running count ``[N + 1]``."""

        def compute() -> tuple[Integers, Integers]:
            rows = self.mask(actions, only=only)
            if column is not None:
                rows = rows & self.events[column].is_not_null().to_numpy()
            return np.flatnonzero(rows), prefix_sum(rows)

        return self.recall(("chosen", actions, only, column), compute)

    def distinct(
        self, actions: tuple[str, ...], *, column: str, window_days: int | None, only: Condition | None = None
    ) -> Integers:
        """How many different values of ``column`` each point's window holds, shape ``[P]``.

        A row stands for its value at cutoff c if it lies in the window and the value has not come again by c,
        that is from its time until it leaves the window or the value comes again. Counting distinct values is
        counting the rows whose span holds the cutoff: those begun less those over.
        """
        rows, again = self._next_time(actions, column, only)
        time, owner = self.time[rows], self.owner[rows]
        over = again if window_days is None else np.minimum(again, time + window_days * DAY)
        ends = Timeline.of(owner, time=over, n_owners=len(self.line.starts) - 1, ordered=False)
        begun = Timeline.of(owner, time=time, n_owners=len(self.line.starts) - 1)
        return begun.rows_until(self.point_owner, moment=self.cutoff) - ends.rows_until(
            self.point_owner, moment=self.cutoff
        )

    def code(self, column: str) -> Integers:
        """Integer codes of a text column (an item's attributes are read through the item), -1 where it is null."""
        if column not in self._codes:
            if column == columns.ITEM_ID:
                self._codes[column] = self._items[0]
            elif column in self.categories.names or column in CATEGORY_LEVELS:
                codes, names = self._items
                self._codes[column] = np.append(self.categories.of_items(names, level=column), -1)[codes]
            else:
                self._codes[column] = self._encoded(column)[0]
        return self._codes[column]

    def names(self, column: str) -> list[str]:
        """What the codes of a text column stand for."""
        if column == columns.ITEM_ID:
            return self.item_names.to_list()
        if column in self.categories.names or column in CATEGORY_LEVELS:
            return list(self.categories.names.get(column, ()))
        return self._encoded(column)[1].to_list()

    @property
    def item_names(self) -> pl.Series:
        """The item ids that ``code("item_id")`` numbers, in the order of their text."""
        return self._items[1]

    def amount(self, column: str) -> Integers:
        """A money or quantity column in ten-thousandths, shape ``[N]``."""
        if column not in self._amounts:
            self._amounts[column] = to_amount(self.events[column])
        return self._amounts[column]

    def day(self, time_zone: str = "UTC") -> Integers:
        """The local day of each row, counted from 1970."""
        return self._local(time_zone) // DAY

    def _local(self, time_zone: str) -> Integers:
        """What a local clock shows at each row, as microseconds since its own 1970."""
        if time_zone == "UTC":
            return self.time
        return self.recall(("local", time_zone), lambda: _clock(self.time, time_zone))

    @cached_property
    def orders(self) -> Orders:
        """The orders of every user."""
        rows = np.flatnonzero(self.mask((columns.PURCHASE,)))
        codes = self.code(columns.ORDER_ID)
        return Orders.of(self.owner[rows], time=self.time[rows], order=codes[rows], n_owners=len(self.line.starts) - 1)

    @cached_property
    def _actions(self) -> tuple[Integers, pl.Series]:
        return encode(self.events[columns.ACTION])

    @cached_property
    def _items(self) -> tuple[Integers, pl.Series]:
        return encode(self.events[columns.ITEM_ID])

    def _encoded(self, column: str) -> tuple[Integers, pl.Series]:
        return self.recall(("encoded", column), lambda: encode(self.events[column]))

    def _meeting(self, only: Condition) -> NDArray[np.bool_]:
        """Which rows meet a condition."""
        rows = np.ones(len(self.time), dtype=np.bool_)
        for column, values in only.where:
            rows &= np.array([*(name in values for name in self.names(column)), False])[self.code(column)]
        clock = self._local(only.time_zone)
        if only.hours is not None:
            rows &= np.array([only.has_hour(hour) for hour in range(24)])[clock % DAY // HOUR]
        if only.weekdays:
            rows &= np.array([only.has_weekday(day) for day in range(7)])[(clock // DAY + 3) % 7]
        if only.query_bucket is not None:
            bucket, n_buckets = only.query_bucket
            table = self.recall(
                ("buckets", n_buckets), lambda: bucket_table(self.names(columns.QUERY), n_buckets=n_buckets)
            )
            rows &= table[self.code(columns.QUERY), bucket]
        return rows

    def _next_time(self, actions: tuple[str, ...], column: str, only: Condition | None) -> tuple[Integers, Integers]:
        """The masked rows with a value, and when that value comes next for the same user."""

        def compute() -> tuple[Integers, Integers]:
            code = self.code(column)
            rows = np.flatnonzero(self.mask(actions, only=only) & (code >= 0))
            group = self.owner[rows] * (int(code.max(initial=0)) + 1) + code[rows]
            order = np.argsort(group, kind="stable")
            ordered = group[order]
            same = ordered[1:] == ordered[:-1]
            again = np.full(len(rows), _NEVER, dtype=np.int64)
            again[order[:-1][same]] = self.time[rows][order[1:][same]]
            return rows, again

        return self.recall(("next", actions, column, only), compute)


def _clock(time: Integers, time_zone: str) -> Integers:
    moments = pl.Series(time, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(time_zone)
    shown: Integers = moments.dt.replace_time_zone(None).cast(pl.Int64).to_numpy()
    return shown
