"""How each aggregate of a declaration is computed, for every point at once.

This module owns the formulas: ``AGGREGATES`` from events, ``COMBINATIONS`` from other features. A value that
is not defined (the mean of nothing) is NaN. It refuses sums of floats: everything is an integer until the
last division, so that one user alone and everyone together give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.features.codes import AMOUNT_UNIT, divide, prefix_sum
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
        category=feature.category,
    ).astype(np.float64)


def _amount(ledger: Ledger, feature: Feature, *, category: str | None = None) -> Integers:
    return ledger.total(
        feature.actions,
        window_days=feature.window_days,
        skip_days=feature.skip_days,
        column=feature.column or columns.VALUE,
        category=category,
    )


def _sum(ledger: Ledger, feature: Feature) -> Floats:
    return _amount(ledger, feature, category=feature.category) / AMOUNT_UNIT


def _mean(ledger: Ledger, feature: Feature) -> Floats:
    assert feature.column is not None
    present = prefix_sum(ledger.mask(feature.actions) & ledger.events[feature.column].is_not_null().to_numpy())
    start, end = ledger.window(feature.window_days, skip_days=feature.skip_days)
    return divide(_amount(ledger, feature) / AMOUNT_UNIT, present[end] - present[start])


def _value_share(ledger: Ledger, feature: Feature) -> Floats:
    return divide(_amount(ledger, feature, category=feature.category), _amount(ledger, feature))


def _distinct(ledger: Ledger, feature: Feature) -> Floats:
    column = feature.column or columns.ITEM_ID
    return ledger.distinct(feature.actions, column=column, window_days=feature.window_days).astype(np.float64)


def _active_days(ledger: Ledger, feature: Feature) -> Floats:
    start, end = ledger.window(feature.window_days)
    running = ledger.prefix(feature.actions)
    day = ledger.day[ledger.mask(feature.actions)]
    # Rows of two users that meet on one day are no matter: the window's first row always begins a day.
    begun = np.append(prefix_sum(np.diff(day, prepend=-1) != 0), 0)
    first, last = running[start], running[end]
    return np.where(last > first, begun[last] - begun[first + 1] + 1, 0).astype(np.float64)


def _recency(ledger: Ledger, feature: Feature) -> Floats:
    start, end = ledger.window(None)
    running = ledger.prefix(feature.actions)
    times = ledger.time[ledger.mask(feature.actions)]
    return _age_days(ledger, times, index=running[end] - 1, first=running[start])


def _tenure(ledger: Ledger, feature: Feature) -> Floats:
    start, end = ledger.window(None)
    running = ledger.prefix(feature.actions)
    times = ledger.time[ledger.mask(feature.actions)]
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
    n_gaps = np.maximum(end - start - 1, 1)
    centre = total // n_gaps
    spread = squares - 2 * centre * total + n_gaps * centre * centre
    rest = (total - n_gaps * centre).astype(np.float64)
    variance = divide(spread - rest * rest / n_gaps, n_gaps - 1)
    return np.sqrt(np.maximum(variance, 0.0)) / _DAY_SECONDS


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
    "mean": _mean,
    "value_share": _value_share,
    "distinct": _distinct,
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


COMBINATIONS: Final[dict[str, Callable[[Sequence[Floats]], Floats]]] = {
    "ratio": lambda parts: divide(parts[0], parts[1]),
    "share": _share,
    "contrast": _contrast,
    "difference": lambda parts: parts[0] - parts[1],
}
"""From two features a, b: a/b, a/(a+b), (a-b)/(a+b), a-b; NaN where the denominator is not positive."""
