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
from foretell.sources.counts import day_numbers_refused, from_counts
from foretell.sources.spellings import FORMATS, slash_order, spelled

__all__ = ["Times", "check_zone", "parse_times"]

_COUNT: Final = r"^-?\d{9,}(\.\d+)?$"
_ROUNDED: Final = r"^\d(\.\d+)?[Ee]\+?\d{1,2}$"
"""A count since 1970, and one that a spreadsheet wrote as 1.7E+09."""
_DAY_NUMBER: Final = r"^\d{5}(\.\d+)?$"
_MOST: Final = 0.5
_ROUNDED_NOTE: Final = (
    "Times in {name!r} such as {example} were rounded by a spreadsheet, and moments with them: export all their digits."
)


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
    values, unit, notes = from_counts(series)
    return Times(values, unit, (*notes, *_needless(zone)))


def _are_dates(series: pl.Series) -> bool:
    """True if every number reads as yyyymmdd between 1970 and 2100."""
    present = series.drop_nulls().cast(pl.Float64, strict=False)
    month, day = present // 100 % 100, present % 100
    in_range = present.is_between(19_700_101, 21_001_231)
    return bool((in_range & month.is_between(1, 12) & day.is_between(1, 31) & (day == day.round(0))).all())


def _from_text(series: pl.Series, zone: str | None) -> Times:
    text = series.str.strip_chars()
    counts = text.str.contains(_COUNT) | text.str.contains(_ROUNDED)
    n_counts, n_present = int(counts.sum()), text.count()
    if not n_counts or n_present == 0:
        return _from_words(series, zone)
    rounded = int(text.str.contains(_ROUNDED).sum())
    notes = () if not rounded else (_ROUNDED_NOTE.format(name=series.name, example=_first(text, _ROUNDED)),)
    is_whole = not rounded and not text.filter(counts).str.contains(".", literal=True).any()
    numbers = text.set(~counts, None).cast(pl.Int64 if is_whole else pl.Float64, strict=False)
    if n_counts == n_present:
        counted = _from_numbers(numbers, zone)
        return Times(counted.values, counted.unit, (*notes, *counted.notes))
    try:
        counted = _from_numbers(numbers, None)
    except SchemaError:
        return _from_words(series, zone)
    words = _from_words(series.set(counts, None), zone)
    if words.values.count() == 0:  # the other cells are no times at all
        return Times(counted.values, counted.unit, (*notes, *counted.notes, *_needless(zone)))
    n_words = words.values.count()
    example = _first(text, _COUNT) or _first(text, _ROUNDED)
    mixed = (
        f"Mixed units: in {series.name!r} {n_counts:,} of {n_counts + n_words:,} times are {counted.unit} since 1970 "
        f"(for example {example}), the others {words.unit}; each was read as what it is."
    )
    main = counted if n_counts > n_words else words
    return Times(
        words.values.zip_with(~counts, counted.values), main.unit, (mixed, *notes, *counted.notes, *words.notes)
    )


def _first(text: pl.Series, pattern: str) -> str:
    found = text.filter(text.str.contains(pattern).fill_null(False))
    return str(found[0]) if len(found) else ""


def _from_words(series: pl.Series, zone: str | None) -> Times:
    text = spelled(series)
    is_zulu = text.str.contains(r"(Z|z|UTC|GMT)$")
    text = text.str.replace(r"\s*(Z|z|UTC|GMT)$", "")
    offset = text.str.extract(r"\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s*([+-]\d\d(?::?\d\d)?)$")
    base = text.str.replace(r"(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*[+-]\d\d(?::?\d\d)?$", "${1}")
    values = pl.Series(series.name, [None] * len(text), dtype=pl.Int64)
    found: dict[str, int] = {}
    slashed, notes = slash_order(base)
    for name, form in (*FORMATS, *slashed):
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
    is_naive = offset.is_null() & ~is_zulu & values.is_not_null()
    has_naive = bool(is_naive.any())
    values = values - _offsets(offset)
    if zone is not None and has_naive:
        values = values.zip_with(~is_naive, _in_zone(values.set(~is_naive, None), zone))
    if not values.count() and base.str.contains(_DAY_NUMBER).sum() > _MOST * base.count():
        day_numbers_refused(series.name, cast(float, base.cast(pl.Float64, strict=False).median()))
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
