"""Aggregates over the rows of a window: extremes, last value, rhythm, trend, shares and price level.

This module owns their formulas; like ``aggregates``, everything is a whole number until the last division. It
refuses orders (``aggregates``) and counts by value (``spread``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core import columns
from foretell.features.codes import AMOUNT_UNIT, deviation, divide, prefix_sum
from foretell.features.definition import Feature
from foretell.features.ledger import Ledger
from foretell.features.price_levels import LOG

__all__ = [
    "count_share",
    "gap_irregularity",
    "gap_mean_days",
    "gap_std_days",
    "largest",
    "last",
    "mean",
    "price_level",
    "smallest",
    "trend",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_DEFAULT_COLUMN: Final = columns.VALUE


def _window(ledger: Ledger, feature: Feature, column: str | None = None) -> tuple[Integers, Integers, Integers]:
    """The rows that count, and where each point's window begins and ends among them."""
    rows, running = ledger.chosen(feature.actions, only=feature.condition, column=column)
    start, end = ledger.window(feature.window_days, skip_days=feature.skip_days)
    return rows, running[start], running[end]


def mean(ledger: Ledger, feature: Feature) -> Floats:
    """Mean of the column over the rows that have it."""
    column = feature.column or _DEFAULT_COLUMN
    _, start, end = _window(ledger, feature, column)
    total = ledger.total(
        feature.actions,
        window_days=feature.window_days,
        skip_days=feature.skip_days,
        column=column,
        only=feature.condition,
    )
    return divide(total / AMOUNT_UNIT, end - start)


def smallest(ledger: Ledger, feature: Feature) -> Floats:
    """The smallest value of the column."""
    return _extreme(np.minimum, ledger, feature)


def largest(ledger: Ledger, feature: Feature) -> Floats:
    """The largest value of the column."""
    return _extreme(np.maximum, ledger, feature)


def _extreme(choose: np.ufunc, ledger: Ledger, feature: Feature) -> Floats:
    column = feature.column or _DEFAULT_COLUMN
    rows, start, end = _window(ledger, feature, column)
    result = np.full(len(start), np.nan)
    full = np.flatnonzero(end > start)
    # In order of their beginnings, the stretches between windows are passed once at most.
    full = full[np.argsort(start[full], kind="stable")]
    if len(full):
        values = np.append(ledger.amount(column)[rows], 0)
        edges = np.column_stack([start[full], end[full]]).ravel()
        result[full] = choose.reduceat(values, edges)[::2] / AMOUNT_UNIT
    return result


def last(ledger: Ledger, feature: Feature) -> Floats:
    """The latest value of the column; the mean of several at that moment, so that their order does not matter."""
    column = feature.column or _DEFAULT_COLUMN
    rows, start, end = _window(ledger, feature, column)
    if not len(rows):
        return np.full(len(start), np.nan)
    owner, time = ledger.owner[rows], ledger.time[rows]
    new = np.append(True, (owner[1:] != owner[:-1]) | (time[1:] != time[:-1]))
    begun = np.maximum.accumulate(np.where(new, np.arange(len(rows)), 0))
    running = prefix_sum(ledger.amount(column)[rows])
    at = np.where(end > start, end, 1)
    since = begun[at - 1]
    return np.where(end > start, (running[at] - running[since]) / AMOUNT_UNIT / (at - since), np.nan)


def _day_gaps(ledger: Ledger, feature: Feature) -> tuple[Integers, Integers, Integers]:
    """Number, sum and sum of squares of the gaps between the window's days with such events."""
    key = (feature.actions, feature.condition, feature.time_zone)
    return ledger.recall(
        ("gaps", *key, feature.window_days, feature.skip_days), lambda: _gaps_in_window(ledger, feature, key)
    )


def _gaps_in_window(ledger: Ledger, feature: Feature, key: tuple[object, ...]) -> tuple[Integers, Integers, Integers]:
    def days_and_squares() -> tuple[Integers, Integers, Integers]:
        rows, _ = ledger.chosen(feature.actions, only=feature.condition)
        owner, day = ledger.owner[rows], ledger.day(feature.time_zone)[rows]
        new = np.ones(len(rows), dtype=np.bool_)
        new[1:] = (owner[1:] != owner[:-1]) | (day[1:] != day[:-1])
        number = np.append(np.cumsum(new) - 1, 0)
        days = np.append(day[new], 0)
        steps = np.zeros(len(days) - 1, dtype=np.int64)
        steps[1:] = np.diff(days[:-1])
        return number, days, prefix_sum(steps**2)

    number, days, squares = ledger.recall(("days", *key), days_and_squares)
    _, start, end = _window(ledger, feature)
    full = end > start
    first, until = number[np.where(full, start, -1)], number[np.where(full, end - 1, -1)]
    most = len(squares) - 1
    within = squares[np.minimum(until + 1, most)] - squares[np.minimum(first + 1, most)]
    return np.where(full, until - first, 0), np.where(full, days[until] - days[first], 0), within


def gap_mean_days(ledger: Ledger, feature: Feature) -> Floats:
    """Mean number of days from one day with such events to the next."""
    n_gaps, total, _ = _day_gaps(ledger, feature)
    return divide(total, n_gaps)


def gap_std_days(ledger: Ledger, feature: Feature) -> Floats:
    """Sample standard deviation of the days from one day with such events to the next."""
    n_gaps, total, squares = _day_gaps(ledger, feature)
    return deviation(total, squares, n_gaps)


def gap_irregularity(ledger: Ledger, feature: Feature) -> Floats:
    """Deviation of the gaps over their mean: 0 is a clock, 1 is chance, more is bursts.

    References:
        The coefficient of variation; of a memoryless (Poisson) rhythm it is 1, see Platzer and Reutterer (2016),
        Ticking Away the Moments, Marketing Science 35(5).
    """
    n_gaps, total, squares = _day_gaps(ledger, feature)
    return divide(deviation(total, squares, n_gaps), divide(total, n_gaps))


def trend(ledger: Ledger, feature: Feature) -> Floats:
    """(recent - earlier) / (recent + earlier): the window against the one of the same length before it."""
    assert feature.window_days is not None
    recent, earlier = (
        ledger.total(
            feature.actions,
            window_days=feature.window_days,
            skip_days=feature.skip_days + shift,
            column=feature.column,
            only=feature.condition,
        )
        for shift in (0, feature.window_days)
    )
    return divide(recent - earlier, recent + earlier)


def count_share(ledger: Ledger, feature: Feature) -> Floats:
    """Share of the window's events of these actions that meet the condition."""
    meeting, every = (
        ledger.total(feature.actions, window_days=feature.window_days, skip_days=feature.skip_days, only=only)
        for only in (feature.condition, None)
    )
    return divide(meeting, every)


def price_level(ledger: Ledger, feature: Feature) -> Floats:
    """Prices over what such items usually cost at the time (``PriceLevels``): 1 is usual, 2 is twice as dear."""

    def compute() -> tuple[Integers, Integers]:
        level = feature.relative_to
        rows, _ = ledger.chosen(feature.actions, only=feature.condition, column=columns.PRICE)
        code = np.zeros(len(rows), dtype=np.int64) if level == LOG else ledger.code(level)[rows]
        usual = ledger.prices.reference(level, code=code, time=ledger.time[rows])
        paid = np.where(usual > 0, ledger.amount(columns.PRICE)[rows], 0)
        return prefix_sum(paid), prefix_sum(usual)

    _, start, end = _window(ledger, feature, columns.PRICE)
    paid, usual = ledger.recall(("price", feature.actions, feature.condition, feature.relative_to), compute)
    return divide(paid[end] - paid[start], usual[end] - usual[start])
