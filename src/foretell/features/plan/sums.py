"""Families of aggregates that one group-by by user answers: counts, sums, first and last moments, distinct values.

This module owns their integer parts and the last division. It refuses orders (``orders``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import DAY
from foretell.features.codes import AMOUNT_UNIT
from foretell.features.definition import Feature
from foretell.features.plan.events import PlannedEvents, amount, divide, elapsed_days, is_present, over

__all__ = ["DISTINCT", "SUMS", "Planned", "value_of_row"]

_NO_DAY: Final = -(1 << 40)


@dataclass(frozen=True)
class Planned:
    """One feature in two steps: integer parts from a group of rows, then the value from the parts.

    Attributes:
        parts: Aggregations by name suffix, each an integer or a moment.
        value: From those parts, and then the steps, in the same order, to the value.
        empty: What a part is for a user without such rows; None leaves it null.
        steps: Values on the way, each from the parts and the steps before it. What a formula uses more than once
            belongs here: an engine may write out an expression each time it is used.
    """

    parts: tuple[nw.Expr, ...]
    value: Callable[..., nw.Expr]
    empty: int | None = 0
    steps: tuple[Callable[..., nw.Expr], ...] = ()


def _ones(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1, dtype=nw.Int64)).otherwise(nw.lit(0, dtype=nw.Int64)).sum()


def _total(condition: nw.Expr, column: str) -> nw.Expr:
    return nw.when(condition).then(nw.col(amount(column))).otherwise(nw.lit(0, dtype=nw.Int64)).sum()


def _counted(events: PlannedEvents, feature: Feature) -> nw.Expr:
    return events.inside(feature) & events.meeting(feature.condition)


def _float(part: nw.Expr) -> nw.Expr:
    return part.cast(nw.Float64)


def _money(part: nw.Expr) -> nw.Expr:
    return over(part, AMOUNT_UNIT)


def _count(events: PlannedEvents, feature: Feature) -> Planned:
    return Planned((_ones(_counted(events, feature)),), _float)


def _sum(events: PlannedEvents, feature: Feature) -> Planned:
    return Planned((_total(_counted(events, feature), feature.column or columns.VALUE),), _money)


def _mean(events: PlannedEvents, feature: Feature) -> Planned:
    column = feature.column or columns.VALUE
    counted = _counted(events, feature)
    parts = (_total(counted, column), _ones(counted & is_present(column)))
    return Planned(parts, lambda total, n: divide(_money(total), n))


def _smallest(events: PlannedEvents, feature: Feature) -> Planned:
    return Planned((_given(events, feature).min(),), _money, empty=None)


def _largest(events: PlannedEvents, feature: Feature) -> Planned:
    return Planned((_given(events, feature).max(),), _money, empty=None)


def _given(events: PlannedEvents, feature: Feature) -> nw.Expr:
    column = feature.column or columns.VALUE
    return nw.when(_counted(events, feature) & is_present(column)).then(nw.col(amount(column)))


def _count_share(events: PlannedEvents, feature: Feature) -> Planned:
    return Planned((_ones(_counted(events, feature)), _ones(events.inside(feature))), divide)


def _value_share(events: PlannedEvents, feature: Feature) -> Planned:
    column = feature.column or columns.VALUE
    return Planned((_total(_counted(events, feature), column), _total(events.inside(feature), column)), divide)


def _moment(events: PlannedEvents, feature: Feature) -> nw.Expr:
    return nw.when(events.meeting(feature.condition)).then(nw.col(columns.TIME))


def _recency(events: PlannedEvents, feature: Feature) -> Planned:
    parts = (_moment(events, feature).max(),)
    return Planned(parts, lambda last: elapsed_days(events.cutoff - last), empty=None)


def _tenure(events: PlannedEvents, feature: Feature) -> Planned:
    parts = (_moment(events, feature).min(),)
    return Planned(parts, lambda first: elapsed_days(events.cutoff - first), empty=None)


def _active_days(events: PlannedEvents, feature: Feature) -> Planned:
    """Different days; rows that do not count share one more, where there are any."""
    counted = _counted(events, feature)
    others = nw.when(counted).then(nw.lit(0, dtype=nw.Int64)).otherwise(nw.lit(1, dtype=nw.Int64)).max()
    days = nw.when(counted).then(day_of_row()).otherwise(nw.lit(_NO_DAY, dtype=nw.Int64)).n_unique()
    return Planned((days, others), lambda days, others: (days - others).cast(nw.Float64))


def _distinct(events: PlannedEvents, feature: Feature) -> Planned:
    return Planned((_ones(events.inside(feature)),), _float)


SUMS: Final[dict[str, Callable[[PlannedEvents, Feature], Planned]]] = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "min": _smallest,
    "max": _largest,
    "count_share": _count_share,
    "value_share": _value_share,
    "recency_days": _recency,
    "tenure_days": _tenure,
    "active_days": _active_days,
}
"""Aggregates over the rows of an action set."""

DISTINCT: Final[dict[str, Callable[[PlannedEvents, Feature], Planned]]] = {
    "distinct": _distinct,
}
"""Aggregates over the last moment of each different value of an action set."""


def value_of_row(feature: Feature) -> str:
    """The column whose different values ``distinct`` counts."""
    return feature.column or columns.ITEM_ID


def day_of_row() -> nw.Expr:
    """The UTC day of a row."""
    return nw.col(columns.TIME) // DAY
