"""The calendar as numbers: time of year, days of the month, holidays.

This module owns dates that matter to a shop, computed and not looked up. It refuses time zones: days are UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.time import DAY

__all__ = [
    "HOLIDAYS",
    "days_to_christmas",
    "easter",
    "holiday_days",
    "month_day",
    "thanksgiving",
    "year_phase",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_THURSDAY: Final = 3
# One table for all points: a library's vectorised and scalar sines may differ in the last bit.
_PHASES: Final = tuple(2.0 * np.pi * day / 366.0 for day in range(366))
_SINE: Final = np.array([float(np.sin(phase)) for phase in _PHASES])
_COSINE: Final = np.array([float(np.cos(phase)) for phase in _PHASES])


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar.

    Example:
        >>> easter(2017).isoformat()
        '2017-04-16'

    References:
        "Anonymous" algorithm, Nature 13 (1876), p. 487; Meeus, Astronomical Algorithms (1991), ch. 8.
    """
    golden, century, of_century = year % 19, year // 100, year % 100
    correction = (8 * century + 13) // 25
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def thanksgiving(year: int) -> date:
    """The fourth Thursday of November (United States).

    Example:
        >>> thanksgiving(2017).isoformat()
        '2017-11-23'
    """
    first = date(year, 11, 1)
    return first + timedelta(days=(_THURSDAY - first.weekday()) % 7 + 21)


HOLIDAYS: Final[dict[str, Callable[[int], date]]] = {
    "new_year": lambda year: date(year, 1, 1),
    "easter": easter,
    "thanksgiving": thanksgiving,
    "christmas": lambda year: date(year, 12, 25),
}
"""Holidays whose weeks differ, by name: each gives the date in a year."""


@cache
def _day_of(name: str, year: int) -> int:
    return (HOLIDAYS[name](year) - date(1970, 1, 1)).days


def _calendar(moment: Integers) -> tuple[Integers, Integers, Integers]:
    """UTC day, day of the year (0-based) and year of each moment."""
    days = moment // DAY
    years = days.astype("datetime64[D]").astype("datetime64[Y]")
    day_of_year = days - years.astype("datetime64[D]").astype(np.int64)
    return days, day_of_year, years.astype(np.int64) + 1970


def year_phase(moment: Integers) -> tuple[Floats, Floats]:
    """Sine and cosine of the day of the year, which makes 31 December and 1 January neighbours.

    Example:
        >>> [round(float(part[0]), 3) for part in year_phase(np.array([0]))]
        [0.0, 1.0]
    """
    _, day_of_year, _ = _calendar(moment)
    return _SINE[day_of_year], _COSINE[day_of_year]


def days_to_christmas(moment: Integers) -> Floats:
    """Days until the next 25 December (0 on the day).

    Example:
        >>> days_to_christmas(np.array([0])).tolist()
        [358.0]
    """
    return (holiday_days("christmas", moment=moment) - moment // DAY).astype(np.float64)


def month_day(moment: Integers) -> Floats:
    """The day of the month, 1 to 31.

    Example:
        >>> month_day(np.array([0])).tolist()
        [1.0]
    """
    days = moment // DAY
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    return (days - months.astype("datetime64[D]").astype(np.int64) + 1).astype(np.float64)


def holiday_days(name: str, *, moment: Integers) -> Integers:
    """The UTC day (since 1970) of the first such holiday on or after each moment's day.

    Example:
        >>> holiday_days("easter", moment=np.array([0])).astype("datetime64[D]").astype(str).tolist()
        ['1970-03-29']
    """
    days, _, years = _calendar(moment)
    distinct, inverse = np.unique(years, return_inverse=True)
    this_year = np.array([_day_of(name, int(year)) for year in distinct], dtype=np.int64)[inverse]
    next_year = np.array([_day_of(name, int(year) + 1) for year in distinct], dtype=np.int64)[inverse]
    return np.where(this_year >= days, this_year, next_year)
