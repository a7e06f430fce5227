"""Units sold by item and by category, readable up to any moment.

This module owns the running sums behind demand features and labels. It refuses to know weeks and promotions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.features.categories import CategoryMap
from foretell.features.codes import encode, lookup, prefix_sum, to_amount
from foretell.features.timeline import Timeline

__all__ = ["Sales", "SoldBy"]

Integers = NDArray[np.int64]

_MEASURES: Final = (columns.QUANTITY, columns.PRICE, columns.DISCOUNT)


@dataclass(frozen=True)
class SoldBy:
    """Purchases of owners (items, or categories) in order of owner, then time, with running sums.

    Attributes:
        line: The purchases as a timeline by owner.
        time: Their times, shape ``[N]``.
        running: ``units``, ``price_sum`` in ten-thousandths, ``priced``, ``discounted``, ``rows``; each ``[N
            + 1]``.
    """

    line: Timeline
    time: Integers
    running: dict[str, Integers]

    @classmethod
    def of(cls, owner: Integers, *, time: Integers, counters: dict[str, Integers], n_owners: int) -> SoldBy:
        """Order the purchases of owners ``0..n_owners - 1``; those of owner -1 are left out."""
        kept = np.flatnonzero(owner >= 0)
        order = kept[np.lexsort((time[kept], owner[kept]))]
        line = Timeline.of(owner[order], time=time[order], n_owners=n_owners)
        return cls(line, time[order], {name: prefix_sum(values[order]) for name, values in counters.items()})

    def until(self, owner: Integers, *, moment: Integers) -> Integers:
        """The row after the last up to each moment, by owner: shape ``[O, *moment.shape]``."""
        ticks = self.line.tick(moment.ravel())
        at = self.line.position(np.repeat(owner, moment.size), tick=np.tile(ticks, len(owner)))
        return at.reshape(len(owner), *moment.shape)


@dataclass(frozen=True)
class Sales:
    """What was sold of some items, and of every category of the shop.

    Attributes:
        by_item: Sales by position in ``item_ids``.
        by_category: Sales of all the shop's items by category code.
        of_shop: Sales of all the shop's items, as those of one owner.
        category: The category code of each of ``item_ids``, -1 where unknown.
        start: The first UTC day of the log, int64 microseconds.
        end: The end of its last UTC day, int64 microseconds.
    """

    by_item: SoldBy
    by_category: SoldBy
    of_shop: SoldBy
    category: Integers
    start: int
    end: int

    @classmethod
    def of(cls, events: pl.DataFrame, *, item_ids: pl.Series, categories: CategoryMap) -> Sales:
        """Read the purchases of a log; ``events`` need ``time``, ``action`` and ``item_id``."""
        times = events[columns.TIME].to_numpy()
        # A log without events has no week at all, as one whose events all come later.
        start = int(times.min()) // DAY * DAY if len(times) else np.iinfo(np.int64).max
        end = (int(times.max()) // DAY + 1) * DAY if len(times) else 0
        bought = events.filter((pl.col(columns.ACTION) == columns.PURCHASE) & pl.col(columns.ITEM_ID).is_not_null())
        code, names = encode(bought[columns.ITEM_ID])
        counters = _counters(bought)
        time = bought[columns.TIME].to_numpy()
        listed = np.append(lookup(names, names=item_ids), -1)[code]
        in_category = np.append(categories.of_items(names, level=columns.CATEGORY), -1)[code]
        n_categories = len(categories.names.get(columns.CATEGORY, ()))
        return cls(
            SoldBy.of(listed, time=time, counters=counters, n_owners=len(item_ids)),
            SoldBy.of(in_category, time=time, counters=counters, n_owners=n_categories),
            SoldBy.of(np.zeros_like(code), time=time, counters=counters, n_owners=1),
            categories.of_items(item_ids, level=columns.CATEGORY),
            start,
            end,
        )


def _counters(bought: pl.DataFrame) -> dict[str, Integers]:
    """Integer counters of purchase rows; a row without a quantity is one unit."""
    ones = np.ones(bought.height, dtype=np.int64)
    absent = pl.Series([None] * bought.height, dtype=pl.Float64)
    quantity, price, discount = (bought[name] if name in bought.columns else absent for name in _MEASURES)
    return {
        "units": to_amount(quantity.cast(pl.Float64).fill_null(1.0)),
        "price_sum": to_amount(price),
        "priced": price.is_not_null().cast(pl.Int64).to_numpy(),
        "discounted": (to_amount(discount) > 0).astype(np.int64),
        "rows": ones,
    }
