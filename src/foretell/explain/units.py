"""A history cut into the units a person would name: an order, a visit, a message from the shop.

This module owns the cut and the building of histories with some units left out. It refuses to say what a unit
was worth (``attribution``) and how to say it (``event_words``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.history import History
from foretell.core.time import SECOND

__all__ = ["Unit", "masked_histories", "split_units", "unit_numbers"]

_VISIT_GAP: Final = 30 * 60 * SECOND


@dataclass(frozen=True)
class Unit:
    """Events that belong together and are left out together.

    Attributes:
        events: The events, ``HISTORY_SCHEMA``, by time.
        n_merged: How many orders, visits and messages it stands for.
        is_earlier: Whether it holds what came before the latest units.
    """

    events: pl.DataFrame
    n_merged: int = 1
    is_earlier: bool = False


def split_units(
    history: History, *, n_latest: int = 20, item: str | None = None
) -> tuple[tuple[Unit, ...], NDArray[np.int64]]:
    """Cut a history into units, oldest first; what lies before the ``n_latest`` latest becomes one unit.

    A unit ends where nothing happens for 30 minutes, where another order begins, and where the shop acts
    rather than the customer. Where the question is about an ``item``, earlier units with it are a unit apart.

    Returns:
        The units and, for each event of the history, the number of its unit (int64 ``[E]``).

    Example:
        >>> minute = 60 * SECOND
        >>> history = History.empty("ann").append(
        ...     {"time": at * minute, "action": action} for at, action in ((0, "search"), (5, "view"), (90, "cart"))
        ... )
        >>> units, of_event = split_units(history)
        >>> len(units), of_event.tolist()
        (2, [0, 0, 1])
    """
    numbers = unit_numbers(history.events)
    if not len(numbers):
        return (), numbers
    n_units = int(numbers[-1]) + 1
    n_earlier = n_units - n_latest if n_units - n_latest > 1 else 0
    group = np.arange(n_units) + 2
    group[:n_earlier] = 0
    if item is not None:
        has_item = (history.events[columns.ITEM_ID] == item).fill_null(False).to_numpy()
        group[np.intersect1d(numbers[has_item], np.arange(n_earlier))] = 1
    # Groups keep their order but are numbered without holes.
    _, of_unit = np.unique(group, return_inverse=True)
    of_event = of_unit[numbers]
    units = tuple(
        Unit(
            history.events.filter(pl.Series(of_event == number, dtype=pl.Boolean)),
            n_merged=int((of_unit == number).sum()),
            is_earlier=bool(n_earlier) and bool(np.flatnonzero(of_unit == number)[0] < n_earlier),
        )
        for number in range(int(of_unit[-1]) + 1)
    )
    return units, of_event


def unit_numbers(events: pl.DataFrame) -> NDArray[np.int64]:
    """The number of each event's unit, from 0, before any are merged: int64 ``[E]``."""
    by_shop = pl.col(columns.ACTION).is_in(columns.SHOP_ACTIONS)
    bought = pl.col(columns.ACTION) == columns.PURCHASE
    order = pl.when(bought).then(pl.col(columns.ORDER_ID))
    same_order = bought & bought.shift(1).fill_null(False) & (order == order.shift(1)).fill_null(False)
    paused = (pl.col(columns.TIME).diff() > _VISIT_GAP).fill_null(False) & ~same_order
    other_hand = (by_shop != by_shop.shift(1)).fill_null(False)
    # Looking around before an order belongs to that order: only an earlier order of the same sitting ends a unit.
    sitting = (paused | other_hand).cast(pl.Int64).cum_sum().alias("sitting")
    before = pl.col("order").forward_fill().shift(1).over("sitting")
    starts = events.select(sitting, order.alias("order")).select(
        "sitting", (pl.col("order") != before).fill_null(False).cast(pl.Int64).cum_sum().alias("order_number")
    )
    return (starts["sitting"] + starts["order_number"]).to_numpy().astype(np.int64)


def masked_histories(
    events: pl.DataFrame, *, of_event: NDArray[np.int64], kept: NDArray[np.bool_]
) -> tuple[pl.DataFrame, list[str]]:
    """Many versions of one history, each as a user of its own, in one frame fit for reading at once.

    Args:
        events: The whole history ``[E]``.
        of_event: The unit of each event ``[E]``.
        kept: ``[K, M]``: whether version k keeps unit m.

    Returns:
        The events of all versions, sorted by user then time, and the K names of their users.
    """
    names = [f"version#{number:06d}" for number in range(len(kept))]
    version, event = np.nonzero(kept[:, of_event])
    owners = pl.Series(columns.USER_ID, names, dtype=pl.String).gather(version)
    return events[event].with_columns(owners), names
