"""What is known when a question is asked: histories, item statistics and side tables.

This module owns that bundle. Batch and live fill it differently (a whole log, or one user's events beside the
shop's counters); every reader downstream sees the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.features.item_statistics import ItemStatistics
from foretell.tasks.ad import exposures, has_exposures

__all__ = ["ShopView"]


@dataclass(frozen=True)
class ShopView:
    """The evidence a prediction may draw on; readers look no later than a point's cutoff.

    Attributes:
        histories: ``HISTORY_SCHEMA``, sorted by user then time: everyone's, or only those asked about.
        statistics: Counters of every item in the shop.
        tables: Side tables by canonical name.
    """

    histories: pl.DataFrame
    statistics: ItemStatistics
    tables: Mapping[str, pl.DataFrame]

    @classmethod
    def of(cls, log: EventLog) -> ShopView:
        """The view of a whole log."""
        histories = history_frame(log)
        tables = dict(log.tables)
        if has_exposures(log):
            tables["exposures"] = exposures(log)
        return cls(histories, ItemStatistics.of(histories), tables)
