"""Counts since 1970 become microseconds, each by its own magnitude.

This module owns units and the note where a column mixes them. It refuses numbers whose magnitude fits no unit.
"""

from __future__ import annotations

from typing import Final, cast

import polars as pl

from foretell.core.errors import SchemaError

__all__ = ["day_numbers_refused", "from_counts"]

_UNITS: Final = (
    ("seconds", 1e8, 1e11, 1_000_000),
    ("milliseconds", 1e11, 1e14, 1_000),
    ("microseconds", 1e14, 1e17, 1),
    ("nanoseconds", 1e17, 1e20, -1_000),
)
"""Unit, from, to, factor to microseconds (negative divides). The ranges hold 1973 to 5138 and do not meet."""
_FROM, _TO = 631_152_000_000_000, 4_102_444_800_000_000
"""1990 and 2100: a count that lands there in its own unit is of that unit, whatever the column's other rows are."""
_DAY_NUMBERS: Final = (20_000, 80_000)
"""Spreadsheets count days from 1900; these are 1954 to 2119."""


def from_counts(series: pl.Series) -> tuple[pl.Series, str, tuple[str, ...]]:
    """Microseconds, the unit of most cells, and a note where others are in another.

    A row in another unit than most is read in its own where that gives a moment between 1990 and 2100: in the column's
    unit it would lie thousands of years away. Elsewhere the column's unit stands.

    Raises:
        SchemaError: If the median's magnitude fits no unit.

    Example:
        >>> from_counts(pl.Series([1_700_000_000, 1_700_000_001, 1_700_000_002_000]))[0].to_list()
        [1700000000000000, 1700000001000000, 1700000002000000]
    """
    size = series.cast(pl.Float64, strict=False).abs()
    median = cast(float | None, size.median())
    main = next((unit for unit, low, high, _ in _UNITS if median is not None and low <= median < high), None)
    if main is None:
        day_numbers_refused(series.name, median)
        raise SchemaError(
            f"The numbers in {series.name!r} are no times since 1970, in seconds or any smaller unit.",
            received=f"a median of {median}",
            remedy="Export times as ISO 8601 text or as a count since 1970, and name that column in the mapping.",
        )
    factors = {unit: factor for unit, _, _, factor in _UNITS}
    values = _in_unit(series, factors[main])
    notes = []
    for unit, low, high, factor in _UNITS:
        is_of_unit = ((size >= low) & (size < high)).fill_null(False) if unit != main else None
        if is_of_unit is None or not is_of_unit.any():
            continue
        own = _in_unit(series, factor)
        is_certain = is_of_unit & own.is_between(_FROM, _TO).fill_null(False)
        if is_certain.any():
            values = values.zip_with(~is_certain, own)
            notes.append(_note(series, is_certain, unit=unit, main=main))
    return values, main, tuple(notes)


def day_numbers_refused(name: str, median: float | None) -> None:
    """Go on unless the numbers are the days that spreadsheets count.

    Raises:
        SchemaError: If they are.
    """
    low, high = _DAY_NUMBERS
    if median is not None and low <= median < high:
        raise SchemaError(
            f"The numbers in {name!r} look like a spreadsheet's day numbers (45292 is 2024-01-01).",
            received=f"a median of {median:g}",
            remedy="Format that column as yyyy-mm-dd hh:mm:ss in the spreadsheet, and export it again.",
        )


def _in_unit(series: pl.Series, factor: int) -> pl.Series:
    scaled = series.cast(pl.Float64 if series.dtype.is_float() else pl.Int64, strict=False)
    # Beyond this a product leaves 64 bits; nobody's event lies 100,000 years away.
    scaled = scaled.set(scaled.abs() > int(9e18) // max(factor, 1), None)
    values = scaled * factor if factor > 0 else scaled // -factor
    return values.round(0).cast(pl.Int64, strict=False) if values.dtype.is_float() else values


def _note(series: pl.Series, mask: pl.Series, *, unit: str, main: str) -> str:
    n_rows = int(mask.sum())
    example = series.filter(mask)[0]
    rows = "1 row counts" if n_rows == 1 else f"{n_rows:,} rows count"
    return (
        f"Mixed units: {rows} {unit} in {series.name!r}, where most count {main} (for example {example:.0f}); each was "
        "read in its own unit. If that is wrong, export the column in one unit."
    )
