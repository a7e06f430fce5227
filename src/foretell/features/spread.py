"""How a window's events spread over the values of a column: on few or on many, evenly or not.

This module owns the counts by value at many points and what is made of them. It refuses floats before the last
division: entropy is summed in whole millionths of a bit, so the order of the values does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.features.cells import Cells, expand
from foretell.features.codes import divide, prefix_sum
from foretell.features.definition import Feature
from foretell.features.ledger import Ledger
from foretell.features.timeline import Timeline

__all__ = ["entropy_bits", "top_share"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_BIT: Final = 2**20
_MOST_COUNTS: Final = 4_000_000


def entropy_bits(ledger: Ledger, feature: Feature) -> Floats:
    """Shannon entropy of the column's values among the window's events: 0 is always the same, log2(k) evenly k.

    References:
        Shannon (1948), A Mathematical Theory of Communication, section 6.
    """
    result = np.full(len(ledger.cutoff), np.nan)
    for first, bounds, counts in _counts(ledger, feature):
        total = _sums(counts, bounds)
        table = _information(int(total.max(initial=0)))
        inside = _sums(table[counts], bounds)
        # log2(n) - sum(c log2 c) / n, over one denominator.
        result[first : first + len(total)] = divide((table[total] - inside) / _BIT, total)
    return result


def top_share(ledger: Ledger, feature: Feature) -> Floats:
    """Share of the window's events that fall on the ``top`` commonest values of the column."""
    result = np.full(len(ledger.cutoff), np.nan)
    for first, bounds, counts in _counts(ledger, feature):
        point = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
        order = np.lexsort((-counts, point))
        rank = np.arange(len(counts)) - bounds[point]
        largest = np.where(rank < feature.top, counts[order], 0)
        total = _sums(counts, bounds)
        result[first : first + len(total)] = divide(_sums(largest, bounds), total)
    return result


def _sums(counts: Integers, bounds: Integers) -> Integers:
    running = prefix_sum(counts)
    return running[bounds[1:]] - running[bounds[:-1]]


def _counts(ledger: Ledger, feature: Feature) -> Iterator[tuple[int, Integers, Integers]]:
    """By runs of points: the first point, where each point's counts lie, and the counts of each value it ever had."""
    cells, line = _cells(ledger, feature)
    bounds = np.append(cells.starts, cells.starts[-1])
    owner = ledger.point_owner
    sizes = prefix_sum(bounds[owner + 1] - bounds[owner])
    end_tick = line.tick(ledger.cutoff - feature.skip_days * DAY)
    first = 0
    while first < len(owner):
        last = max(first + 1, int(np.searchsorted(sizes, sizes[first] + _MOST_COUNTS, side="right")) - 1)
        part = owner[first:last]
        point, cell = expand(bounds[part], end=bounds[part + 1])
        until = line.position(cell, tick=end_tick[first:last][point])
        if feature.window_days is None:
            since = line.starts[cell]
        else:
            since_tick = line.tick(ledger.cutoff[first:last] - (feature.window_days + feature.skip_days) * DAY)
            since = line.position(cell, tick=since_tick[point])
        yield first, sizes[first : last + 1] - sizes[first], until - since
        first = last


def _cells(ledger: Ledger, feature: Feature) -> tuple[Cells, Timeline]:
    """The user's values of the column, each with its moments."""
    column = feature.column or columns.CATEGORY

    def compute() -> tuple[Cells, Timeline]:
        code = ledger.code(column)
        rows = np.flatnonzero(ledger.mask(feature.actions, only=feature.condition) & (code >= 0))
        n_owners, n_things = len(ledger.line.starts) - 1, int(code.max(initial=-1)) + 1
        cells = Cells.of(ledger.owner[rows], thing=code[rows], n_owners=n_owners, n_things=n_things)
        return cells, Timeline.of(cells.cell, time=ledger.time[rows[cells.order]], n_owners=len(cells))

    return ledger.recall(("spread", feature.actions, column, feature.condition), compute)


def _information(largest: int) -> Integers:
    """``c log2 c`` of 0 .. largest in whole parts of a bit, one by one so that no two machines differ."""
    return _table(1 << max(largest, 1).bit_length())


@lru_cache(maxsize=4)
def _table(n: int) -> Integers:
    return np.array([0, *(round(count * math.log2(count) * _BIT) for count in range(1, n))], dtype=np.int64)
