"""What things usually cost: the mean price of each category, and of the whole log, period by period.

This module owns those means and their saved form. They are taken from a training log once, and each speaks only
of the periods before its own, so that a price is compared with what was known when it was paid, and a live user,
whose history alone says nothing of the shop's prices, is compared with the same. It refuses prices of single users.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.features.categories import CategoryMap
from foretell.features.codes import to_amount

__all__ = ["LOG", "PriceLevels"]

Integers = NDArray[np.int64]

LOG: Final = "log"
"""The level on which everything is compared with everything."""

_PERIOD: Final = 28 * DAY
_N_PERIODS: Final = 3


@dataclass(frozen=True)
class PriceLevels:
    """Mean prices by level (``log`` or an attribute of items) and by periods of 28 days.

    Attributes:
        first: The number of the first period since 1970 that the log tells of.
        means: For each level, for each of its values, the mean price in ten-thousandths over the three periods before
            period ``first``, ``first + 1``, ...; 0 where nothing was sold in them.

    Example:
        >>> from foretell.core.history import History
        >>> rows = [{"time": n * 28 * DAY, "action": "purchase", "price": price} for n, price in ((0, 2.0), (1, 4.0))]
        >>> events = History.empty("a").append(rows).events
        >>> levels = PriceLevels.of(events, levels=["log"], categories=CategoryMap.of(None))
        >>> code, time = np.zeros(3, dtype=np.int64), np.array([0, 28, 56]) * DAY
        >>> levels.reference("log", code=code, time=time).tolist()
        [0, 20000, 30000]
    """

    first: int = 0
    means: Mapping[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, events: pl.DataFrame, *, levels: Sequence[str], categories: CategoryMap) -> PriceLevels:
        """The mean prices of ``HISTORY_SCHEMA`` rows at the levels asked for."""
        if not levels:
            return cls()
        priced = events.filter(pl.col(columns.PRICE).is_not_null())
        if not priced.height:
            return cls()
        period: Integers = priced[columns.TIME].to_numpy() // _PERIOD
        first, n_periods = int(period.min()), int(period.max() - period.min()) + 1
        amount = to_amount(priced[columns.PRICE])
        means: dict[str, tuple[tuple[int, ...], ...]] = {}
        for level in levels:
            names = categories.names.get(level, ())
            code = (
                np.zeros(len(amount), dtype=np.int64)
                if level == LOG
                else categories.of_items(priced[columns.ITEM_ID], level=level)
            )
            table = pl.DataFrame({"cell": code * n_periods + period - first, "amount": amount, "code": code})
            sums = table.filter(pl.col("code") >= 0).group_by("cell").agg(pl.col("amount").sum(), pl.len().alias("n"))
            shape = (1 if level == LOG else len(names), n_periods)
            means[level] = _trailing(sums, shape)
        return cls(first, means)

    def reference(self, level: str, *, code: Integers, time: Integers) -> Integers:
        """The usual price at each row's time of its value of ``level``, in ten-thousandths; 0 where it is unknown.

        Args:
            level: ``log``, or the attribute that ``code`` numbers.
            code: Value of the attribute of each row, -1 where it has none; any for ``log``.
            time: int64 microseconds.
        """
        table = self._tables.get(level)
        if table is None or not table.size:
            return np.zeros(len(time), dtype=np.int64)
        period = np.clip(time // _PERIOD - self.first, 0, table.shape[1] - 1)
        known = code >= 0
        return np.where(known, table[np.where(known, code, 0), period], 0)

    @cached_property
    def _tables(self) -> dict[str, Integers]:
        return {level: np.array(rows, dtype=np.int64) for level, rows in self.means.items()}

    def to_json(self) -> dict[str, Any]:
        """The means as JSON values."""
        return {
            "first": self.first,
            "means": {level: [list(row) for row in rows] for level, rows in self.means.items()},
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PriceLevels:
        """Read what ``to_json`` wrote."""
        means = {level: tuple(tuple(row) for row in rows) for level, rows in values["means"].items()}
        return cls(values["first"], means)


def _trailing(sums: pl.DataFrame, shape: tuple[int, int]) -> tuple[tuple[int, ...], ...]:
    """Whole means over the periods before each; one period more than the log has, for what comes after it."""
    n_values, n_periods = shape
    running = np.zeros((2, n_values, n_periods + 1), dtype=np.int64)
    value, period = np.divmod(sums["cell"].to_numpy(), n_periods)
    running[0, value, period + 1] = sums["amount"].to_numpy()
    running[1, value, period + 1] = sums["n"].to_numpy()
    running = np.cumsum(running, axis=2)
    until = np.arange(n_periods + 1)
    amount, n = running[:, :, until] - running[:, :, np.maximum(until - _N_PERIODS, 0)]
    means = np.where(n > 0, (amount + n // 2) // np.maximum(n, 1), 0)
    return tuple(tuple(row) for row in means.tolist())
