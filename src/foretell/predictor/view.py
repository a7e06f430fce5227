"""What is known when a question is asked: histories, item statistics and side tables.

This module owns that bundle. Batch and live fill it differently (a whole log, or one user's events beside the
shop's counters); every reader downstream sees the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import polars as pl

from foretell.core.events import CLEANED_TABLES, RETURNED, UNATTRIBUTED, EventLog, negative_sales
from foretell.core.history import history_frame
from foretell.features.item_statistics import ItemStatistics
from foretell.tasks.ad import exposures, has_exposures

__all__ = ["ShopView"]

Found = TypeVar("Found")


@dataclass(frozen=True)
class ShopView:
    """The evidence a prediction may draw on; readers look no later than a point's cutoff.

    Attributes:
        histories: ``HISTORY_SCHEMA``, sorted by user then time: everyone's, or only those asked about.
        statistics: Counters of every item in the shop.
        tables: Side tables by canonical name; ``exposures`` in the form that ``tasks.ad.exposures`` gives them, absent
            where nothing was shown.
        memo: Where shop-wide results are kept between questions; None keeps nothing. Whoever gives one also
            empties it: of keys ``("day", d, ...)`` when an event of day ``d`` (days since 1970) or earlier comes,
            of keys ``("shown", ...)`` when something more was shown.
    """

    histories: pl.DataFrame
    statistics: ItemStatistics
    tables: Mapping[str, pl.DataFrame]
    memo: dict[tuple[object, ...], Any] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, log: EventLog, *, histories: pl.DataFrame | None = None) -> ShopView:
        """The view of a whole log; its ``history_frame`` may be given where it is made already."""
        histories = history_frame(log) if histories is None else histories
        tables = {name: table for name, table in log.tables.items() if name != "exposures"}
        if has_exposures(log):
            tables["exposures"] = exposures(log)
        for name in set(CLEANED_TABLES) & set(tables):
            tables[name] = history_frame(EventLog(tables[name]))
        return cls(histories, ItemStatistics.of(histories), tables)

    def sales(self) -> pl.DataFrame:
        """The histories with the sales that name no user, and what was given back as negative ones.

        This is what demand counts, in no particular order.
        """
        parts = [self.histories]
        if UNATTRIBUTED in self.tables:
            parts.append(self.tables[UNATTRIBUTED])
        if RETURNED in self.tables:
            parts.append(negative_sales(self.tables[RETURNED]))
        return parts[0] if len(parts) == 1 else pl.concat(parts)

    def recall(self, key: tuple[object, ...], compute: Callable[[], Found]) -> Found:
        """``compute()``, or what it gave before where this view keeps a memo."""
        if self.memo is None:
            return compute()
        if key not in self.memo:
            self.memo[key] = compute()
        found: Found = self.memo[key]
        return found
