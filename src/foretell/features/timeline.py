"""Rows of many owners in order of time, and the one question asked of them: how many rows up to a moment.

This module owns the search that every window rests on. A row belongs to an owner (a user, an item, a user's
item); a window is the difference of two positions. It refuses to know what the rows are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.time import DAY, SECOND
from foretell.features.codes import group_starts

__all__ = ["Timeline", "elapsed_days"]

_LARGEST_KEY: Final = 2**62
_DAY_SECONDS: Final = DAY // SECOND


def elapsed_days(microseconds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Whole seconds of a duration, in days.

    Example:
        >>> elapsed_days(np.array([DAY + DAY // 2])).tolist()
        [1.5]
    """
    return microseconds // SECOND / _DAY_SECONDS


@dataclass(frozen=True)
class Timeline:
    """Rows sorted by owner then time, searchable by (owner, moment).

    One sorted array of integers answers for all owners: ``owner * n_ticks + tick``. A tick is the moment
    itself, counted from the first; where that would not fit in 64 bits it is the moment's rank instead.

    Attributes:
        keys: int64 of shape ``[N]``, rising.
        starts: int64 of shape ``[O + 1]``; the rows of owner o are ``starts[o]:starts[o + 1]``. An owner with
            code O (never seen) has no rows.
        first: One microsecond before the earliest row.
        last: The latest row.
        n_ticks: How many ticks one owner has.
        moments: The distinct moments, where ticks are ranks.

    Example:
        >>> line = Timeline.of(np.array([0, 0, 1]), time=np.array([10, 20, 15]), n_owners=2)
        >>> line.position(np.array([0, 0, 1, 2]), tick=line.tick(np.array([9, 20, 99, 99]))).tolist()
        [0, 2, 3, 3]
    """

    keys: NDArray[np.int64]
    starts: NDArray[np.int64]
    first: int
    last: int
    n_ticks: int
    moments: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, owner: NDArray[np.int64], *, time: NDArray[np.int64], n_owners: int, ordered: bool = True) -> Timeline:
        """Build the timeline of rows given by owner code and time.

        Args:
            owner: Owner codes ``0..n_owners - 1``, shape ``[N]``.
            time: int64 microseconds, shape ``[N]``.
            n_owners: How many owners there are, with or without rows.
            ordered: Whether rows already are in order of owner, then time; if not, positions count the rows
                in that order.
        """
        starts = group_starts(owner, n_groups=n_owners)
        if not len(time):
            return cls(np.zeros(0, dtype=np.int64), starts, 0, 0, 1)
        first, last = int(time.min()) - 1, int(time.max())
        n_ticks, moments = last - first + 1, None
        if (n_owners + 1) * n_ticks > _LARGEST_KEY:
            moments, ticks = np.unique(time, return_inverse=True)
            ticks, n_ticks = ticks.astype(np.int64) + 1, len(moments) + 1
        else:
            ticks = time - first
        keys = owner * n_ticks + ticks
        return cls(keys if ordered else np.sort(keys), starts, first, last, n_ticks, moments)

    def tick(self, moment: NDArray[np.int64]) -> NDArray[np.int64]:
        """The tick of the last instant that is not later than ``moment``."""
        if self.moments is not None:
            return np.searchsorted(self.moments, moment, side="right")
        return np.clip(moment, self.first, self.last) - self.first

    def position(self, owner: NDArray[np.int64], *, tick: NDArray[np.int64]) -> NDArray[np.int64]:
        """The index of the first row of ``owner`` later than ``tick``, or of the row after its last."""
        return np.searchsorted(self.keys, owner * self.n_ticks + tick, side="right")

    def rows_until(self, owner: NDArray[np.int64], *, moment: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many rows each ``owner`` has up to and including ``moment``."""
        return self.position(owner, tick=self.tick(moment)) - self.starts[owner]
