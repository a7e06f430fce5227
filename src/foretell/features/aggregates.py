"""How each aggregate of a declaration is computed, for every point at once.

This module owns the formulas over orders and the registers: ``AGGREGATES`` from events, ``COMBINATIONS`` from
other features. A value that is not defined (the mean of nothing) is NaN. It refuses sums of floats: everything is
an integer until the last division, so that one user alone and everyone together give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.features import row_aggregates, spread
from foretell.features.codes import AMOUNT_UNIT, deviation, divide, prefix_sum
from foretell.features.conditions import Condition
from foretell.features.definition import Feature
from foretell.features.ledger import Ledger
from foretell.features.moments import days_to_christmas, month_day, year_phase
from foretell.features.timeline import elapsed_days

__all__ = ["AGGREGATES", "COMBINATIONS"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_DAY_SECONDS: Final = 86_400
_EVENING_HOURS: Final = (18, 23)


def _count(ledger: Ledger, feature: Feature) -> Floats:
    return ledger.total(
        feature.actions,
        window_days=feature.window_days,
        skip_days=feature.skip_days,
        only=feature.condition,
    ).astype(np.float64)


def _amount(ledger: Ledger, feature: Feature, *, only: Condition | None = None) -> Integers:
    return ledger.total(
        feature.actions,
        window_days=feature.window_days,
        skip_days=feature.skip_days,
        column=feature.column or columns.VALUE,
        only=only,
    )


def _sum(ledger: Ledger, feature: Feature) -> Floats:
    return _amount(ledger, feature, only=feature.condition) / AMOUNT_UNIT


def _value_share(ledger: Ledger, feature: Feature) -> Floats:
    return divide(_amount(ledger, feature, only=feature.condition), _amount(ledger, feature))


def _distinct(ledger: Ledger, feature: Feature) -> Floats:
    column = feature.column or columns.ITEM_ID
    found = ledger.distinct(feature.actions, column=column, window_days=feature.window_days, only=feature.condition)
    return found.astype(np.float64)


def _active_days(ledger: Ledger, feature: Feature) -> Floats:
    start, end = ledger.window(feature.window_days, skip_days=feature.skip_days)
    running = ledger.prefix(feature.actions, only=feature.condition)
    day = ledger.day(feature.time_zone)[ledger.mask(feature.actions, only=feature.condition)]
    # Rows of two users that meet on one day are no matter: the window's first row always begins a day.
    begun = np.append(prefix_sum(np.diff(day, prepend=-1) != 0), 0)
    first, last = running[start], running[end]
    return np.where(last > first, begun[last] - begun[first + 1] + 1, 0).astype(np.float64)


def _recency(ledger: Ledger, feature: Feature) -> Floats:
    start, end = ledger.window(None)
    running = ledger.prefix(feature.actions, only=feature.condition)
    times = ledger.time[ledger.mask(feature.actions, only=feature.condition)]
    return _age_days(ledger, times, index=running[end] - 1, first=running[start])


def _tenure(ledger: Ledger, feature: Feature) -> Floats:
    start, end = ledger.window(None)
    running = ledger.prefix(feature.actions, only=feature.condition)
    times = ledger.time[ledger.mask(feature.actions, only=feature.condition)]
    index = np.where(running[end] > running[start], running[start], -1)
    return _age_days(ledger, times, index=index, first=running[start])


def _age_days(ledger: Ledger, times: Integers, *, index: Integers, first: Integers) -> Floats:
    """Days from ``times[index]`` to the cutoff, NaN where ``index`` lies before ``first``."""
    present = index >= first
    then = np.append(times, 0)[np.where(present, index, -1)]
    return np.where(present, elapsed_days(ledger.cutoff - then), np.nan)


def _order_window(ledger: Ledger, feature: Feature) -> tuple[Integers, Integers]:
    orders, owner = ledger.orders, ledger.point_owner
    end = orders.line.position(owner, tick=orders.line.tick(ledger.cutoff))
    if feature.window_days is None:
        return orders.line.starts[owner], end
    from_moment = ledger.cutoff - feature.window_days * DAY
    return orders.line.position(owner, tick=orders.line.tick(from_moment)), end


def _order_count(ledger: Ledger, feature: Feature) -> Floats:
    start, end = _order_window(ledger, feature)
    return (end - start).astype(np.float64)


def _order_recency(ledger: Ledger, feature: Feature) -> Floats:
    start, end = _order_window(ledger, feature)
    return _age_days(ledger, ledger.orders.time, index=end - 1, first=start)


def _second_order_recency(ledger: Ledger, feature: Feature) -> Floats:
    start, end = _order_window(ledger, feature)
    return _age_days(ledger, ledger.orders.time, index=end - 2, first=start)


def _order_gap_mean(ledger: Ledger, feature: Feature) -> Floats:
    start, end = _order_window(ledger, feature)
    total, _ = ledger.orders.gap_sums
    return divide((total[end] - total[start]) / _DAY_SECONDS, end - start - 1)


def _order_gap_std(ledger: Ledger, feature: Feature) -> Floats:
    """Sample standard deviation, from exact integers centred on the whole-second mean."""
    start, end = _order_window(ledger, feature)
    total, squares = (sums[end] - sums[start] for sums in ledger.orders.gap_sums)
    return deviation(total, squares, end - start - 1) / _DAY_SECONDS


def _weekend_order_share(ledger: Ledger, feature: Feature) -> Floats:
    start, end = _order_window(ledger, feature)
    return divide(ledger.orders.weekend[end] - ledger.orders.weekend[start], end - start)


def _evening_order_share(ledger: Ledger, feature: Feature) -> Floats:
    start, end = _order_window(ledger, feature)
    by_hour = ledger.orders.hours[end] - ledger.orders.hours[start]
    return divide(by_hour[:, slice(*_EVENING_HOURS)].sum(axis=1), end - start)


def _order_hour_mode(ledger: Ledger, feature: Feature) -> Floats:
    start, end = _order_window(ledger, feature)
    by_hour = ledger.orders.hours[end] - ledger.orders.hours[start]
    return np.where(end > start, by_hour.argmax(axis=1), np.nan)


AGGREGATES: Final[dict[str, Callable[[Ledger, Feature], Floats]]] = {
    "count": _count,
    "sum": _sum,
    "mean": row_aggregates.mean,
    "min": row_aggregates.smallest,
    "max": row_aggregates.largest,
    "last": row_aggregates.last,
    "trend": row_aggregates.trend,
    "count_share": row_aggregates.count_share,
    "value_share": _value_share,
    "distinct": _distinct,
    "entropy_bits": spread.entropy_bits,
    "top_share": spread.top_share,
    "price_level": row_aggregates.price_level,
    "gap_mean_days": row_aggregates.gap_mean_days,
    "gap_std_days": row_aggregates.gap_std_days,
    "gap_irregularity": row_aggregates.gap_irregularity,
    "active_days": _active_days,
    "recency_days": _recency,
    "tenure_days": _tenure,
    "order_count": _order_count,
    "order_recency_days": _order_recency,
    "second_order_recency_days": _second_order_recency,
    "order_gap_mean_days": _order_gap_mean,
    "order_gap_std_days": _order_gap_std,
    "weekend_order_share": _weekend_order_share,
    "evening_order_share": _evening_order_share,
    "order_hour_mode": _order_hour_mode,
    "year_sine": lambda ledger, _: year_phase(ledger.cutoff)[0],
    "year_cosine": lambda ledger, _: year_phase(ledger.cutoff)[1],
    "days_to_christmas": lambda ledger, _: days_to_christmas(ledger.cutoff),
    "month_day": lambda ledger, _: month_day(ledger.cutoff),
}
"""From events: each takes the ledger and the declaration, and gives one number a point."""


def _share(parts: Sequence[Floats]) -> Floats:
    return divide(parts[0], parts[0] + parts[1])


def _contrast(parts: Sequence[Floats]) -> Floats:
    return divide(parts[0] - parts[1], parts[0] + parts[1])


def _log_ratio(parts: Sequence[Floats]) -> Floats:
    """Logarithms one by one: a library's vectorised and scalar ones may differ in the last bit."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((parts[0] > -1) & (parts[1] > -1), (1 + parts[0]) / (1 + parts[1]), np.nan)
    return np.array([math.log(value) for value in ratio.tolist()], dtype=np.float64)


COMBINATIONS: Final[dict[str, Callable[[Sequence[Floats]], Floats]]] = {
    "ratio": lambda parts: divide(parts[0], parts[1]),
    "share": _share,
    "contrast": _contrast,
    "difference": lambda parts: parts[0] - parts[1],
    "product": lambda parts: parts[0] * parts[1],
    "total": lambda parts: parts[0] + parts[1],
    "log_ratio": _log_ratio,
}
"""From two features a, b: a/b, a/(a+b), (a-b)/(a+b), a-b, ab, a+b, log((1+a)/(1+b)); NaN where not defined."""
