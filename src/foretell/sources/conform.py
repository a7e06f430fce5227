"""From a shop's columns to canonical columns and types, row by row accounted for.

This module owns the reading of mapped columns shared by all dialects. It refuses to infer a mapping and to
clean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.table import RAW, REASON
from foretell.sources.times import parse_times
from foretell.sources.translation import Column, Translation
from foretell.sources.words import actions, amounts_noted, identifiers, known_share, text

__all__ = ["conform"]

_PROBLEM: Final = "_problem"
_KEYS: Final = (columns.USER_ID, columns.ACTION, columns.ITEM_ID)


def conform(
    frame: pl.DataFrame,
    mapping: Mapping[str, str],
    *,
    zone: str | None = None,
    action: str = columns.PURCHASE,
) -> Translation:
    """Translate ``frame`` by ``mapping`` (canonical -> own); rows with an unreadable cell are set aside.

    An empty cell is not unreadable: it stays null, and ``prepare`` decides about it.

    Args:
        frame: The shop's rows; no cell that is mapped may be nested.
        mapping: From canonical column to the shop's.
        zone: The time zone of moments that name none; None takes UTC and says so.
        action: The action of every row where no column names one, which the caller has to justify.

    Raises:
        SchemaError: If a column's type cannot be what it is mapped to.
    """
    translated: dict[str, pl.Series] = {}
    id_types: dict[str, pl.DataType] = {}
    fits: dict[str, float] = {}
    problems: list[pl.Expr] = []
    time_unit = "unknown"
    notes: tuple[str, ...] = ()
    for canonical, own in mapping.items():
        cells = frame[own]
        if canonical == columns.TIME:
            times = parse_times(cells, zone=zone)
            series, time_unit, notes = times.values, times.unit, (*notes, *times.notes)
            unreadable = series.is_null() & text(cells).is_not_null()
            problems.append(_problem(unreadable, f"The time in {own!r} cannot be read."))
            fits[canonical] = 1 - _share(unreadable)
        elif canonical == columns.RECEIVED_TIME:
            times = parse_times(cells, zone=zone)
            series, notes = times.values, (*notes, *times.notes)
            unreadable = series.is_null() & text(cells).is_not_null()
            problems.append(_problem(unreadable, f"The time in {own!r} cannot be read."))
            fits[canonical] = 1 - _share(unreadable)
        elif canonical in columns.IDENTIFIERS:
            series, id_types[canonical] = identifiers(cells)
        elif canonical in columns.NUMBERS:
            series, note = amounts_noted(cells)
            notes = notes if note is None else (*notes, note)
            problems.append(_problem(series.is_nan(), f"The {canonical} in {own!r} is no number."))
            fits[canonical] = 1 - _share(series.is_nan())
        elif canonical == columns.ACTION:
            series = actions(cells)
            fits[canonical] = 0.5 + known_share(series) / 2
        else:
            series = text(cells)
        if canonical in _KEYS:
            swallowed = series.str.contains("\n", literal=True)
            problems.append(_problem(swallowed, f"A quote that was not closed swallowed lines into {own!r}."))
        translated[canonical] = series.alias(canonical)
    if columns.ACTION not in translated:
        translated[columns.ACTION] = pl.Series([action], dtype=pl.String).new_from_index(0, frame.height)
    result = pl.DataFrame([series.alias(name) for name, series in translated.items()])
    result = result.select(name for name in columns.READABLE if name in result.columns)
    found = {name: Column(own, round(fits.get(name, 1.0), 2)) for name, own in mapping.items()}

    problem = frame.select(pl.coalesce(*problems).alias(_PROBLEM) if problems else pl.lit(None).alias(_PROBLEM))
    is_bad = problem.to_series().is_not_null()
    if not is_bad.any():
        return Translation(result, found, time_unit, id_types, notes=notes)
    rejected = pl.DataFrame([problem.to_series().filter(is_bad).alias(REASON), _raw(frame.filter(is_bad))])
    return Translation(result.filter(~is_bad), found, time_unit, id_types, rejected, notes)


def _problem(mask: pl.Series, reason: str) -> pl.Expr:
    """``reason`` where ``mask`` holds, else null."""
    return pl.when(mask.fill_null(False)).then(pl.lit(reason)).otherwise(pl.lit(None, dtype=pl.String))


def _share(mask: pl.Series) -> float:
    """Of how many cells ``mask`` holds."""
    return float(mask.fill_null(False).sum()) / len(mask) if len(mask) else 0.0


def _raw(frame: pl.DataFrame) -> pl.Series:
    """Each row as one JSON object of text cells."""
    cells = [text(frame[name]).alias(name) for name in frame.columns]
    return pl.DataFrame(cells).select(pl.struct(pl.all()).struct.json_encode().alias(RAW)).to_series()
