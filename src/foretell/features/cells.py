"""What users did to things, cell by cell: a cell is one user with one item, or with one category.

This module owns the grouping of events into cells and their aggregates at many points. It refuses to choose
which cells are asked about (``user_item``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.core.time import DAY
from foretell.features.codes import divide, group_starts
from foretell.features.timeline import Timeline, elapsed_days

__all__ = ["Cells", "Counted", "expand"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def expand(start: Integers, *, end: Integers) -> tuple[Integers, Integers]:
    """All numbers of the ranges ``start..end``, with the number of the range each came from.

    Example:
        >>> [part.tolist() for part in expand(np.array([3, 7]), end=np.array([5, 8]))]
        [[0, 0, 1], [3, 4, 7]]
    """
    lengths = np.maximum(end - start, 0)
    of_range = np.repeat(np.arange(len(start)), lengths)
    shift = start - (np.cumsum(lengths) - lengths)
    return of_range, np.arange(len(of_range)) + shift[of_range]


@dataclass(frozen=True)
class Cells:
    """The distinct (user, thing) pairs of some events, in order of user, then thing.

    Attributes:
        key: ``user * n_things + thing`` of each cell, rising, shape ``[C]``.
        starts: The cells of user u are ``starts[u]:starts[u + 1]``; a user never seen has none.
        n_things: How many different things there are.
        order: Puts the events in order of cell, then time.
        cell: The cell of each event in that order.
    """

    key: Integers
    starts: Integers
    n_things: int
    order: Integers
    cell: Integers

    @classmethod
    def of(cls, owner: Integers, *, thing: Integers, n_owners: int, n_things: int) -> Cells:
        """The cells of events in order of user, then time; ``thing`` is a code in ``0..n_things - 1``."""
        key = owner * n_things + thing
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        new = np.diff(ordered, prepend=-1) != 0
        distinct = ordered[new]
        starts = group_starts(distinct // max(n_things, 1), n_groups=n_owners)
        return cls(distinct, starts, n_things, order, np.cumsum(new) - 1)

    def __len__(self) -> int:
        return len(self.key)

    def find(self, owner: Integers, *, thing: Integers) -> Integers:
        """The cell of each (user, thing); ``len(self)``, the cell without events, where there is none."""
        if not len(self):
            return np.zeros(len(owner), dtype=np.int64)
        key = owner * self.n_things + thing
        at = np.minimum(np.searchsorted(self.key, key), len(self) - 1)
        return np.where((self.key[at] == key) & (thing >= 0) & (thing < self.n_things), at, len(self))


@dataclass(frozen=True)
class Counted:
    """Happenings in cells (events, or orders) as a timeline by cell.

    Attributes:
        time: When each happened, in order of cell, then time, shape ``[N]``.
        line: The same by cell.
    """

    time: Integers
    line: Timeline

    @classmethod
    def of(cls, cell: Integers, *, time: Integers, n_cells: int) -> Counted:
        """Happenings given in order of cell, then time."""
        return cls(time, Timeline.of(cell, time=time, n_owners=n_cells))

    def mean_gap_days(self, first: Integers, *, end: Integers) -> Floats:
        """Mean days between the happenings of the rows ``first..end``, NaN for fewer than two."""
        several = end - first > 1
        times = np.append(self.time, 0)
        span = times[np.where(several, end - 1, -1)] - times[np.where(several, first, -1)]
        return divide(elapsed_days(span), np.where(several, end - first - 1, 0))

    def at(
        self, cell: Integers, *, point: Integers, cutoff: Integers, windows_days: tuple[int, ...]
    ) -> tuple[list[Integers], Integers, Integers]:
        """For each asked (cell, point): how many happened by window and in all, and where they lie.

        Args:
            cell: The cells asked about, shape ``[A]``.
            point: The point each is asked at, shape ``[A]``.
            cutoff: The cutoffs of the points, shape ``[P]``.
            windows_days: The windows, without "all time", which comes last.

        Returns:
            Counts ``[A]`` by window, the first row of each cell ``[A]``, and the row after the last up to the
            cutoff ``[A]``.
        """
        first = self.line.starts[cell]
        end = self._until(cell, point, cutoff)
        counts = [end - self._until(cell, point, cutoff - days * DAY) for days in windows_days]
        return [*counts, end - first], first, end

    def age_days(self, index: Integers, *, present: NDArray[np.bool_], cutoff: Integers) -> Floats:
        """Days from row ``index`` to ``cutoff``, NaN where not ``present``."""
        then = np.append(self.time, 0)[np.where(present, index, -1)]
        return np.where(present, elapsed_days(cutoff - then), np.nan)

    def _until(self, cell: Integers, point: Integers, moment: Integers) -> Integers:
        return self.line.position(cell, tick=self.line.tick(moment)[point])
