"""The spellings of dates and times in words and signs, and what is done to cells before they are tried.

This module owns the formats and their order. It refuses zones, except for the few that mail names by letters.
"""

from __future__ import annotations

from typing import Final

import polars as pl

__all__ = ["FORMATS", "slash_order", "spelled"]

_CLOCKS: Final = (" %H:%M:%S%.f", " %H:%M", "", " %I:%M:%S %p", " %I:%M %p", " %I:%M:%S%p", " %I:%M%p")
"""The time of day behind a date; the later ones are the twelve-hour clock of spreadsheets."""


def _with_clocks(unit: str, date: str) -> tuple[tuple[str, str], ...]:
    return tuple((unit, date + clock) for clock in _CLOCKS)


FORMATS: Final = (
    *_with_clocks("ISO 8601", "%Y-%m-%d"),
    *_with_clocks("year/month/day", "%Y/%m/%d"),
    ("yyyymmdd", "%Y%m%d"),
    *_with_clocks("day.month.year", "%d.%m.%Y"),
    *_with_clocks("day-month-year", "%d-%B-%Y"),
    *_with_clocks("day month year", "%d %B %Y"),
    *_with_clocks("month day, year", "%B %d, %Y"),
)
"""Unit as it is shown, and format; names of months may be short or long."""
_MONTH_FIRST: Final = _with_clocks("month/day/year", "%m/%d/%Y")
_DAY_FIRST: Final = _with_clocks("day/month/year", "%d/%m/%Y")

_WEEKDAY: Final = r"^(?i:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?i:day)?,?\s+"
_NAMED_ZONES: Final = {
    "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500", "MST": "-0700", "MDT": "-0600", "PST": "-0800",
    "PDT": "-0700", "UT": "Z",
}  # fmt: skip
"""The zones that RFC 822 names; other letters mean different zones to different people."""


def spelled(series: pl.Series) -> pl.Series:
    """Cells as the formats expect them: no weekday, no T, zones as numbers, years in four digits.

    Example:
        >>> spelled(pl.Series(["Thu, 02 Jan 25 21:05:00 EST", "2025-01-02T21:05:00Z"])).to_list()
        ['02 Jan 2025 21:05:00 -0500', '2025-01-02 21:05:00Z']
    """
    text = series.str.strip_chars()
    text = text.str.replace(r"[Tt](\d\d:)", " ${1}").str.replace(_WEEKDAY, "")
    text = text.str.replace(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d+)", "${1}.${2}")
    # RFC 822 wrote years in two digits; a shop's log is of this century.
    text = text.str.replace(r"^(\d{1,2} [A-Za-z]{3}) (\d\d)( |$)", "${1} 20${2}${3}")
    if text.str.contains(r"\d [A-Z]{2,3}$").any():
        for name, offset in _NAMED_ZONES.items():
            text = text.str.replace(rf"(\d) {name}$", f"${{1}} {offset}")
    return text


def slash_order(text: pl.Series) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Whether 1/2/2010 is January or February, decided by all cells together: the formats, and a note on a doubt."""
    first = text.str.extract(r"^(\d{1,2})/\d{1,2}/\d{4}").cast(pl.Int64, strict=False)
    second = text.str.extract(r"^\d{1,2}/(\d{1,2})/\d{4}").cast(pl.Int64, strict=False)
    if first.count() == 0:
        return (), ()
    if (first > 12).any():
        return _DAY_FIRST, ()
    if (second > 12).any():
        return _MONTH_FIRST, ()
    return _MONTH_FIRST, ("Dates such as 1/2/2010 could be read either way and were read as month/day/year.",)
