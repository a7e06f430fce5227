"""Orders as a plan: the purchase rows that share an order id, or the moment where there is none.

This module owns the table of orders and the aggregates over it. It refuses rows that are no purchases.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import DAY, HOUR, SECOND
from foretell.features.definition import Feature
from foretell.features.plan.events import PlannedEvents, Rows, divide, elapsed_days, over
from foretell.features.plan.sums import Planned

__all__ = ["ORDERS", "orders_of"]

_GAP: Final = "_gap_seconds"
_PREVIOUS: Final = "_previous"
_MOMENT: Final = "_moment"
_DAY_SECONDS: Final = 86_400
_EVENING_HOURS: Final = (18, 23)
_HOURS: Final = 24


def orders_of(rows: Rows) -> Rows:
    """One row an order: its user, its moment (that of its first row), and the whole seconds since the one before.

    Args:
        rows: Purchases, with ``order_id``.
    """
    # Rows without an order id are one order a moment.
    unnamed = nw.col(columns.ORDER_ID).is_null()
    moment = nw.when(unnamed).then(nw.col(columns.TIME)).otherwise(nw.lit(0, dtype=nw.Int64))
    orders = (
        rows.select(columns.USER_ID, columns.TIME, columns.ORDER_ID, moment.alias(_MOMENT))
        .group_by(columns.USER_ID, columns.ORDER_ID, _MOMENT)
        .agg(nw.col(columns.TIME).min())
    )
    previous = nw.col(columns.TIME).shift(1).over(columns.USER_ID, order_by=columns.TIME)
    orders = orders.with_columns(previous.alias(_PREVIOUS))
    gap = (nw.col(columns.TIME) - nw.col(_PREVIOUS)) // SECOND
    first = nw.lit(0, dtype=nw.Int64)
    return orders.with_columns(nw.when(nw.col(_PREVIOUS).is_null()).then(first).otherwise(gap).alias(_GAP))


def _ones(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1, dtype=nw.Int64)).otherwise(nw.lit(0, dtype=nw.Int64)).sum()


def _sum_of(condition: nw.Expr, values: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(values).otherwise(nw.lit(0, dtype=nw.Int64)).sum()


def _count(events: PlannedEvents, feature: Feature) -> Planned:
    return Planned((_ones(events.inside(feature)),), lambda n: n.cast(nw.Float64))


def _recency(events: PlannedEvents, feature: Feature) -> Planned:
    last = nw.when(events.inside(feature)).then(nw.col(columns.TIME)).max()
    return Planned((last,), lambda moment: elapsed_days(events.cutoff - moment), empty=None)


def _second_recency(events: PlannedEvents, feature: Feature) -> Planned:
    """The latest of all orders that another one followed."""
    second = nw.when(events.inside(feature, time=_PREVIOUS)).then(nw.col(_PREVIOUS)).max()
    return Planned((second,), lambda moment: elapsed_days(events.cutoff - moment), empty=None)


def _gap_mean(events: PlannedEvents, feature: Feature) -> Planned:
    inside = events.inside(feature)
    parts = (_sum_of(inside, nw.col(_GAP)), _ones(inside))
    return Planned(parts, lambda total, n: divide(over(total, _DAY_SECONDS), n - 1))


def _gap_std(events: PlannedEvents, feature: Feature) -> Planned:
    """Sample standard deviation, from exact integers centred on the whole-second mean."""
    inside = events.inside(feature)
    parts = (_sum_of(inside, nw.col(_GAP)), _sum_of(inside, nw.col(_GAP) * nw.col(_GAP)), _ones(inside))

    def centre(total: nw.Expr, _: nw.Expr, n: nw.Expr) -> nw.Expr:
        return total // _gaps(n)

    def variance(total: nw.Expr, squares: nw.Expr, n: nw.Expr, centre: nw.Expr) -> nw.Expr:
        n_gaps = _gaps(n)
        spread = (squares - 2 * centre * total + n_gaps * centre * centre).cast(nw.Float64)
        rest = (total - n_gaps * centre).cast(nw.Float64)
        return divide(spread - rest * rest / n_gaps.cast(nw.Float64), n_gaps - 1)

    def deviation(*parts: nw.Expr) -> nw.Expr:
        variance = parts[-1]
        positive = nw.when(variance > 0).then(variance).otherwise(nw.lit(0.0))
        return nw.when(~variance.is_null()).then(positive.sqrt())

    return Planned(parts, lambda *parts: over(parts[-1], _DAY_SECONDS), steps=(centre, variance, deviation))


def _gaps(n: nw.Expr) -> nw.Expr:
    """How many gaps a spread is measured over; never less than one."""
    return nw.when(n > 2).then(n - 1).otherwise(nw.lit(1, dtype=nw.Int64))


def _weekend(events: PlannedEvents, feature: Feature) -> Planned:
    inside = events.inside(feature)
    weekend = (nw.col(columns.TIME) // DAY + 3) % 7 >= 5
    return Planned((_ones(inside & weekend), _ones(inside)), divide)


def _hour() -> nw.Expr:
    return nw.col(columns.TIME) % DAY // HOUR


def _evening(events: PlannedEvents, feature: Feature) -> Planned:
    inside = events.inside(feature)
    start, end = _EVENING_HOURS
    evening = (_hour() >= start) & (_hour() < end)
    return Planned((_ones(inside & evening), _ones(inside)), divide)


def _hour_mode(events: PlannedEvents, feature: Feature) -> Planned:
    """The hour with most orders, the earliest of several."""
    inside = events.inside(feature)

    def value(*parts: nw.Expr) -> nw.Expr:
        *counts, best = parts
        mode = nw.lit(None, dtype=nw.Float64)
        for hour in reversed(range(_HOURS)):
            mode = nw.when(counts[hour] == best).then(nw.lit(float(hour))).otherwise(mode)
        return nw.when(best > 0).then(mode)

    counts = tuple(_ones(inside & (_hour() == hour)) for hour in range(_HOURS))
    return Planned(counts, value, steps=(nw.max_horizontal,))


ORDERS: Final[dict[str, Callable[[PlannedEvents, Feature], Planned]]] = {
    "order_count": _count,
    "order_recency_days": _recency,
    "second_order_recency_days": _second_recency,
    "order_gap_mean_days": _gap_mean,
    "order_gap_std_days": _gap_std,
    "weekend_order_share": _weekend,
    "evening_order_share": _evening,
    "order_hour_mode": _hour_mode,
}
"""Aggregates over the orders of a user."""
