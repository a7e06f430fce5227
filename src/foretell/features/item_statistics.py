"""How each item does in the shop: bought how much, by how many, how regularly, at what price.

This module owns day-bucketed counters of items that grow with new events and answer for any cutoff. Only
complete UTC days before the cutoff count, so that a log appended to live and a log read at once agree exactly
and nothing after the cutoff shows. It refuses to know one user from another in its answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.core.history import HISTORY_SCHEMA
from foretell.core.time import DAY
from foretell.features.codes import to_amount
from foretell.features.definition import SHOP_ACTIONS
from foretell.features.item_index import COUNTERS, ItemIndex

__all__ = ["ItemStatistics"]

_SCHEMA: Final = pl.Schema(
    {columns.ITEM_ID: pl.String(), "day": pl.Int64(), columns.USER_ID: pl.String()}
    | dict.fromkeys(COUNTERS, pl.Int64())
)
_AMOUNTS: Final = (columns.QUANTITY, columns.PRICE, columns.DISCOUNT)
_READ: Final = (columns.ITEM_ID, columns.TIME, columns.USER_ID, columns.ACTION, *_AMOUNTS)
_MOST_CHUNKS: Final = 64
_FEW_ROWS: Final = 10_000


@dataclass(frozen=True)
class ItemStatistics:
    """Counters by item, UTC day and user, immutable.

    Attributes:
        settled: ``item_id``, ``day`` (days since 1970), ``user_id`` and integer counters; amounts in
            ten-thousandths. The same item, day and user may come in several rows, which add up.
        fresh: The same of lately appended events, kept apart so that appending costs no more than it adds.
        carried: The index of earlier counters, which still answers for the days before the first appended
            one.

    Example:
        >>> from foretell.core.history import History
        >>> row = {"time": 5, "action": "purchase", "item_id": "tea", "quantity": 2.0, "price": 1.5}
        >>> statistics = ItemStatistics.of(History.empty("ann").append([row]).events)
        >>> statistics.at(DAY).select("item_id", "shop_purchase_count_7_days", "shop_price_mean").rows()
        [('tea', 1.0, 1.5)]
        >>> statistics.at(DAY - 2).height  # the day is not over
        0
    """

    settled: pl.DataFrame
    fresh: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SCHEMA))
    carried: tuple[ItemIndex, int] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, events: pl.DataFrame) -> ItemStatistics:
        """Count the events of ``HISTORY_SCHEMA`` frames, of one user or of many."""
        return cls(_daily(events))

    def append(self, events: pl.DataFrame) -> ItemStatistics:
        """The counters after more events, which must be new: counting an event twice is not noticed here."""
        added = _daily(events)
        if not added.height:
            return self
        settled, fresh = (
            self.settled,
            pl.concat([self.fresh, added], rechunk=self.fresh.n_chunks() >= _MOST_CHUNKS),
        )
        if fresh.height > max(_FEW_ROWS, settled.height // 8):
            settled, fresh = pl.concat([settled, fresh]), fresh.clear()
        first_day = int(added["day"].to_numpy().min())
        index = self.__dict__.get("_index")
        carried = (index, first_day) if index is not None else self.carried
        if carried is not None:
            carried = (carried[0], min(carried[1], first_day))
        return ItemStatistics(settled, fresh, carried)

    def at(
        self, cutoff: int, *, windows_days: Sequence[int] = (7, 28, 91), items: pl.Series | None = None
    ) -> pl.DataFrame:
        """What is known of each item at ``cutoff``: Float32 columns, null where not defined.

        Args:
            cutoff: int64 microseconds; the last UTC day that is over by then is the last that counts.
            windows_days: The windows, rising; the trend compares the first with the second.
            items: The items to answer for, in order; None answers for every item with an event by then.

        Returns:
            ``item_id``, then by window ``shop_{action,purchase,unit,buyer,order}_count_{w}_days`` (an order
            is a user's day with the item), then ``shop_purchase_count_all_time``, ``shop_trend_ratio`` (daily
            rate in the first window over the rate in the second), ``shop_repeat_share`` (buyers who came back
            for it on another day), ``shop_gap_mean_days`` (between a user's days with it), ``shop_age_days``,
            ``shop_price_mean`` and ``shop_discount_share`` (of its purchases).
        """
        last_day = (cutoff + 1) // DAY - 1
        index = self.carried[0] if self.carried is not None and last_day < self.carried[1] else self._index
        if items is None:
            code = index.items_until(last_day)
            names = index.names.gather(code)
        else:
            code, names = index.find(items), items
        numbers = index.values(code, last_day=last_day, windows_days=tuple(windows_days))
        columns_of = [pl.Series(name, value.astype(np.float32), nan_to_null=True) for name, value in numbers]
        return pl.DataFrame([names.alias(columns.ITEM_ID), *columns_of])

    @cached_property
    def _index(self) -> ItemIndex:
        return ItemIndex.of(_merged(pl.concat([self.settled, self.fresh])))


def _daily(events: pl.DataFrame) -> pl.DataFrame:
    """The counters of some events."""
    missing = [name for name in HISTORY_SCHEMA if name not in events.columns]
    if missing:
        raise SchemaError(f"The events lack {', '.join(missing)}.", received=", ".join(events.columns))
    own = events.select(_READ).filter(
        pl.col(columns.ITEM_ID).is_not_null() & ~pl.col(columns.ACTION).is_in(SHOP_ACTIONS)
    )
    bought = (own[columns.ACTION] == columns.PURCHASE).to_numpy()
    amounts = {name: np.where(bought, to_amount(own[name]), 0) for name in _AMOUNTS}
    counted = pl.DataFrame(
        {
            columns.ITEM_ID: own[columns.ITEM_ID],
            "day": own[columns.TIME] // DAY,
            columns.USER_ID: own[columns.USER_ID],
            "actions": np.ones(len(bought), dtype=np.int64),
            "purchases": bought.astype(np.int64),
            "units": amounts[columns.QUANTITY],
            "price_sum": amounts[columns.PRICE],
            "priced": (bought & own[columns.PRICE].is_not_null().to_numpy()).astype(np.int64),
            "discounted": (amounts[columns.DISCOUNT] > 0).astype(np.int64),
        },
        schema=_SCHEMA,
    )
    return _merged(counted)


def _merged(daily: pl.DataFrame) -> pl.DataFrame:
    """One row an item, day and user."""
    keys = (columns.ITEM_ID, "day", columns.USER_ID)
    return daily.group_by(keys, maintain_order=False).agg(pl.col(COUNTERS).sum()).select(_SCHEMA.names())
