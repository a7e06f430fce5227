"""How much of a stretch of time each item was, or will be, promoted.

This module owns the overlap of promotions with weeks, exactly and for any weeks: promotions are known ahead,
so a stretch may lie after the cutoff. It refuses to estimate what a promotion does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.core.time import SECOND
from foretell.features.codes import AMOUNT_UNIT, lookup, prefix_sum, to_amount
from foretell.features.timeline import Timeline

__all__ = ["Promotions"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_KEYS: Final = (columns.ITEM_ID, columns.START, columns.END)
_NO_PROMOTIONS: Final = pl.Schema({columns.ITEM_ID: pl.String(), columns.START: pl.Int64(), columns.END: pl.Int64()})


@dataclass(frozen=True)
class _Edge:
    """One end of every promotion, in order of item, then time, with running sums of amounts there.

    ``slope`` sums the amounts and ``offset`` the amounts times the second of the edge, so that the integral
    of a promotion up to second s is ``s * slope - offset``.
    """

    line: Timeline
    slope: dict[str, Integers]
    offset: dict[str, Integers]

    @classmethod
    def of(cls, item: Integers, *, time: Integers, amounts: dict[str, Integers], n_items: int, origin: int) -> _Edge:
        order = np.lexsort((time, item))
        line = Timeline.of(item[order], time=time[order], n_owners=n_items)
        seconds = time[order] // SECOND - origin
        slope = {name: prefix_sum(amount[order]) for name, amount in amounts.items()}
        offset = {name: prefix_sum(amount[order] * seconds) for name, amount in amounts.items()}
        return cls(line, slope, offset)


@dataclass(frozen=True)
class Promotions:
    """The promotions of some items, as running integrals over time.

    Attributes:
        names: The numeric columns of the promotions table (for example ``mailer_share``).
        starts: The starts of the promotions.
        ends: Their ends.
        origin: The second that seconds are counted from.

    Example:
        >>> week = 7 * 86_400 * SECOND
        >>> table = pl.DataFrame({"item_id": ["tea"], "start": [0], "end": [week], "mailer_share": [0.5]})
        >>> promotions = Promotions.of(table, item_ids=pl.Series(["tea"]))
        >>> weeks = np.array([[0, week, 2 * week]])
        >>> mean, covered = promotions.over(np.array([0]), bounds=weeks)["mailer_share"]
        >>> mean.tolist(), covered.tolist()
        ([[0.5, 0.0]], [[1.0, 0.0]])
    """

    names: tuple[str, ...]
    starts: _Edge
    ends: _Edge
    origin: int

    @classmethod
    def of(cls, table: pl.DataFrame | None, *, item_ids: pl.Series) -> Promotions:
        """The promotions of the items ``item_ids`` (distinct); None is a shop without promotions.

        Raises:
            SchemaError: If the table lacks ``item_id``, ``start`` or ``end``.
        """
        table = pl.DataFrame(schema=_NO_PROMOTIONS) if table is None else table
        missing = [name for name in _KEYS if name not in table.columns]
        if missing:
            raise SchemaError(f"The promotions lack {', '.join(missing)}.", received=", ".join(table.columns))
        names = tuple(name for name in table.columns if name not in _KEYS and table[name].dtype.is_numeric())
        item = lookup(table[columns.ITEM_ID].cast(pl.String), names=item_ids)
        table, item = table.filter(pl.Series(item >= 0, dtype=pl.Boolean)), item[item >= 0]
        amounts = {name: to_amount(table[name]) for name in names}
        amounts |= {_covered(name): np.where(amounts[name] > 0, AMOUNT_UNIT, 0) for name in names}
        start, end = (table[edge].cast(pl.Int64).to_numpy() for edge in (columns.START, columns.END))
        origin = int(start.min()) // SECOND if len(start) else 0
        edges = [
            _Edge.of(item, time=time, amounts=amounts, n_items=len(item_ids), origin=origin) for time in (start, end)
        ]
        return cls(names, edges[0], edges[1], origin)

    def over(self, item: Integers, *, bounds: Integers) -> dict[str, tuple[Floats, Floats]]:
        """By column: the mean amount between consecutive bounds, and the share of that time with any.

        Args:
            item: Positions in ``item_ids``, shape ``[I]``.
            bounds: Moments in order along the last axis, shape ``[C, K + 1]``.

        Returns:
            For each of ``names`` two arrays of shape ``[I * C, K]``, rows by item, then by cutoff.
        """
        seconds = np.tile(bounds // SECOND - self.origin, (len(item), 1))
        lengths = np.maximum(np.diff(seconds, axis=1), 1) * AMOUNT_UNIT
        owner = np.repeat(item, bounds.size)
        edges = []
        for edge in (self.starts, self.ends):
            at = edge.line.position(owner, tick=np.tile(edge.line.tick(bounds.ravel()), len(item)))
            first = edge.line.starts[np.repeat(item, bounds.shape[0])]
            edges.append((edge, at.reshape(seconds.shape), first[:, None]))

        def mean(name: str) -> Floats:
            (began, at, first), (over, at_end, first_end) = edges
            slope = (
                began.slope[name][at]
                - began.slope[name][first]
                - over.slope[name][at_end]
                + over.slope[name][first_end]
            )
            offset = (
                began.offset[name][at]
                - began.offset[name][first]
                - over.offset[name][at_end]
                + over.offset[name][first_end]
            )
            means: Floats = np.diff(seconds * slope - offset, axis=1) / lengths
            return means

        return {name: (mean(name), mean(_covered(name))) for name in self.names}


def _covered(name: str) -> str:
    return f"{name} covered"
