"""The orders of each user, out of purchase rows.

This module owns what an order is: the rows that share an order id (where there is none, the same moment),
placed at the moment of the first of them. It refuses everything that is not a purchase.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.time import DAY, HOUR, SECOND
from foretell.features.codes import prefix_sum
from foretell.features.timeline import Timeline

__all__ = ["Orders", "first_of_order"]

Integers = NDArray[np.int64]
_HOURS: Final = 24


def first_of_order(owner: Integers, *, time: Integers, order: Integers) -> Integers:
    """The rows at which a new order begins.

    Args:
        owner: User codes of purchase rows in order of user, then time.
        time: int64 microseconds.
        order: Order codes, -1 where unknown.

    Example:
        >>> owner, order = np.zeros(4, dtype=int), np.array([5, 5, -1, 5])
        >>> first_of_order(owner, time=np.array([1, 2, 2, 3]), order=order).tolist()
        [0, 2]
    """
    if not len(owner):
        return np.zeros(0, dtype=np.int64)
    changed = np.ones(len(owner), dtype=np.bool_)
    moved = (order[1:] < 0) & (time[1:] != time[:-1])
    changed[1:] = (owner[1:] != owner[:-1]) | (order[1:] != order[:-1]) | moved
    starts = np.flatnonzero(changed)
    # An order whose rows are interleaved with another order's starts several runs: keep its first.
    named = order[starts] >= 0
    key = np.where(named, order[starts], int(order.max()) + 1 + np.cumsum(~named))
    # Unnamed runs at one moment may be split by a named order between them: they are one order too.
    unnamed = np.flatnonzero(~named)
    if len(unnamed) > 1:
        o, t = owner[starts[unnamed]], time[starts[unnamed]]
        fresh = np.r_[True, (o[1:] != o[:-1]) | (t[1:] != t[:-1])]
        key[unnamed] = int(order.max()) + 1 + np.cumsum(fresh)
    _, first = np.unique(owner[starts] * (int(key.max()) + 1) + key, return_index=True)
    return starts[np.sort(first)]


@dataclass(frozen=True)
class Orders:
    """Every user's orders in order of time, with the running sums their aggregates need.

    Attributes:
        time: When each order was placed, int64 microseconds, shape ``[M]``.
        line: The orders as a timeline by user.
    """

    time: Integers
    line: Timeline

    @classmethod
    def of(cls, owner: Integers, *, time: Integers, order: Integers, n_owners: int) -> Orders:
        """The orders of purchase rows (see ``first_of_order``)."""
        rows = first_of_order(owner, time=time, order=order)
        return cls(time[rows], Timeline.of(owner[rows], time=time[rows], n_owners=n_owners))

    @cached_property
    def gap_seconds(self) -> Integers:
        """Whole seconds since the same user's previous order, 0 for the first, shape ``[M]``."""
        gap = np.diff(self.time, prepend=self.time[:1]) // SECOND
        gap[self.line.starts[:-1][self.line.starts[:-1] < len(gap)]] = 0
        return gap

    @cached_property
    def gap_sums(self) -> tuple[Integers, Integers]:
        """Running sums of the gaps and of their squares, each of shape ``[M + 1]``."""
        return prefix_sum(self.gap_seconds), prefix_sum(self.gap_seconds**2)

    @cached_property
    def hour(self) -> Integers:
        """The UTC hour of each order."""
        return self.time % DAY // HOUR

    @cached_property
    def hours(self) -> NDArray[np.int32]:
        """Running counts of orders by UTC hour, shape ``[M + 1, 24]``."""
        counts = np.zeros((len(self.time) + 1, _HOURS), dtype=np.int32)
        counts[np.arange(1, len(self.time) + 1), self.hour] = 1
        return np.cumsum(counts, axis=0, dtype=np.int32)

    @cached_property
    def weekend(self) -> Integers:
        """Running count of orders on a Saturday or Sunday (UTC), shape ``[M + 1]``."""
        return prefix_sum((self.time // DAY + 3) % 7 >= 5)
