"""Moments in any spelling become int64 microseconds UTC.

This module owns the inference of units from magnitude and of formats from text. It refuses to guess a time
zone: what names none is in the declared one, else UTC, and that is stated.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import polars as pl

from foretell.core.errors import SchemaError, UnknownNameError
from foretell.core.time import DAY, HOUR

__all__ = ["Times", "check_zone", "parse_times"]

_UNITS: Final = (
    ("seconds", 1e8, 1e11, 1_000_000),
    ("milliseconds", 1e11, 1e14, 1_000),
    ("microseconds", 1e14, 1e17, 1),
    ("nanoseconds", 1e17, 1e20, -1_000),
)
"""Unit, from, to, factor to microseconds (negative divides). The ranges hold 1973 to 5138 and do not meet."""

_FORMATS: Final = (
    ("ISO 8601", "%Y-%m-%d %H:%M:%S%.f"),
    ("ISO 8601", "%Y-%m-%d %H:%M"),
    ("ISO 8601", "%Y-%m-%d"),
    ("year/month/day", "%Y/%m/%d %H:%M:%S%.f"),
    ("year/month/day", "%Y/%m/%d %H:%M"),
    ("year/month/day", "%Y/%m/%d"),
    ("yyyymmdd", "%Y%m%d"),
    ("day.month.year", "%d.%m.%Y %H:%M:%S%.f"),
    ("day.month.year", "%d.%m.%Y %H:%M"),
    ("day.month.year", "%d.%m.%Y"),
    ("day-month-year", "%d-%b-%Y %H:%M:%S%.f"),
    ("day-month-year", "%d-%b-%Y %H:%M"),
    ("day-month-year", "%d-%b-%Y"),
)
_CLOCKS: Final = (" %H:%M:%S%.f", " %H:%M", "", " %I:%M:%S %p", " %I:%M %p", " %I:%M:%S%p", " %I:%M%p")
"""The time of day behind a date with slashes; the later ones are the twelve-hour clock of spreadsheets."""
_MONTH_FIRST: Final = tuple(("month/day/year", f"%m/%d/%Y{clock}") for clock in _CLOCKS)
_DAY_FIRST: Final = tuple(("day/month/year", f"%d/%m/%Y{clock}") for clock in _CLOCKS)


@dataclass(frozen=True)
class Times:
    """Parsed moments.

    Attributes:
        values: Int64 microseconds UTC; null where the cell is empty or unreadable.
        unit: In which unit or spelling most cells were, in words.
        notes: What was assumed, in plain sentences.
    """

    values: pl.Series
    unit: str
    notes: tuple[str, ...] = ()


def check_zone(zone: str | None) -> str | None:
    """``zone`` if it is a time zone.

    Raises:
        UnknownNameError: If there is no such zone.

    Example:
        >>> check_zone("Asia/Shanghai")
        'Asia/Shanghai'
    """
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            known = [name for name in available_timezones() if "/" in name] or ["UTC"]
            close = difflib.get_close_matches(zone, known, n=1)
            raise UnknownNameError(
                "There is no such time zone.",
                received=repr(zone),
                remedy=f"Did you mean {close[0]!r}?" if close else "Give a name such as 'Europe/Berlin' or 'UTC'.",
            ) from None
    return zone


def parse_times(series: pl.Series, *, zone: str | None = None) -> Times:
    """Read a column of moments.

    Whole and fractional numbers are counted from 1970 in the unit that their median's magnitude tells;
    eight-digit dates such as 20170131 are dates. Text is ISO 8601 or a common spelling of date and time.

    Args:
        series: The cells.
        zone: Where the clocks stood that wrote moments without a zone, for example ``Europe/Berlin``; None takes
            UTC. Counts since 1970 and moments that name their zone do not need it. An hour that a clock showed
            twice is the earlier one; one it skipped is read an hour later.

    Raises:
        SchemaError: If the column's type or magnitude cannot be a time.
        UnknownNameError: If there is no such zone.

    Example:
        >>> parse_times(pl.Series(["2017-01-01T00:00:00+01:00"])).values.to_list()
        [1483225200000000]
        >>> parse_times(pl.Series([1483225200])).unit
        'seconds'
    """
    check_zone(zone)
    kind = series.dtype
    if kind == pl.Null or series.null_count() == len(series):
        return Times(pl.Series(series.name, [None] * len(series), dtype=pl.Int64), "unknown")
    if isinstance(kind, pl.Datetime):
        if kind.time_zone:
            return Times(series.dt.timestamp("us"), "datetime", _needless(zone))
        return Times(_in_zone(series.dt.timestamp("us"), zone), "datetime", (_naive_note(zone),))
    if kind == pl.Date:
        midnights = series.cast(pl.Datetime("us")).dt.timestamp("us")
        return Times(_in_zone(midnights, zone), "date", (_naive_note(zone),))
    if kind.is_numeric():
        return _from_numbers(series, zone)
    if kind in (pl.String, pl.Categorical) or isinstance(kind, pl.Enum):
        return _from_text(series.cast(pl.String), zone)
    raise SchemaError(
        f"The column {series.name!r} cannot be a time.",
        received=f"values of type {kind}",
        remedy="Name the column of times in the mapping, as numbers since 1970 or ISO 8601 text.",
    )


def _naive_note(zone: str | None) -> str:
    return f"Times without a zone are taken as {zone or 'UTC'}."


def _needless(zone: str | None) -> tuple[str, ...]:
    """What to say where a zone was declared for moments that leave no doubt."""
    return (f"The declared zone {zone} was not needed: the times say where they are.",) if zone else ()


def _in_zone(clock: pl.Series, zone: str | None) -> pl.Series:
    """Microseconds UTC of what a clock in ``zone`` showed, itself in microseconds as if it were UTC."""
    if zone is None:
        return clock

    def there(shown: pl.Series) -> pl.Series:
        naive = shown.cast(pl.Datetime("us"))
        return naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.timestamp("us")

    found = there(clock)
    skipped = found.is_null() & clock.is_not_null()
    return found.zip_with(~skipped, there(clock + HOUR)) if skipped.any() else found


def _from_numbers(series: pl.Series, zone: str | None) -> Times:
    if series.dtype.is_float():
        series = series.fill_nan(None)
    if _are_dates(series):
        return _from_text(series.cast(pl.Int64, strict=False).cast(pl.String), zone)
    median = cast(float | None, series.cast(pl.Float64, strict=False).abs().median())
    for unit, low, high, factor in _UNITS:
        if median is not None and low <= median < high:
            scaled = series.cast(pl.Float64 if series.dtype.is_float() else pl.Int64, strict=False)
            # Beyond this a product leaves 64 bits; nobody's event lies 100,000 years away.
            scaled = scaled.set(scaled.abs() > int(9e18) // max(factor, 1), None)
            values = scaled * factor if factor > 0 else scaled // -factor
            whole = values.round(0).cast(pl.Int64, strict=False) if values.dtype.is_float() else values
            return Times(whole, unit, _needless(zone))
    raise SchemaError(
        f"The numbers in {series.name!r} are no times since 1970, in seconds or any smaller unit.",
        received=f"a median of {median}",
        remedy="Export times as ISO 8601 text or as a count since 1970, and name that column in the mapping.",
    )


def _are_dates(series: pl.Series) -> bool:
    """True if every number reads as yyyymmdd between 1970 and 2100."""
    present = series.drop_nulls().cast(pl.Float64, strict=False)
    month, day = present // 100 % 100, present % 100
    in_range = present.is_between(19_700_101, 21_001_231)
    return bool((in_range & month.is_between(1, 12) & day.is_between(1, 31) & (day == day.round(0))).all())


def _from_text(series: pl.Series, zone: str | None) -> Times:
    text = series.str.strip_chars()
    digits = text.str.contains(r"^-?\d{9,}(\.\d+)?$")
    if digits.sum() > len(text) / 2 or (digits.any() and digits.sum() == text.count()):
        whole = not text.str.contains(".", literal=True).any()
        return _from_numbers(text.cast(pl.Int64 if whole else pl.Float64, strict=False), zone)

    text = text.str.replace(r"[Tt](\d\d:)", " ${1}").str.replace(r"\s*(Z|z|UTC|GMT)$", "")
    text = text.str.replace(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d+)", "${1}.${2}")
    offset = text.str.extract(r"\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s*([+-]\d\d(?::?\d\d)?)$")
    base = text.str.replace(r"(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*[+-]\d\d(?::?\d\d)?$", "${1}")
    values = pl.Series(series.name, [None] * len(text), dtype=pl.Int64)
    found: dict[str, int] = {}
    slashed, notes = _slash_order(base)
    for name, form in (*_FORMATS, *slashed):
        missing = values.is_null() & base.is_not_null()
        if not missing.any():
            break
        # A format is tried on a few cells first: each on millions would cost more than everything else.
        waiting = base.filter(missing)
        if (
            len(waiting) == len(base)
            and not _fits_any(waiting.head(1000), form)
            and not _fits_any(waiting.tail(1000), form)
        ):
            continue
        parsed = base.set(~missing, None).str.to_datetime(form, strict=False, time_unit="us").dt.timestamp("us")
        found[name] = found.get(name, 0) + int(parsed.count())
        values = values.zip_with(parsed.is_null(), parsed) if parsed.count() else values
    is_naive = offset.is_null() & ~series.str.contains(r"(Z|z|UTC|GMT)\s*$") & values.is_not_null()
    has_naive = bool(is_naive.any())
    values = values - _offsets(offset)
    if zone is not None and has_naive:
        values = values.zip_with(~is_naive, _in_zone(values.set(~is_naive, None), zone))
    unit = max(found, key=lambda name: found[name]) if any(found.values()) else "unreadable text"
    return Times(values, unit, (*notes, _naive_note(zone)) if has_naive else (*notes, *_needless(zone)))


def _fits_any(text: pl.Series, form: str) -> bool:
    return text.str.to_datetime(form, strict=False, time_unit="us").count() > 0


def _offsets(offset: pl.Series) -> pl.Series:
    """Microseconds that the written offset is ahead of UTC; 0 where none is named."""
    digits = offset.str.replace(":", "", literal=True).str.pad_end(5, "0")
    sign = digits.str.starts_with("-").cast(pl.Int64) * -2 + 1
    hours = digits.str.slice(1, 2).cast(pl.Int64, strict=False)
    minutes = digits.str.slice(3, 2).cast(pl.Int64, strict=False)
    return (sign * (hours * 60 + minutes) * (DAY // 1440)).fill_null(0)


def _slash_order(text: pl.Series) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Whether 1/2/2010 is January or February: decided by all cells together."""
    first = text.str.extract(r"^(\d{1,2})/\d{1,2}/\d{4}").cast(pl.Int64, strict=False)
    second = text.str.extract(r"^\d{1,2}/(\d{1,2})/\d{4}").cast(pl.Int64, strict=False)
    if first.count() == 0:
        return (), ()
    if (first > 12).any():
        return _DAY_FIRST, ()
    if (second > 12).any():
        return _MONTH_FIRST, ()
    return _MONTH_FIRST, ("Dates such as 1/2/2010 could be read either way and were read as month/day/year.",)
